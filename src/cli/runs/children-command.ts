/** `heddle children`: the runs below a run, as a tree. */
import type { Command } from 'commander';
import type { ChildRun, RunChildren } from '../../client/index.ts';
import { apiCommand, withJsonFlags, type ApiFlags } from '../api/api-flags.ts';
import { printList } from '../api/printed.ts';
import { withClient } from '../api/with-client.ts';
import { writerTo, type Streams } from '../streams.ts';
import { wholeOf } from '../whole.ts';

type ChildrenFlags = ApiFlags & { readonly depth?: string; readonly limit?: string };

export function addChildrenCommand(program: Command, streams: Streams): void {
  const command = apiCommand(program, 'children <id>')
    .description('show the runs that a run has started, and those that these have started')
    .option('--depth <n>', 'generations below it, 1 to 16 (default: 4)')
    .option('--limit <n>', 'how many runs at most, 1 to 1000 (default: 200)');
  withJsonFlags(command, 'the runs').action(async (id: string, flags: ChildrenFlags) => {
    const query = {
      depth: wholeOf(flags.depth ?? '4', 'depth', { min: 1, max: 16 }),
      limit: wholeOf(flags.limit ?? '200', 'limit', { min: 1, max: 1_000 }),
    };
    const { runs, isCut } = await withClient<RunChildren>(flags, (client) =>
      client.runs.children(id, query),
    );
    printList(streams, flags, runs, {
      text: (all) => treeText(id, all),
      none: 'It has started no run.',
    });
    if (isCut) writerTo(streams.stderr)('There are more: give --depth or --limit.');
  });
}

/** Each run under its parent. A run whose parent is not among them stands at the root. */
function treeText(root: string, runs: readonly ChildRun[]): string {
  const below = new Map<string, ChildRun[]>();
  for (const run of runs) {
    const parent = run.parentRunId ?? root;
    below.set(parent, [...(below.get(parent) ?? []), run]);
  }
  const lines = (parent: string, before: string): string[] => {
    const children = below.get(parent) ?? [];
    return children.flatMap((run, at) => {
      const isLast = at === children.length - 1;
      const line = `${before}${isLast ? '└─' : '├─'} ${run.id}  ${run.agent}  ${run.status}`;
      return [line, ...lines(run.id, before + (isLast ? '   ' : '│  '))];
    });
  };
  return [root, ...lines(root, '')].join('\n');
}
