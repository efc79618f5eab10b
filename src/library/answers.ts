/**
 * Open questions as people see them; which question an answer belongs to, and whether the answer fits.
 */
import { askIdOf, parseAskId } from '../domain/ask-id.ts';
import { HeddleError, heddleError } from '../domain/errors.ts';
import { checkName, type RunId } from '../domain/ids.ts';
import type { Json } from '../domain/json.ts';
import { isA } from '../domain/thrown.ts';
import { compileSchema, type SchemaCheck } from '../schema/compile-schema.ts';
import type { QuestionRow } from '../store/rows.ts';

/** A question that a run asks and that has no answer yet. */
export type OpenQuestion = {
  /** Names this question for ever; the next question under the same invocation has another id. */
  readonly askId: string;
  /** The run that asks. */
  readonly runId: RunId;
  /** The run's agent. */
  readonly agent: string;
  /** The invocation that asks. */
  readonly invocationId: string;
  /** The question's words. */
  readonly question: string;
  /** The JSON Schema that an answer must fit; null: every answer fits. */
  readonly schema: Json;
  /** The subject of the question, as the chart gave it; null when it gave none. */
  readonly data: Json;
  /** The person or group that should answer; null when the chart named none. */
  readonly assignee: string | null;
  /** When it was asked, in ms since 1970 by the database's clock. */
  readonly askedAtMs: number;
};

type Asked = Pick<OpenQuestion, 'question' | 'schema'> &
  Partial<Pick<OpenQuestion, 'data' | 'assignee'>>;

export function openQuestion(row: QuestionRow): OpenQuestion {
  const { runId, agent, invocationId, askedAtMs } = row;
  const asked = JSON.parse(row.questionText) as Asked;
  return {
    askId: askIdOf(row),
    runId,
    agent,
    invocationId,
    data: null,
    assignee: null,
    ...asked,
    askedAtMs,
  };
}

/**
 * Finds a question by its id, or by the id of the invocation that asks: that means the question which is
 * open under it now.
 */
export function questionNamed(
  asked: readonly QuestionRow[],
  runId: RunId,
  askId: string,
): QuestionRow | undefined {
  const named = typeof askId === 'string' ? parseAskId(runId, askId) : null;
  if (named === null) {
    const id = checkName(askId, 'askId');
    return asked.find(({ invocationId }) => invocationId === id);
  }
  const id = checkName(named.invocationId, 'askId');
  return asked.find(
    ({ invocationId, incarnation }) => invocationId === id && incarnation === named.incarnation,
  );
}

/** Throws `answer-invalid` with what is wrong. With a null schema every answer fits. */
export async function checkAnswer(schema: Json, answer: Json): Promise<void> {
  if (schema === null) return;
  const check = await checkOf(schema);
  const reason = check(answer, 'answer');
  if (reason === null) return;
  throw heddleError('answer-invalid', { reason, issuesText: JSON.stringify(check.issues(answer)) });
}

const everything: SchemaCheck = Object.assign(() => null, { issues: () => [] });

/**
 * A question with a schema that is wrong fails when it is asked. One that is open all the same, because heddle
 * 0.1.0 asked it, takes every answer: who answers cannot mend it.
 */
async function checkOf(schema: Json): Promise<SchemaCheck> {
  try {
    return await compileSchema(schema, 'ask.schema');
  } catch (error) {
    if (isA(error, HeddleError) && error.code === 'invalid-field') return everything;
    throw error;
  }
}
