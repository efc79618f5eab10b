/** Does a person's answer fit the JSON Schema of the question? */
import { Ajv } from 'ajv';
import { heddleError } from '../domain/errors.ts';
import type { Json, JsonObject } from '../domain/json.ts';

/** Schemas come from charts, so there are few of them; Ajv keeps what it has compiled. */
const ajv = new Ajv({ allErrors: true, strict: false, validateFormats: false });
const compiled = new Map<string, (answer: Json) => string | null>();
const compiledMax = 1_000;

/** Throws `answer-invalid` with every reason. A null schema takes anything. */
export function checkAnswer(schema: Json, answer: Json): void {
  if (schema === null) return;
  const reason = checker(schema as JsonObject)(answer);
  if (reason !== null) throw heddleError('answer-invalid', { reason });
}

function checker(schema: JsonObject): (answer: Json) => string | null {
  const key = JSON.stringify(schema);
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const validate = compile(schema);
  const check = (answer: Json): string | null =>
    validate(answer) ? null : ajv.errorsText(validate.errors, { dataVar: 'answer' });
  if (compiled.size >= compiledMax) compiled.clear();
  compiled.set(key, check);
  return check;
}

function compile(schema: JsonObject): ReturnType<Ajv['compile']> {
  try {
    return ajv.compile(schema);
  } catch (error) {
    throw heddleError('answer-invalid', { reason: `the schema itself is wrong: ${String(error)}` });
  }
}
