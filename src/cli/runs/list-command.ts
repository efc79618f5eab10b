/** `heddle runs`: a list of runs. */
import type { Command } from 'commander';
import type { Run, RunsQuery, RunStatus } from '../../client/index.ts';
import { asOneOf } from '../../domain/field.ts';
import { runStatuses } from '../../library/runs-query.ts';
import { apiCommand, withJsonFlags, type ApiFlags } from '../api/api-flags.ts';
import { printList } from '../api/printed.ts';
import { withClient } from '../api/with-client.ts';
import type { Streams } from '../streams.ts';
import { wholeOf } from '../whole.ts';
import { runTable } from './run-text.ts';

export type FilterFlags = {
  readonly status?: string;
  readonly agent?: string;
  readonly pipeline?: string;
};

export function withFilterFlags(command: Command): Command {
  return command
    .option('--status <list>', 'only with one of these statuses, as in failed,stalled')
    .option('--agent <name>', 'only of this agent')
    .option('--pipeline <name>', 'only of this pipeline');
}

export function filterOf({ status, agent, pipeline }: FilterFlags): RunsQuery {
  const asked = status
    ?.split(',')
    .map((one): RunStatus => asOneOf(one.trim(), 'status', runStatuses));
  return {
    ...(asked === undefined ? {} : { status: asked }),
    ...(agent === undefined ? {} : { agent }),
    ...(pipeline === undefined ? {} : { pipeline }),
  };
}

type ListFlags = ApiFlags & FilterFlags & { readonly limit?: string };

export function addListCommand(program: Command, streams: Streams): void {
  const command = withFilterFlags(apiCommand(program, 'runs'))
    .description('list runs, newest first')
    .option('--limit <n>', 'how many at most, 1 to 100000 (default: 20)');
  withJsonFlags(command, 'the runs').action(async (flags: ListFlags) => {
    const limit = wholeOf(flags.limit ?? '20', 'limit', { min: 1, max: 100_000 });
    const query = { ...filterOf(flags), limit: Math.min(limit, 1_000) };
    const runs = await withClient(flags, async (client) => {
      const found: Run[] = [];
      for await (const run of client.runs.listAll(query)) {
        found.push(run);
        if (found.length === limit) break;
      }
      return found;
    });
    printList(streams, flags, runs, { text: runTable, none: 'No such run.' });
  });
}
