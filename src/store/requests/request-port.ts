/**
 * Requests that carry an idempotency key: what was asked under a key, and what it came to. The row is written in the
 * transaction of the effect, so a request that is repeated, after a crash too and at any replica, has one effect and
 * one answer. It is kept for `limits.requestKeyMs`.
 *
 * 1. Of two requests of a tenant with one key the first has its effect. The second, if it is the same, is answered with
 *    what the first came to; if it is another one, it is refused and has none.
 * 2. A request that was refused leaves no row: it may be sent again under its key.
 */
import { heddleError } from '../../domain/errors.ts';
import type { OneTenant } from '../../domain/scope.ts';
import type { Arrivals } from '../batch.ts';
import type { ArrivalKind, FateOf, Fates } from '../fates.ts';
import type { ClaimAsked, PartsAsked, RequestAsked, RequestMark } from './request-rows.ts';

/** What is known of a key: a claim's `answerText` is empty until it is answered. */
export type KnownRequest = Omit<RequestMark, 'key'>;

/** - answered: it was asked before. running: its first one has yet to be answered. differs: the key stands for another. */
export type Claim =
  | { readonly kind: 'claimed' | 'running' | 'differs' }
  | { readonly kind: 'answered'; readonly answerText: string };

export interface RequestStore {
  /** Null: no request under this key is known. */
  request(scope: OneTenant, asked: { readonly key: string }): Promise<KnownRequest | null>;
  /**
   * For effects that no commit of the store's carries: whoever has claimed a key carries its request out and answers
   * it. A claim that was neither renewed nor answered for `limits.requestClaimMs` may be claimed by another holder; then
   * the one before can do nothing with it any more, and each of these says false.
   */
  claimRequest(scope: OneTenant, asked: ClaimAsked): Promise<Claim>;
  renewClaim(scope: OneTenant, asked: ClaimAsked): Promise<boolean>;
  answerRequest(
    scope: OneTenant,
    mark: ClaimAsked & { readonly answerText: string },
  ): Promise<boolean>;
  /** The request was refused: its claim goes. */
  dropRequest(scope: OneTenant, asked: ClaimAsked): Promise<boolean>;
  /**
   * The names of the parts of a request that have had their effect: see `partOf`. Those of another request under the
   * same key, which came to nothing, are not among them.
   */
  requestParts(scope: OneTenant, asked: PartsAsked): Promise<readonly string[]>;
}

export const isSameRequest = (one: Omit<RequestAsked, 'key'>, other: typeof one): boolean =>
  one.route === other.route && one.hash === other.hash;

/** An arrival that is the effect of a request. `group`: of a start, the runs that are accepted with it. */
export type MarkedPart = {
  readonly kind: ArrivalKind;
  readonly index: number;
  readonly tenant: string;
  readonly request: RequestMark;
};

/** In the order in which they are judged. Nearly always none. */
export function markedParts({ starts, inbox, messages, memory }: Arrivals): MarkedPart[] {
  const marked: MarkedPart[] = [];
  const add = (
    kind: ArrivalKind,
    parts: readonly { readonly tenant: string; readonly request?: RequestMark }[],
  ): void =>
    parts.forEach(({ tenant, request }, index) => {
      if (request !== undefined) marked.push({ kind, index, tenant, request });
    });
  add('starts', starts);
  add('inbox', inbox);
  add('messages', messages);
  add('memory', memory);
  return marked;
}

type Known = (part: MarkedPart) => KnownRequest | null;

/**
 * Gives the parts whose keys were used before the fates that they have for that. `known` tells what the store has.
 * Of two parts with one key the first takes part, and the second is told to ask again.
 */
export function judgeMarked(
  arrivals: Arrivals,
  marked: readonly MarkedPart[],
  fates: Fates,
  known: Known,
): void {
  const taken = new Set<string>();
  for (const part of marked) {
    const { tenant, request } = part;
    const before = known(part);
    const at = `${tenant}\u0000${request.key}`;
    if (before !== null) put(arrivals, fates, part, usedBefore(before, request));
    else if (taken.has(at)) put(arrivals, fates, part, isRunning(request));
    else taken.add(at);
  }
}

type Spent = Extract<FateOf['inbox'], { kind: 'repeated' | 'refused' }>;

function usedBefore(before: KnownRequest, request: RequestMark): Spent {
  if (!isSameRequest(before, request)) {
    const error = heddleError('request-differs', { key: request.key });
    return { kind: 'refused', error: error.toJSON() };
  }
  const { answerText } = before;
  return answerText === '' ? isRunning(request) : { kind: 'repeated', answerText };
}

function isRunning({ key }: RequestMark): Spent {
  const error = heddleError('request-running', { key, retryAfterMs: 1_000 });
  return { kind: 'refused', error: error.toJSON() };
}

/** Starts of one group have one fate. */
function put(arrivals: Arrivals, fates: Fates, { kind, index }: MarkedPart, fate: Spent): void {
  fates.put(kind, index, fate);
  const group = kind === 'starts' ? arrivals.starts[index]?.group : undefined;
  if (group === undefined) return;
  arrivals.starts.forEach((run, other) => {
    if (run.group === group) fates.put('starts', other, fate);
  });
}

/** True for a fate that a part has because of its key. */
export function isSpent(fate: FateOf[ArrivalKind] | null): boolean {
  if (fate?.kind === 'repeated') return true;
  return fate?.kind === 'refused' && /^request-(differs|running)$/.test(fate.error.code);
}

/** What the effect comes to: of a write of memory the version is known only when it is written. */
export function answerOf(part: MarkedPart, version: number | null): string {
  const { answerText } = part.request;
  if (version === null) return answerText;
  return JSON.stringify({ ...(JSON.parse(answerText) as object), version });
}
