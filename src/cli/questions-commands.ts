/**
 * Lists the questions that runs ask people, and answers them. Neither command takes shards: see
 * runs-commands.ts.
 */
import type { Command } from 'commander';
import { heddleError } from '../domain/errors.ts';
import type { OpenQuestion } from '../index.ts';
import { questionList } from './run-text.ts';
import { runCommand, withHeddle, withRun, type RunFlags } from './runs-commands.ts';
import { writerTo, type Streams } from './streams.ts';
import { wholeOf } from './whole.ts';

type ListFlags = RunFlags & { readonly limit?: string; readonly json?: boolean };

export function addQuestionsCommands(program: Command, { stdout }: Streams): void {
  const say = writerTo(stdout);
  runCommand(program, 'questions [id]')
    .description('what a run, or every run of the tenant, asks and nobody has answered')
    .option('--limit <n>', 'how many at most, 1 to 1000 (default: 100)')
    .option('--json', 'one object per question, one per line')
    .action(async (id: string | undefined, flags: ListFlags) => {
      const asked = await questionsOf(id, flags);
      if (flags.json === true) for (const question of asked) say(JSON.stringify(question));
      else say(asked.length === 0 ? 'Nothing is asked.' : questionList(asked));
    });
  runCommand(program, 'answer <id> <question> <answer>')
    .description('answer a question of a run, by its askId; the answer is JSON, or else a text')
    .option('--text', 'take the answer as a text, whatever it looks like')
    .action(async (...given: readonly [string, string, string, AnswerFlags]) => {
      const [id, askId, text, flags] = given;
      await withRun(flags, id, (run) => run.answer(askId, answerOf(text, flags)));
      say(`Run ${id} will take the answer in its turn.`);
    });
}

type AnswerFlags = RunFlags & { readonly text?: boolean };

async function questionsOf(
  id: string | undefined,
  flags: ListFlags,
): Promise<readonly OpenQuestion[]> {
  const limit = wholeOf(flags.limit ?? '100', 'limit', { min: 1, max: 1_000 });
  const { tenant } = flags;
  const at = tenant === undefined ? {} : { tenant };
  return withHeddle(flags, async (heddle) => {
    if (id === undefined) return heddle.questions({ limit, ...at });
    return (await (await heddle.run(id, at)).questions()).slice(0, limit);
  });
}

/** A text that only begins like JSON is refused: it is more likely a mistake than an answer. */
function answerOf(text: string, { text: isText = false }: AnswerFlags): unknown {
  if (isText) return text;
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!/^\s*[[{"]/.test(text)) return text;
    const reason = `${(error as Error).message}; give --text for a text that begins so`;
    throw heddleError('invalid-json', { field: 'answer', reason }, { cause: error });
  }
}
