/**
 * The header Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-08): a request that is repeated with its key
 * has one effect and one answer, on any replica and after any crash, for a day.
 *
 * It owns which requests with a key are under way here. It leaves what a request came to to the store.
 *
 * 1. A route's effect keeps its request in the transaction of the effect. A repeat is answered from that row, by the
 *    route's own words.
 * 2. A route whose effects have no transaction of their own is claimed first: see claimed.ts. Its effects must bear a
 *    second try, for a claim whose process has died is taken over.
 * 3. A request that was refused leaves no row, and may be sent again.
 */
import { createHash } from 'node:crypto';
import { HeddleError, heddleError } from '../../domain/errors.ts';
import { refuseField } from '../../domain/field.ts';
import type { Json } from '../../domain/json.ts';
import type { OneTenant } from '../../domain/scope.ts';
import type { ClaimedRequest } from '../../library/caller/door.ts';
import { canonicalJson } from '../../library/requests.ts';
import type { Clock } from '../../library/live/live.ts';
import type { RequestStore } from '../../store/requests/request-port.ts';
import type { RequestAsked } from '../../store/requests/request-rows.ts';
import type { Answer, Route } from '../route.ts';
import { claimed, running } from './claimed.ts';

const field = 'headers.idempotency-key';
export const keyCharsMax = 200;

type Headers = Readonly<Record<string, string | undefined>>;

/** The key, quoted as the draft wants it or bare; null: none is given. */
function keyOf(headers: Headers): string | null {
  const given = headers['idempotency-key'];
  if (given === undefined) return null;
  const [, quoted] = /^\s*"([^"\\]*)"\s*$/.exec(given) ?? [];
  const key = quoted ?? given.trim();
  if (!/^[\x21-\x7e]+$/.test(key) || key.length > keyCharsMax) {
    refuseField(field, `must have 1 to ${keyCharsMax} visible characters`);
  }
  return key;
}

type KeyedRequest = {
  readonly headers: Headers;
  readonly query: unknown;
  readonly params: unknown;
  readonly body: unknown;
};

/** What the key stands for: null where none is given. A key that would do nothing is refused. */
export function requestAsked(route: Route, request: KeyedRequest): RequestAsked | null {
  const key = keyOf(request.headers);
  if (key === null) return null;
  if (route.keyed === 'no') refuseField(field, 'is not taken by this route');
  const { params, query, body } = request;
  const asked = [params, query, body].map((part) => (part ?? null) as Json);
  const hash = createHash('sha256').update(canonicalJson(asked)).digest('base64url');
  return { key, route: `${route.method} ${route.path}`, hash };
}

/** How the route is asked, and how it answers what it came to before. */
export type Carried = {
  readonly store: RequestStore;
  readonly within: OneTenant;
  readonly clock: Pick<Clock, 'nowMs' | 'setTimer'>;
  /** `claimed`: of a route that is claimed. */
  readonly carryOut: (claimed: ClaimedRequest | null) => Promise<Answer>;
  readonly again: (cameTo: unknown) => Answer;
};

export class Requests {
  readonly #underWay = new Set<string>();

  /** Carries out a request with a key, once. */
  async once(route: Route, asked: RequestAsked, carried: Carried): Promise<Answer> {
    const at = `${carried.within.tenant}\u0000${asked.key}`;
    if (this.#underWay.has(at)) throw running(asked);
    this.#underWay.add(at);
    try {
      return await (route.keyed === 'in-commit'
        ? inCommit(asked, carried)
        : claimed(asked, carried));
    } finally {
      this.#underWay.delete(at);
    }
  }
}

/** A repeat may be refused, because of what the first has done: then the first's answer counts. */
async function inCommit(asked: RequestAsked, carried: Carried): Promise<Answer> {
  try {
    return await carried.carryOut(null);
  } catch (error) {
    const { store, within, again } = carried;
    if (!(error instanceof HeddleError) || error.status >= 500) throw error;
    const known = await store.request(within, { key: asked.key }).catch(() => null);
    if (known === null || known.answerText === '') throw error;
    if (known.route !== asked.route || known.hash !== asked.hash) {
      throw heddleError('request-differs', { key: asked.key }, { cause: error });
    }
    return again(JSON.parse(known.answerText));
  }
}
