/** The result of a tool call, as text that a model can read and heddle can keep. */
import { toSafeJson, toSafeText } from '../domain/json.ts';
import { isA, thrownText } from '../domain/thrown.ts';

export type ToolText = { readonly content: string; readonly isError?: boolean };

/**
 * NUL is removed and lone surrogates are replaced. A result that is no JSON, or too long, becomes an error in
 * words: a model would take half a result for a whole one.
 */
export function resultText(output: unknown, charsMax: number): ToolText {
  const content = textOf(output);
  if (content === undefined) {
    return errorText('The tool gave a result that is not plain JSON.', charsMax);
  }
  if (content.length <= charsMax) return { content };
  const told = `The result has ${content.length} characters; at most ${charsMax} can be read.`;
  return errorText(`${told} Ask for less of it.`, charsMax);
}

export function errorText(words: string, charsMax: number): ToolText {
  return { content: toSafeText(words.slice(0, charsMax)), isError: true };
}

/** The error with which a task fails when its tool has thrown. */
export function toolError(thrown: unknown, charsMax: number): Error {
  const words = isA(thrown, Error)
    ? thrownText(thrown)
    : 'the tool threw something that is no error';
  return new Error(words.slice(0, charsMax).toWellFormed(), { cause: thrown });
}

function textOf(output: unknown): string | undefined {
  if (output === undefined || output === null) return 'null';
  if (typeof output === 'string') return toSafeText(output);
  try {
    // `toJSON` (dates) is honoured; cycles and bigints throw.
    const text: unknown = JSON.stringify(output);
    const safe = typeof text === 'string' ? toSafeJson(JSON.parse(text)) : undefined;
    return safe === undefined ? undefined : JSON.stringify(safe);
  } catch {
    return undefined;
  }
}
