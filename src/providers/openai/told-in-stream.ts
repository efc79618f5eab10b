/** An error that a server reports inside the stream, after it had answered 200. */
import { readToldError, type ToldError } from '../wire/faults/told-error.ts';
import { type Fields, isFields } from './fields.ts';

export class ToldInStream extends Error {
  readonly told: ToldError;

  constructor(told: ToldError) {
    super(told.text ?? 'an error inside the stream');
    this.name = 'ToldInStream';
    this.told = told;
  }
}

/** From `{error: …}`, or `{object: 'error', …}` as older servers write it; null for any other chunk. */
export function toldInChunk(chunk: Fields): ToldError | null {
  const error = chunk['object'] === 'error' ? chunk : chunk['error'];
  if (error === undefined || error === null) return null;
  const code = isFields(error) ? error['code'] : undefined;
  // Some write the number of the status as a text.
  const isStatus = typeof code === 'string' && /^[345]\d\d$/.test(code);
  const read = isFields(error) && isStatus ? { ...error, code: Number(code) } : error;
  return readToldError(JSON.stringify({ error: read }));
}
