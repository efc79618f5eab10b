/** `heddle evaluations`: what evaluators have said of a run. */
import type { Command } from 'commander';
import type { Evaluation } from '../../client/index.ts';
import { apiCommand, withJsonFlags, type ApiFlags } from '../api/api-flags.ts';
import { printList, tableOf } from '../api/printed.ts';
import { withClient } from '../api/with-client.ts';
import type { Streams } from '../streams.ts';

export function addEvaluationsCommand(program: Command, streams: Streams): void {
  const command = apiCommand(program, 'evaluations <id>').description(
    'list the evaluations that a run was given',
  );
  withJsonFlags(command, 'the evaluations').action(async (id: string, flags: ApiFlags) => {
    const found = await withClient(flags, ({ runs }) => runs.evaluations(id));
    printList(streams, flags, found, { text: evaluationTable, none: 'It was not evaluated.' });
  });
}

function evaluationTable(list: readonly Evaluation[]): string {
  return tableOf(
    ['score', 'by run', 'rationale'],
    list.map(({ score, evaluatorRunId, rationale }) => [score, evaluatorRunId, rationale]),
  );
}
