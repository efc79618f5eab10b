/** `heddle runs`: a list of runs. */
import type { Command } from 'commander';
import type { ListedRun } from '../../client/index.ts';
import { apiCommand, withJsonFlags, type ApiFlags } from '../api/api-flags.ts';
import { printList, printOne } from '../api/printed.ts';
import { withClient } from '../api/with-client.ts';
import type { Streams } from '../streams.ts';
import { wholeOf } from '../whole.ts';
import { filterOf, withFilterFlags, type FilterFlags } from './filter-flags.ts';
import { facetText, runTable } from './run-text.ts';

type ListFlags = ApiFlags &
  FilterFlags & { readonly limit?: string; readonly oldest?: boolean; readonly count?: boolean };

export function addListCommand(program: Command, streams: Streams): void {
  const command = withFilterFlags(apiCommand(program, 'runs'))
    .description('list runs, newest first; those that a time of the end means by their ends')
    .option('--oldest', 'oldest first')
    .option('--count', 'count them instead, by status, agent, user and error')
    .option('--limit <n>', 'how many at most, 1 to 100000 (default: 20)');
  withJsonFlags(command, 'the runs').action(async (flags: ListFlags) => {
    if (flags.count === true) {
      const facets = await withClient(flags, ({ runs }) => runs.facets(filterOf(flags)));
      printOne(streams, flags, facets, facetText);
      return;
    }
    const limit = wholeOf(flags.limit ?? '20', 'limit', { min: 1, max: 100_000 });
    const order = flags.oldest === true ? 'oldest' : 'newest';
    const query = { ...filterOf(flags), order, limit: Math.min(limit, 1_000) } as const;
    const runs = await withClient(flags, async (client) => {
      const found: ListedRun[] = [];
      for await (const run of client.runs.listAll(query)) {
        found.push(run);
        if (found.length === limit) break;
      }
      return found;
    });
    printList(streams, flags, runs, { text: runTable, none: 'No such run.' });
  });
}
