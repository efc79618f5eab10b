/** The result of a tool call: a text that a model can read and heddle can keep, and images beside it. */
import type { GenerateMessage, ToolResultPart } from '../domain/catalogue.ts';
import { toSafeJson, toSafeText, type Json } from '../domain/json.ts';
import { limits } from '../domain/limits.ts';
import { checkMessages, untakenImage } from '../domain/model/message-input.ts';
import { isA, propertyOf, thrownText } from '../domain/thrown.ts';

export type ToolText = {
  readonly content: string;
  readonly isError?: boolean;
  /** The whole result, where it holds more than its text. */
  readonly parts?: readonly ToolResultPart[];
};

/** The images of all results of one answer together, in characters of base64: they stand in the context. */
const imageCharsMax = limits.payloadBytesMax / 2;

/**
 * NUL is removed and lone surrogates are replaced. A result that is no JSON, or too long, becomes an error in
 * words: a model would take half a result for a whole one. A part, or a list of nothing but parts, is taken as
 * parts, if an image is among them. An image of a type that no vendor takes is an error in words too: as JSON, its
 * base64 would fill the model's context and show it nothing.
 */
export function resultText(output: unknown, charsMax: number): ToolText {
  const untaken = givenParts(output)
    .map(untakenImage)
    .find((words) => words !== null);
  if (untaken !== undefined) return errorText(`The tool gave ${untaken}.`, charsMax);
  const { content, parts } = partsIn(output) ?? { content: textOf(output) };
  if (content === undefined) {
    return errorText('The tool gave a result that is not plain JSON.', charsMax);
  }
  const more = parts === undefined ? {} : { parts };
  if (content.length <= charsMax) return withinImages({ content, ...more }, 0, charsMax);
  const told = `The result has ${content.length} characters; at most ${charsMax} can be read.`;
  return errorText(`${told} Ask for less of it.`, charsMax);
}

/** The result, or an error in words when its images and the `others` of its answer are too large. */
export function withinImages(result: ToolText, others: number, charsMax: number): ToolText {
  const chars = imageChars(result);
  if (chars === 0 || chars + others <= imageCharsMax) return result;
  const most = `the results of one answer may have ${Math.floor((imageCharsMax * 3) / 4)} bytes of images`;
  return errorText(`The images are too large: ${most}. Ask for smaller ones, or fewer.`, charsMax);
}

/** The characters of base64 in a result. */
export function imageChars({ parts = [] }: ToolText): number {
  return parts.reduce((sum, part) => sum + ('data' in part ? part.data.length : 0), 0);
}

/** The result with a sentence before it. */
export function withNote(result: ToolText, note: string): ToolText {
  const { content, parts } = result;
  const noted = { ...result, content: `${note}\n${content}` };
  if (parts === undefined) return noted;
  return { ...noted, parts: [{ type: 'text', text: `${note}\n` }, ...parts] };
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

/** What may be the parts of a result: as many as a message may have. */
function givenParts(output: unknown): readonly unknown[] {
  if (typeof output !== 'object' || output === null) return [];
  const given: readonly unknown[] = Array.isArray(output) ? output : [output];
  return given.length > limits.messagePartsMax ? [] : given;
}

/** Null for a result that is no list of parts, or has no image. */
function partsIn(output: unknown): Pick<ToolText, 'content' | 'parts'> | null {
  const given = givenParts(output);
  try {
    if (!given.some((part) => propertyOf(part, 'type') === 'image')) return null;
    const content = toSafeJson(JSON.parse(JSON.stringify(given.map(withText))));
    const message: Json = { role: 'tool', toolCallId: 'call', content: content ?? null };
    const [checked] = checkMessages([message], false) as readonly [GenerateMessage];
    const { content: text, parts } = checked as GenerateMessage & { readonly role: 'tool' };
    return parts === undefined ? null : { content: text, parts };
  } catch {
    // No parts after all: the result is told as the JSON that it is.
    return null;
  }
}

/** Bytes of an image become the text that a part holds. */
function withText(part: unknown): unknown {
  const data = propertyOf(part, 'data');
  if (!(data instanceof Uint8Array)) return part;
  return { ...(part as object), data: Buffer.from(data).toString('base64') };
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
