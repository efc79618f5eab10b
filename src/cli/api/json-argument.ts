/** JSON that is given as an argument, or in a file as `@file`, or on standard input as `-`. */
import { readFile } from 'node:fs/promises';
import { heddleError } from '../../domain/errors.ts';
import { refuseField } from '../../domain/field.ts';
import type { Json } from '../../domain/json.ts';
import { lostNumber, lostWords } from '../../domain/plain/exact-numbers.ts';
import type { Streams } from '../streams.ts';

export async function jsonArgument(
  given: string,
  field: string,
  { stdin }: Pick<Streams, 'stdin'>,
): Promise<Json> {
  return jsonOf(await textOf(given, field, stdin), field);
}

export function jsonOf(text: string, field: string, hint = ''): Json {
  const json = parsed(text, field, hint);
  const lost = lostNumber(text, field);
  if (lost !== null) refuseField(lost.path, lostWords(lost));
  return json;
}

function parsed(text: string, field: string, hint: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    const reason = `${(error as Error).message}${hint}`;
    throw heddleError('invalid-json', { field, reason }, { cause: error });
  }
}

/** Of `--input`; a request has a bound of its own. */
const bytesMax = 8_000_000;

async function textOf(given: string, field: string, stdin: Streams['stdin']): Promise<string> {
  if (given === '-') {
    if (stdin === undefined)
      refuseField(field, 'is to be read from standard input, which is not there');
    const parts: Buffer[] = [];
    let bytes = 0;
    for await (const part of stdin) {
      parts.push(Buffer.from(part));
      bytes += part.length;
      if (bytes > bytesMax) refuseField(field, `must have at most ${bytesMax} bytes`);
    }
    return textIn(Buffer.concat(parts), field);
  }
  if (!given.startsWith('@')) return given;
  const path = given.slice(1);
  const bytes = await readFile(path).catch((error: unknown) =>
    refuseField(field, `cannot be read: ${(error as Error).message}`),
  );
  return textIn(bytes, field);
}

/** Without a mark of the byte order at its beginning. A letter may have come in pieces, so all is read first. */
function textIn(bytes: Uint8Array, field: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return refuseField(field, 'must be text in UTF-8');
  }
}
