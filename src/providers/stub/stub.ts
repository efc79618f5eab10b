/**
 * A provider in this process, for tests and for measuring heddle alone. It has a latency, a ceiling
 * that it enforces, and faults on order.
 *
 * It owns its calls in flight and the number of the last call. It leaves all waiting and retrying to
 * heddle.
 *
 * 1. No more than `ceiling` calls are in flight: one more is answered `rate-limited` at once.
 * 2. Answers depend only on the seed and the input; faults on the seed and the number of the call.
 * 3. A call ends exactly once: with an answer, a fault, or its abort.
 */
import type { ProviderAnswer } from '../../domain/catalogue.ts';
import {
  callAborted,
  type Provider,
  type ProviderCall,
  ProviderFault,
  supportsAll,
} from '../port.ts';
import { mix } from './stub-answer.ts';
import { stubAnswer } from './stub-output.ts';

/** Any clock of the runtime fits. */
type StubClock = {
  nowMs(): number;
  setTimer(delayMs: number, ring: () => void): () => void;
};

/** Rates are shares of the calls, 0 to 1. Outages come after the latency, the other faults at once. */
export type StubFaults = {
  /** The share of calls that fail as after a 429. */
  readonly rateLimited?: number;
  /** The share of calls that fail as after a 5xx. */
  readonly outage?: number;
  /** The share of calls that fail as with a wrong key. */
  readonly refused?: number;
  /** The share of calls that fail by their own fault. */
  readonly caller?: number;
  /** From this call on (the first is 1) every call is an outage, for `outageForMs`. */
  readonly outageFromCall?: number;
  /** Default: for ever. */
  readonly outageForMs?: number;
};

/** How a stub behaves. */
export type StubOptions = {
  /** The name that `generate` uses for this provider. */
  readonly name: string;
  /** How many calls it takes at once; one more is answered as a 429. */
  readonly ceiling: number;
  /** 0: the answer comes in a microtask, and no timer is set. */
  readonly latencyMs: number;
  /** Up to this much is added to the latency. */
  readonly jitterMs?: number;
  /** The same seed and calls give the same answers and faults. */
  readonly seed: number;
  /** How long a 429 asks to wait. Default 100; null: the 429 names no time. */
  readonly retryAfterMs?: number | null;
  /** Default: none. */
  readonly faults?: StubFaults;
};

type FaultKind = 'rate-limited' | 'outage' | 'refused' | 'caller';

export function createStub(options: StubOptions & { readonly clock: StubClock }): Provider {
  return new StubProvider(options);
}

/** Awaiting this takes one microtask. */
const arrived = Promise.resolve();

class StubProvider implements Provider {
  readonly name: string;
  readonly ceiling: number;
  readonly supports = supportsAll;
  readonly #options: StubOptions;
  readonly #clock: StubClock;
  #outageSinceMs: number | null = null;
  #calls = 0;
  #inFlight = 0;

  constructor(options: StubOptions & { readonly clock: StubClock }) {
    this.name = options.name;
    this.ceiling = options.ceiling;
    this.#options = options;
    this.#clock = options.clock;
  }

  call(call: ProviderCall): Promise<ProviderAnswer> {
    if (call.signal.aborted) return Promise.reject(callAborted(call.signal));
    this.#calls += 1;
    const hash = mix(Math.imul(this.#calls, 0x9e3779b1) ^ this.#options.seed);
    const full = this.#inFlight >= this.ceiling;
    const fault = full ? 'rate-limited' : this.#faultOf(hash);
    if (fault !== null && fault !== 'outage') return Promise.reject(this.#fault(fault));
    this.#inFlight += 1;
    const { latencyMs, jitterMs = 0 } = this.#options;
    const waitMs = latencyMs + ((hash >>> 8) / 2 ** 24) * jitterMs;
    return this.#answer(call, waitMs, fault);
  }

  async #answer(
    call: ProviderCall,
    waitMs: number,
    fault: 'outage' | null,
  ): Promise<ProviderAnswer> {
    await (waitMs === 0 ? arrived : this.#wait(waitMs, call.signal));
    this.#inFlight -= 1;
    if (call.signal.aborted) throw callAborted(call.signal);
    if (fault !== null) throw this.#fault(fault);
    const output = stubAnswer(this.#options.seed, this.name, call.input);
    call.onText?.(output.text);
    return output;
  }

  /** Until the time is over or the signal aborts. */
  #wait(waitMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const onAbort = (): void => {
        stop();
        resolve();
      };
      const stop = this.#clock.setTimer(waitMs, () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      });
      signal.addEventListener('abort', onAbort);
    });
  }

  #faultOf(hash: number): FaultKind | null {
    const { faults } = this.#options;
    if (faults === undefined) return null;
    if (this.#inOutage(faults)) return 'outage';
    // One draw for all kinds, because their rates are shares of the same calls.
    let draw = mix(hash ^ 0x5bd1e995) / 2 ** 32;
    if ((draw -= faults.rateLimited ?? 0) < 0) return 'rate-limited';
    if ((draw -= faults.outage ?? 0) < 0) return 'outage';
    if ((draw -= faults.refused ?? 0) < 0) return 'refused';
    return draw - (faults.caller ?? 0) < 0 ? 'caller' : null;
  }

  #inOutage({ outageFromCall = Infinity, outageForMs = Infinity }: StubFaults): boolean {
    if (this.#calls < outageFromCall) return false;
    const nowMs = this.#clock.nowMs();
    this.#outageSinceMs ??= nowMs;
    return nowMs - this.#outageSinceMs < outageForMs;
  }

  #fault(kind: FaultKind): ProviderFault {
    if (kind !== 'rate-limited')
      return new ProviderFault(kind, `stub ${this.name}: ${kind} on order`);
    const { retryAfterMs = 100 } = this.#options;
    return new ProviderFault(
      kind,
      `stub ${this.name}: ${this.ceiling} calls at most`,
      retryAfterMs,
    );
  }
}
