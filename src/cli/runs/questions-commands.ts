/** Lists the questions that runs ask people, and answers them. */
import type { Command } from 'commander';
import type { Question, QuestionsQuery } from '../../client/index.ts';
import { refuseField } from '../../domain/field.ts';
import type { Json } from '../../domain/json.ts';
import { apiCommand, withJsonFlags, type ApiFlags } from '../api/api-flags.ts';
import { jsonOf } from '../api/json-argument.ts';
import { printList } from '../api/printed.ts';
import { withClient } from '../api/with-client.ts';
import { writerTo, type Streams } from '../streams.ts';
import { wholeOf } from '../whole.ts';
import { questionList } from './run-text.ts';

type ListFlags = ApiFlags & {
  readonly limit?: string;
  readonly assignee?: string;
  readonly agent?: string;
  readonly olderThan?: string;
};
type AnswerFlags = ApiFlags & { readonly text?: boolean };

export function addQuestionsCommands(program: Command, streams: Streams): void {
  const list = apiCommand(program, 'questions [id]')
    .description('what a run, or every run of the tenant, asks and nobody has answered')
    .option('--assignee <name>', 'only what this person or group should answer')
    .option('--agent <name>', 'only what this agent asks')
    .option('--older-than <seconds>', 'only what has been open for so long')
    .option('--limit <n>', 'how many at most, 1 to 100000 (default: 100)');
  withJsonFlags(list, 'the questions').action(async (id: string | undefined, flags: ListFlags) => {
    const limit = wholeOf(flags.limit ?? '100', 'limit', { min: 1, max: 100_000 });
    const query = queryOf(flags);
    if (id !== undefined && Object.keys(query).length > 0) {
      refuseField('id', 'must not be given beside a filter, which is for questions of all runs');
    }
    const asked = await withClient(flags, async ({ questions, runs }) => {
      if (id !== undefined) return (await runs.questions(id)).slice(0, limit);
      const found: Question[] = [];
      for await (const one of questions.listAll({ ...query, limit: Math.min(limit, 1_000) })) {
        found.push(one);
        if (found.length === limit) break;
      }
      return found;
    });
    printList(streams, flags, asked, { text: questionList, none: 'Nothing is asked.' });
  });
  apiCommand(program, 'answer <id> <question> <answer>')
    .description('answer a question of a run, by its askId; the answer is JSON, or else a text')
    .option('--text', 'take the answer as a text, whatever it looks like')
    .action(async (...given: readonly [string, string, string, AnswerFlags]) => {
      const [id, askId, text, flags] = given;
      const answer = answerOf(text, flags);
      await withClient(flags, ({ runs }) => runs.answer(id, askId, answer));
      writerTo(streams.stderr)(`Run ${id} will take the answer in its turn.`);
    });
}

function queryOf({ assignee, agent, olderThan }: ListFlags): QuestionsQuery {
  const age = { min: 0, max: 315_360_000 };
  return {
    ...(assignee === undefined ? {} : { assignee }),
    ...(agent === undefined ? {} : { agent }),
    ...(olderThan === undefined
      ? {}
      : { olderThanMs: wholeOf(olderThan, 'older-than', age) * 1_000 }),
  };
}

/** A text that only begins like JSON is refused: it is more likely a mistake than an answer. */
function answerOf(text: string, { text: isText = false }: AnswerFlags): Json {
  if (isText) return text;
  try {
    JSON.parse(text);
  } catch {
    if (!/^\s*[[{"]/.test(text)) return text;
  }
  return jsonOf(text, 'answer', '; give --text for a text that begins so');
}
