/**
 * Requests with a key whose effects have no transaction of their own: one try at a time holds the claim on the key, and
 * only who holds it answers.
 *
 * It owns the renewal of a claim while its request is carried out.
 *
 * 1. A claim lasts `limits.requestClaimMs` from its last renewal. So a request whose process has died is carried out by
 *    the next try of its client, which tries for longer than that.
 * 2. A holder that was stopped for longer than its claim lasts may have lost it. It changes nothing of the new holder's
 *    row, and answers what that one answers.
 */
import { randomUUID } from 'node:crypto';
import { heddleError, type HeddleError } from '../../domain/errors.ts';
import { limits } from '../../domain/limits.ts';
import type { OneTenant } from '../../domain/scope.ts';
import type { ClaimedRequest } from '../../library/caller/door.ts';
import type { Clock } from '../../library/live/live.ts';
import { isSameRequest, type RequestStore } from '../../store/requests/request-port.ts';
import type { ClaimAsked, RequestAsked } from '../../store/requests/request-rows.ts';
import type { Answer } from '../route.ts';

export type ClaimedWork = {
  readonly store: RequestStore;
  readonly within: OneTenant;
  readonly clock: Pick<Clock, 'nowMs' | 'setTimer'>;
  readonly carryOut: (claimed: ClaimedRequest) => Promise<Answer>;
};

export const running = ({ key }: RequestAsked): HeddleError =>
  heddleError('request-running', { key, retryAfterMs: 1_000 });

export async function claimed(asked: RequestAsked, work: ClaimedWork): Promise<Answer> {
  const { store, within, clock } = work;
  const mine = { ...asked, holder: randomUUID() };
  const askedAtMs = clock.nowMs();
  const claim = await store.claimRequest(within, mine);
  if (claim.kind === 'running') throw running(asked);
  if (claim.kind === 'differs') throw heddleError('request-differs', { key: asked.key });
  if (claim.kind === 'answered') return JSON.parse(claim.answerText) as Answer;
  const held = new HeldClaim(work, mine, askedAtMs);
  let answer: Answer;
  try {
    answer = await work.carryOut({ request: asked, checkHeld: () => held.check() });
  } catch (error) {
    const isMine = await store.dropRequest(within, mine).catch(() => true);
    if (isMine) throw error;
    return await standing(asked, work);
  } finally {
    held.end();
  }
  const answerText = JSON.stringify(answer);
  if (answerText.length > limits.requestAnswerCharsMax) {
    throw heddleError('internal', { reason: 'the answer of a keyed request is too large' });
  }
  if (await store.answerRequest(within, { ...mine, answerText })) return answer;
  return standing(asked, work);
}

/** What the one who holds the claim now has answered. */
async function standing(asked: RequestAsked, { store, within }: ClaimedWork): Promise<Answer> {
  const known = await store.request(within, asked);
  if (known === null || known.answerText === '' || !isSameRequest(known, asked)) {
    throw running(asked);
  }
  return JSON.parse(known.answerText) as Answer;
}

class HeldClaim {
  readonly #work: ClaimedWork;
  readonly #mine: ClaimAsked;
  readonly #beganMs: number;
  /** Until when nobody else can have it, by this process's clock. */
  #untilMs: number;
  #cancel: () => void = () => undefined;

  constructor(work: ClaimedWork, mine: ClaimAsked, askedAtMs: number) {
    this.#work = work;
    this.#mine = mine;
    this.#beganMs = askedAtMs;
    this.#untilMs = askedAtMs + limits.requestClaimMs;
    this.#renewLater();
  }

  check(): void {
    if (this.#work.clock.nowMs() >= this.#untilMs) throw running(this.#mine);
  }

  end(): void {
    this.#cancel();
    this.#cancel = () => undefined;
    this.#untilMs = Number.NEGATIVE_INFINITY;
  }

  #renewLater(): void {
    this.#cancel = this.#work.clock.setTimer(limits.requestClaimMs / 3, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    const { store, within, clock } = this.#work;
    const askedAtMs = clock.nowMs();
    if (askedAtMs - this.#beganMs > limits.requestClaimMsMax) return;
    // A database that is away is asked again: the claim may last until then.
    const isMine = await store.renewClaim(within, this.#mine).catch(() => null);
    if (this.#untilMs === Number.NEGATIVE_INFINITY) return;
    if (isMine === false) this.#untilMs = Number.NEGATIVE_INFINITY;
    else {
      if (isMine === true) this.#untilMs = askedAtMs + limits.requestClaimMs;
      this.#renewLater();
    }
  }
}
