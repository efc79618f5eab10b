/** `heddle evaluations`: what was said of runs, by evaluators and by people. */
import type { Command } from 'commander';
import type { Evaluation, EvaluationTotals } from '../../client/index.ts';
import { refuseField } from '../../domain/field.ts';
import { apiCommand, withJsonFlags, type ApiFlags } from '../api/api-flags.ts';
import { printList, printOne, tableOf } from '../api/printed.ts';
import { withClient } from '../api/with-client.ts';
import type { Streams } from '../streams.ts';
import { wholeOf } from '../whole.ts';

type Filter = { readonly agent?: string; readonly version?: string };
type ListFlags = ApiFlags & Filter & { readonly limit?: string };

export function addEvaluationsCommand(program: Command, streams: Streams): void {
  const command = apiCommand(program, 'evaluations [id]')
    .description('list the evaluations of a run, or those of all runs, newest first')
    .option('--agent <name>', 'only of runs of this agent')
    .option('--of-version <version>', 'only of this version; beside --agent')
    .option('--totals', 'count them by agent and version instead')
    .option('--limit <n>', 'how many at most, 1 to 1000 (default: 100)');
  withJsonFlags(command, 'the evaluations').action(
    async (
      id: string | undefined,
      flags: ListFlags & { readonly ofVersion?: string; readonly totals?: boolean },
    ) => {
      const { agent, ofVersion } = flags;
      const filter = {
        ...(agent === undefined ? {} : { agent }),
        ...(ofVersion === undefined ? {} : { version: ofVersion }),
      };
      if (flags.totals === true) {
        const found = await withClient(flags, (client) => client.evaluations.totals(filter));
        const none = 'Nothing was evaluated.';
        printList(streams, flags, found.totals, { text: totalsTable, none });
        return;
      }
      const limit = wholeOf(flags.limit ?? '100', 'limit', { min: 1, max: 1_000 });
      const query = { ...filter, limit, ...(id === undefined ? {} : { runId: id }) };
      const items = await withClient(flags, async (client) => {
        const found = await client.evaluations.list(query);
        // A run that is not there is no run without evaluations.
        if (id !== undefined && found.items.length === 0) await client.runs.get(id);
        return found.items;
      });
      printList(streams, flags, items, { text: evaluationTable, none: 'It was not evaluated.' });
    },
  );
  const submit = apiCommand(program, 'evaluate <id> <score> <rationale>').description(
    'give a run an evaluation: a score from 0 to 1, and why',
  );
  withJsonFlags(submit, 'its id').action(
    async (...given: readonly [string, string, string, ApiFlags]) => {
      const [id, text, rationale, flags] = given;
      const score = text.trim() === '' ? Number.NaN : Number(text);
      if (!(score >= 0 && score <= 1)) refuseField('score', 'must be a number from 0 to 1');
      const made = await withClient(flags, (client) =>
        client.evaluations.submit(id, { score, rationale }),
      );
      printOne(streams, flags, made, ({ evaluationId }) => evaluationId);
    },
  );
}

function evaluationTable(list: readonly Evaluation[]): string {
  return tableOf(
    ['score', 'run', 'agent', 'by', 'rationale'],
    list.map(({ score, subjectRunId, agent, evaluatorRunId, by, rationale }) => {
      return [score, subjectRunId, agent ?? '', by ?? evaluatorRunId ?? '', rationale];
    }),
  );
}

function totalsTable(list: readonly EvaluationTotals[]): string {
  return tableOf(
    ['agent', 'version', 'count', 'mean', 'least', 'median', 'greatest'],
    list.map(({ agent, version, count, mean, min, max, quartiles }) => {
      const scores = [mean, min, quartiles[1] ?? mean, max].map((one) => one.toFixed(2));
      return [agent, version, count, ...scores];
    }),
  );
}
