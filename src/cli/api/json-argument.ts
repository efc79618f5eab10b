/** JSON that is given as an argument, or in a file as `@file`, or on standard input as `-`. */
import { readFile } from 'node:fs/promises';
import { heddleError } from '../../domain/errors.ts';
import { refuseField } from '../../domain/field.ts';
import type { Json } from '../../domain/json.ts';
import type { Streams } from '../streams.ts';

export async function jsonArgument(
  given: string,
  field: string,
  { stdin }: Pick<Streams, 'stdin'>,
): Promise<Json> {
  return jsonOf(await textOf(given, field, stdin), field);
}

export function jsonOf(text: string, field: string, hint = ''): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    const reason = `${(error as Error).message}${hint}`;
    throw heddleError('invalid-json', { field, reason }, { cause: error });
  }
}

/** Of `--input`; a request has a bound of its own. */
const charsMax = 8_000_000;

async function textOf(given: string, field: string, stdin: Streams['stdin']): Promise<string> {
  if (given === '-') {
    if (stdin === undefined)
      refuseField(field, 'is to be read from standard input, which is not there');
    let text = '';
    for await (const part of stdin) {
      text += String(part);
      if (text.length > charsMax) refuseField(field, `must have at most ${charsMax} characters`);
    }
    return text;
  }
  if (!given.startsWith('@')) return given;
  const path = given.slice(1);
  return readFile(path, 'utf8').catch((error: unknown) =>
    refuseField(field, `cannot be read: ${(error as Error).message}`),
  );
}
