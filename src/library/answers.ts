/**
 * Open questions as people see them; which question an answer belongs to, and whether the answer fits.
 */
import type { Ajv } from 'ajv';
import { askIdOf, parseAskId } from '../domain/ask-id.ts';
import { heddleError } from '../domain/errors.ts';
import { checkName, type RunId } from '../domain/ids.ts';
import { thrownText } from '../domain/thrown.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { QuestionRow } from '../store/rows.ts';

/** A question that a run asks and that has no answer yet. */
export type OpenQuestion = {
  /** Names this question for ever; the next question under the same invocation has another id. */
  readonly askId: string;
  /** The run that asks. */
  readonly runId: RunId;
  /** The invocation that asks. */
  readonly invocationId: string;
  /** The question's words. */
  readonly question: string;
  /** The JSON Schema that an answer must fit; null: every answer fits. */
  readonly schema: Json;
  /** When it was asked, in ms since 1970 by the database's clock. */
  readonly askedAtMs: number;
};

export function openQuestion(row: QuestionRow): OpenQuestion {
  const { runId, invocationId, askedAtMs } = row;
  const asked = JSON.parse(row.questionText) as Pick<OpenQuestion, 'question' | 'schema'>;
  return { askId: askIdOf(row), runId, invocationId, ...asked, askedAtMs };
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

/** Loaded with the first answer to a question with a schema: most processes never check an answer. */
let loading: Promise<Ajv> | undefined;

async function loadAjv(): Promise<Ajv> {
  const { Ajv: Made } = await import('ajv');
  return new Made({ allErrors: true, strict: false, validateFormats: false });
}

/** Schemas come from charts, so there are few of them; Ajv keeps what it has compiled. */
const compiled = new Map<string, (answer: Json) => string | null>();
const compiledMax = 1_000;

/** Throws `answer-invalid` with every reason. With a null schema every answer fits. */
export async function checkAnswer(schema: Json, answer: Json): Promise<void> {
  if (schema === null) return;
  const ajv = await (loading ??= loadAjv());
  const reason = checker(ajv, schema as JsonObject)(answer);
  if (reason !== null) throw heddleError('answer-invalid', { reason });
}

function checker(ajv: Ajv, schema: JsonObject): (answer: Json) => string | null {
  const key = JSON.stringify(schema);
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const validate = compile(ajv, schema);
  const check = (answer: Json): string | null =>
    validate(answer) ? null : ajv.errorsText(validate.errors, { dataVar: 'answer' });
  if (compiled.size >= compiledMax) compiled.clear();
  compiled.set(key, check);
  return check;
}

function compile(ajv: Ajv, schema: JsonObject): ReturnType<Ajv['compile']> {
  try {
    return ajv.compile(schema);
  } catch (error) {
    throw heddleError('answer-invalid', {
      reason: `the schema itself is wrong: ${thrownText(error)}`,
    });
  }
}
