/**
 * Says who a request comes from, or refuses it.
 *
 * It owns what it has read of tokens, for a few seconds. What a principal may do is principal.ts's.
 *
 * 1. A token that is revoked is refused within `freshMs`, and a token that cannot be read is refused at once:
 *    what was read before that is never used.
 * 2. Without a token a request is answered only where heddle listens on this machine alone, and only if it is
 *    made from and for this machine: a page of another site can reach the socket by a name of its own (DNS
 *    rebinding), and a proxy lends it to strangers.
 */
import { timingSafeEqual } from 'node:crypto';
import { heddleError } from '../domain/errors.ts';
import { refuseField } from '../domain/field.ts';
import type { TokenRow } from '../store/access-rows.ts';
import { hashOf, listTokens, type TokenStore } from './tokens.ts';
import { isLoopbackHost, strangeHeader, type HeadersGiven } from './loopback.ts';
import { loopback, type Principal } from './principal.ts';

/** Below the five seconds within which a revocation acts, by the time that a read may take. */
const freshMs = 4_000;
const knownMax = 10_000;
/** HEDDLE_TOKEN is written by hand: one this short may be a password. */
const firstTokenCharsMin = 16;

type Known = { readonly row: Promise<TokenRow | null>; readonly readAtMs: number };

export type DoorkeeperOptions = {
  readonly store: TokenStore;
  readonly nowMs: () => number;
  /** The token of HEDDLE_TOKEN: it may do everything, and has no row. */
  readonly firstToken?: string | undefined;
  /** True: nobody gets in without a token, from this machine either. */
  readonly tokensAlways?: boolean;
};

export class Doorkeeper {
  readonly #options: DoorkeeperOptions;
  readonly #first: Buffer | null;
  readonly #known = new Map<string, Known>();
  /** False as soon as heddle listens on more than this machine. */
  #isLocal = true;

  constructor(options: DoorkeeperOptions) {
    const { firstToken } = options;
    if (firstToken !== undefined && firstToken.length < firstTokenCharsMin) {
      refuseField('HEDDLE_TOKEN', `must have at least ${firstTokenCharsMin} characters`);
    }
    if (firstToken !== undefined && !bearer.test(`Bearer ${firstToken}`)) {
      refuseField('HEDDLE_TOKEN', 'must be at most 512 letters of ASCII, without spaces');
    }
    this.#options = options;
    this.#first = firstToken === undefined ? null : Buffer.from(hashOf(firstToken));
  }

  /** To be called before heddle listens. Throws `token-needed` where nobody could get in but strangers. */
  async listens(host: string): Promise<void> {
    this.#isLocal = isLoopbackHost(host) && this.#options.tokensAlways !== true;
    if (this.#isLocal || this.#first !== null) return;
    for (let after = ''; ;) {
      const page = await listTokens(this.#options.store, { after, limit: 1_000 });
      if (page.some(({ revokedAtMs }) => revokedAtMs === null)) return;
      const last = page.at(-1);
      if (last === undefined) throw heddleError('token-needed', { host });
      after = last.name;
    }
  }

  /** False when `admit` would have to read the database: whoever guesses tokens must be counted before that. */
  knows({ authorization }: HeadersGiven): boolean {
    const [, token] = bearer.exec(authorization ?? '') ?? [];
    if (token === undefined) return true;
    const hash = hashOf(token);
    return this.#isFirst(hash) || this.#isFresh(this.#known.get(hash));
  }

  #isFirst(hash: string): boolean {
    return this.#first !== null && timingSafeEqual(this.#first, Buffer.from(hash));
  }

  #isFresh(known: Known | undefined): known is Known {
    return known !== undefined && this.#options.nowMs() - known.readAtMs < freshMs;
  }

  async admit(headers: HeadersGiven): Promise<Principal> {
    const { authorization } = headers;
    if (authorization !== undefined) return this.#ofToken(bearerOf(authorization));
    if (!this.#isLocal) throw heddleError('token-missing', { reason: 'heddle is not open to all' });
    const strange = strangeHeader(headers);
    if (strange === null) return loopback;
    if (strange.kind === 'forwarded') {
      const reason = `the header ${strange.header} says that a proxy stands before heddle`;
      throw heddleError('token-missing', { reason });
    }
    throw heddleError('host-refused', { header: strange.header, value: strange.value });
  }

  async #ofToken(token: string): Promise<Principal> {
    const hash = hashOf(token);
    if (this.#isFirst(hash)) {
      return { by: 'environment', scopes: ['admin'], tenant: null };
    }
    const row = await this.#rowOf(hash);
    if (row === null || row.revokedAtMs !== null) throw heddleError('token-refused');
    return { by: row.name, scopes: row.scopes, tenant: row.tenant };
  }

  async #rowOf(hash: string): Promise<TokenRow | null> {
    const { nowMs, store } = this.#options;
    const known = this.#known.get(hash);
    if (this.#isFresh(known)) return known.row;
    const read: Known = { row: store.tokenByHash(hash), readAtMs: nowMs() };
    if (this.#known.size >= knownMax) this.#known.clear();
    this.#known.set(hash, read);
    const forget = (): void => {
      if (this.#known.get(hash) === read) this.#known.delete(hash);
    };
    try {
      const row = await read.row;
      // A token that was tried before it is made works as soon as it is.
      if (row === null) forget();
      return row;
    } catch (error) {
      forget();
      throw error;
    }
  }
}

const bearer = /^Bearer ([\x21-\x7e]{1,512})$/i;

function bearerOf(authorization: string): string {
  const [, token] = bearer.exec(authorization) ?? [];
  if (token === undefined) throw heddleError('token-refused');
  return token;
}
