/**
 * The model calls of one emulator: it refuses or admits each, and makes the answer. It owns the
 * slots, the tokens and the counters. The server owns the sockets and the paths.
 *
 * 1. The plan of a call depends on the script, the seed and the call's number alone.
 * 2. A refusal holds no slot and takes no tokens.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { RecentKeys } from '../queue/recent-keys.ts';
import { planCall, type CallPlan } from './call-plan.ts';
import { ActiveCall } from './active-call.ts';
import { deliveryOf, sendWhole, type Delivery } from './delivery.ts';
import { finishAnswer, type AnswerFunction, type FinishedAnswer } from './model-request.ts';
import type { EmulatorScript, ErrorName, Fault, OutageKind } from './script.ts';
import { Slots } from './slots.ts';
import { Tally, type EmulatorStats } from './tally.ts';
import {
  WireRefusal,
  type ReplyContext,
  type Wire,
  type WireCall,
  type WirePage,
  type WireReply,
} from './wire.ts';

type EmulatorClock = {
  /** Counted from the emulator's start; it never goes back. */
  readonly nowMs: () => number;
  readonly epochMs: () => number;
};

type Options = {
  readonly wire: Wire;
  readonly seed: number;
  readonly answer: AnswerFunction;
  readonly clock: EmulatorClock;
  readonly onSlot: (by: 1 | -1) => void;
};

/** One call, from its arrival to its end. */
type Arrived = {
  readonly response: ServerResponse;
  readonly number: number;
  readonly idempotencyKey: string | null;
  readonly plan: CallPlan;
};

export class ModelCalls {
  readonly #options: Options;
  readonly #slots: Slots;
  readonly #tally = new Tally();
  readonly #answered = new RecentKeys();
  #script: EmulatorScript;
  #tokens: TokenBucket | null = null;
  #pages = 0;

  constructor(script: EmulatorScript, options: Options) {
    this.#script = script;
    this.#options = options;
    this.#slots = new Slots(script, { nowMs: options.clock.nowMs, onChange: options.onSlot });
    this.#fillTokens();
  }

  set(script: EmulatorScript): void {
    this.#script = script;
    this.#slots.limit(script);
    if (script.tokensPerMinute !== (this.#tokens?.perMinute ?? null)) this.#fillTokens();
  }

  stats(): EmulatorStats {
    return this.#tally.stats(this.#slots.stats(), this.#options.clock.nowMs());
  }

  /** Takes a call that has arrived. The answer is written to `response` when its time has come. */
  take(
    { headers }: IncomingMessage,
    response: ServerResponse,
    body: Buffer,
    outage: OutageKind | null,
  ): void {
    const { wire, seed } = this.#options;
    const number = (this.#tally.calls += 1);
    const key = headers['idempotency-key'];
    const idempotencyKey = typeof key === 'string' ? key : null;
    const plan = planCall(this.#script, seed, number);
    const arrived: Arrived = { response, number, idempotencyKey, plan };
    try {
      if (outage !== null) {
        this.#tally.faults += 1;
        return spoil(response, outage);
      }
      const call = wire.readCall({ headers, body, script: this.#script, seed });
      const { fault } = plan;
      if (fault?.kind === 'error' && !fault.afterLatency) {
        this.#tally.faults += 1;
        throw new WireRefusal(fault.error);
      }
      this.#admit(arrived, call);
    } catch (error) {
      this.#refuse(arrived, asRefusal(error));
    }
  }

  /** Answers any other request to the provider: it holds no slot and is not counted as a call. */
  page(
    page: WirePage,
    { headers }: IncomingMessage,
    response: ServerResponse,
    body: Buffer,
    outage: OutageKind | null,
  ): void {
    const { wire, seed } = this.#options;
    const context = this.pageContext();
    try {
      if (outage !== null) return spoil(response, outage);
      sendWhole(response, page.reply({ headers, body, script: this.#script, seed }, context));
    } catch (error) {
      sendWhole(response, wire.refusal(asRefusal(error), context));
    }
  }

  /** The ids of pages start at 2 ** 40, so that they never equal those of calls. */
  pageContext(): ReplyContext {
    this.#pages += 1;
    return this.#context(2 ** 40 + this.#pages, 0);
  }

  #admit(arrived: Arrived, call: WireCall): void {
    if (this.#slots.isFull) throw new WireRefusal(this.#script.whenFull);
    const answer = finishAnswer(call.request, this.#options.answer(call.request));
    const tokens = answer.inputTokens + answer.outputTokens;
    const waitMs = this.#tokens?.take(tokens, this.#options.clock.nowMs()) ?? 0;
    if (waitMs > 0) throw new WireRefusal('rate-limited', null, waitMs);
    const key = arrived.idempotencyKey;
    const isRepeated = key !== null && this.#answered.has(key);
    if (isRepeated) this.#tally.duplicateCalls += 1;
    const error = errorOf(arrived.plan.fault, call);
    const isSpoilt = error !== null || arrived.plan.fault?.kind === 'error-in-stream';
    const active = new ActiveCall({
      response: arrived.response,
      slots: this.#slots,
      begin: () => this.#begin(arrived, call, error ?? answer),
      onHead: this.#countStatus,
      onEnd: (end) => {
        if (end === 'left') this.#tally.aborted += 1;
        if (end !== 'sent' || isSpoilt) return;
        this.#tally.completed += 1;
        this.#tally.inputTokens += answer.inputTokens;
        this.#tally.outputTokens += answer.outputTokens;
        // Two calls with one key may be under way together; the one that is answered later is the
        // duplicate.
        const isDouble = key !== null && !this.#answered.add(key) && !isRepeated;
        if (isDouble) this.#tally.duplicateCalls += 1;
      },
    });
    active.enter();
  }

  #begin({ number, plan }: Arrived, call: WireCall, answer: FinishedAnswer | ErrorName): Delivery {
    const { wire } = this.#options;
    if (plan.fault !== null) this.#tally.faults += 1;
    const context = this.#context(number, plan.latencyMs);
    let reply: WireReply;
    try {
      if (typeof answer === 'string') throw new WireRefusal(answer);
      reply = call.reply(answer, context);
    } catch (error) {
      reply = wire.refusal(asRefusal(error), context);
    }
    return deliveryOf(reply, plan, (error) => wire.errorFrame(error, context));
  }

  readonly #countStatus = (status: number): void => this.#tally.status(status);

  #refuse({ response, number }: Arrived, refusal: WireRefusal): void {
    const { error } = refusal;
    if (error === 'rate-limited' || error === 'busy' || error === 'ramp-limit') {
      this.#tally.rateLimited += 1;
    }
    const reply = this.#options.wire.refusal(refusal, this.#context(number, 0));
    this.#tally.status(reply.status);
    sendWhole(response, reply);
  }

  #context(callNumber: number, latencyMs: number): ReplyContext {
    const { seed, clock } = this.#options;
    const { chunks, retryAfterMs, ceiling } = this.#script;
    const bucket = this.#tokens;
    const nowMs = clock.nowMs();
    return {
      callNumber,
      seed,
      nowEpochMs: clock.epochMs(),
      latencyMs,
      chunks,
      retryAfterMs,
      ceiling,
      free: this.#slots.free,
      tokens: bucket && {
        perMinute: bucket.perMinute,
        left: bucket.left(nowMs),
        fullInMs: bucket.fullInMs(nowMs),
      },
    };
  }

  #fillTokens(): void {
    const { tokensPerMinute } = this.#script;
    this.#tokens =
      tokensPerMinute === null
        ? null
        : new TokenBucket(tokensPerMinute, this.#options.clock.nowMs());
  }
}

function spoil(response: ServerResponse, outage: OutageKind): void {
  // No answer is sent: the call stays open until its client leaves or the emulator closes.
  if (outage === 'hang') return;
  // This call arrived just before the door was shut.
  if (outage === 'refuse') response.destroy();
  else throw new WireRefusal(outage);
}

/** A stream can break in its middle. A plain answer cannot, so it becomes an error as a whole. */
function errorOf(fault: Fault | null, { streamed }: WireCall): ErrorName | null {
  if (fault?.kind === 'error') return fault.error;
  return fault?.kind === 'error-in-stream' && !streamed ? fault.error : null;
}

/**
 * An error that no wire has thrown comes from the answer function; the reply quotes it for that
 * function's author.
 */
function asRefusal(error: unknown): WireRefusal {
  if (error instanceof WireRefusal) return error;
  return new WireRefusal('server-error', `The emulated model failed: ${String(error)}`);
}

/** Tokens per minute: a bucket of one minute's tokens that is refilled evenly. */
export class TokenBucket {
  readonly perMinute: number;
  #tokens: number;
  #filledAtMs: number;

  constructor(perMinute: number, nowMs: number) {
    this.perMinute = perMinute;
    this.#tokens = perMinute;
    this.#filledAtMs = nowMs;
  }

  /**
   * Returns how long to wait until there are enough tokens, or 0 when they have been taken. A call
   * that needs more than one minute's tokens is let through when the bucket is full.
   */
  take(tokens: number, nowMs: number): number {
    this.#fill(nowMs);
    const needed = Math.min(tokens, this.perMinute);
    if (needed > this.#tokens) {
      return Math.max(1, Math.ceil(((needed - this.#tokens) / this.perMinute) * 60_000));
    }
    this.#tokens -= needed;
    return 0;
  }

  left(nowMs: number): number {
    this.#fill(nowMs);
    return Math.floor(this.#tokens);
  }

  fullInMs(nowMs: number): number {
    this.#fill(nowMs);
    return ((this.perMinute - this.#tokens) / this.perMinute) * 60_000;
  }

  #fill(nowMs: number): void {
    const filled = ((nowMs - this.#filledAtMs) / 60_000) * this.perMinute;
    this.#tokens = Math.min(this.perMinute, this.#tokens + filled);
    this.#filledAtMs = nowMs;
  }
}
