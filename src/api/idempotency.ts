/**
 * The header Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-08): a request that is repeated with its key
 * has one effect.
 *
 * It is the key of the start or of the sent event, which the store keeps in the commit of the change. So a repeat
 * after a crash between commit and answer finds what the first has done, on any replica, and answers the same.
 */
import { HeddleError, heddleError } from '../domain/errors.ts';
import { refuseField } from '../domain/field.ts';
import type { Route } from './route.ts';

const field = 'headers.idempotency-key';
const charsMax = 200;

type Headers = Readonly<Record<string, string | undefined>>;

/** The key, quoted as the draft wants it or bare; undefined: none is given. */
export function idempotencyKeyOf(headers: Headers): string | undefined {
  const given = headers['idempotency-key'];
  if (given === undefined) return undefined;
  const [, quoted] = /^\s*"([^"\\]*)"\s*$/.exec(given) ?? [];
  const key = quoted ?? given.trim();
  if (!/^[\x21-\x7e]+$/.test(key) || key.length > charsMax) {
    refuseField(field, `must have 1 to ${charsMax} visible characters`);
  }
  return key;
}

/** A key that would have no effect is refused, because its sender would believe that it has one. */
export function checkKeyIsTaken({ takesKey }: Route, headers: Headers): void {
  if (headers['idempotency-key'] === undefined || takesKey === true) return;
  refuseField(field, 'is not taken by this route');
}

const usedCodes: readonly string[] = ['start-key-used', 'send-key-used'];

/** A key that was used for another request is a fault of the request, by the draft: 422. */
export async function withKey<Result>(
  key: string | undefined,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (key === undefined || !(error instanceof HeddleError)) throw error;
    if (!usedCodes.includes(error.code)) throw error;
    throw heddleError('request-differs', { key }, { cause: error });
  }
}
