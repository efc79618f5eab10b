/**
 * Requests under way: from a slot that was granted, and committed, to what became of the attempt.
 *
 * Owns the attempt itself, with the input and the conversation that it is sent. Leaves to the calls who may be sent
 * and when, and what the end of an attempt means for call, slot and run.
 *
 * 1. Nothing is sent for a call that is over, by a replica that closes, or to a provider that has asked
 *    to wait or is out since the slot was given: neither when its turn comes nor after its conversation
 *    was read.
 * 2. Each attempt has one end of `RequestEnds`: it ends the attempt's own state, or what has come of that when the
 *    call left. What an attempt brings after its limit is nobody's.
 */
import type { CapacitySettings } from '../../domain/capacity-settings.ts';
import type { GenerateInput, GenerateOutput } from '../../domain/catalogue.ts';
import { thrownText } from '../../domain/thrown.ts';
import type { BroughtBack, Pool } from '../../providers/capacity/pool.ts';
import { totalTokens } from '../../providers/call-tokens.ts';
import { asAnswer, asFault } from '../../providers/check-provider.ts';
import type { Provider } from '../../providers/port.ts';
import type { CallInputs } from './call-inputs.ts';
import type { StateOf } from './call/call-state.ts';
import type { RunCall } from './call/run-call.ts';
import type { Conversations } from './conversations.ts';
import type { LeaseValve } from './lease-valve.ts';
import { guardSignal } from '../host/guarded-signal.ts';
import type { Clock, Log } from '../ports.ts';
import type { Texts } from './texts.ts';

export type FaultOf<Kind> = { readonly kind: Kind; readonly retryAfterMs: number | null };

export type RequestEnds = {
  /** Nobody waits for its answer, and no request is out: its slot is free. `tokens`: what it has used all the same. */
  unwanted(call: RunCall, tokens?: number): void;
  /** Its provider wants to be left alone by now: nothing was sent, and it waits again. */
  withheld(call: RunCall, state: StateOf<'cleared'>): void;
  /** Its run's row has no such call open: nothing was sent, and its run has to say what is true. */
  lost(call: RunCall, state: StateOf<'cleared'>): void;
  /** A request that had to be read is out. */
  sentLate(): void;
  answered(call: RunCall, state: StateOf<'sent'>, output: GenerateOutput): void;
  /** A fault that the pool answers with another attempt. */
  broughtBack(call: RunCall, state: StateOf<'sent'>, fault: FaultOf<BroughtBack>): void;
  /** Its attempt has taken longer than its author allows: it is aborted, and another follows. */
  tookTooLong(call: RunCall, state: StateOf<'sent'>): void;
  failed(call: RunCall, state: StateOf<'sent' | 'cleared'>, error: unknown): void;
};

const noLimit = (): void => undefined;

export class CallRequests {
  readonly #clock: Clock;
  readonly #valve: LeaseValve;
  readonly #texts: Texts;
  readonly #conversations: Conversations;
  readonly #inputs: CallInputs;
  readonly #pool: Pool<RunCall>;
  readonly #providers: ReadonlyMap<string, Provider>;
  readonly #refusals: Refusals;
  readonly #log: Log;
  readonly #ends: RequestEnds;
  readonly #lastingMs: number;
  /** The oldest first. */
  readonly #underWay = new Set<StateOf<'sent'>>();
  /** The request that ended last. */
  #lastTookMs = 0;
  #isClosed = false;

  constructor(options: {
    readonly clock: Clock;
    readonly capacity: CapacitySettings;
    readonly valve: LeaseValve;
    readonly texts: Texts;
    readonly conversations: Conversations;
    readonly inputs: CallInputs;
    readonly log: Log;
    readonly providers: readonly Provider[];
    readonly pool: Pool<RunCall>;
    readonly ends: RequestEnds;
  }) {
    this.#clock = options.clock;
    this.#valve = options.valve;
    this.#texts = options.texts;
    this.#conversations = options.conversations;
    this.#inputs = options.inputs;
    this.#pool = options.pool;
    this.#providers = new Map(options.providers.map((provider) => [provider.name, provider]));
    this.#refusals = new Refusals(options.log);
    this.#log = options.log;
    this.#ends = options.ends;
    this.#lastingMs = options.capacity.batches.lastingMs;
  }

  /** A call that is cleared, unless it has left since. */
  send(call: RunCall): void {
    const state = this.#mayGo(call);
    if (state === null) return;
    const { input } = call;
    if (input !== null && input.conversation === undefined) void this.#request(call, state, input);
    else void this.#readAndRequest(call, state);
  }

  /** Calls wait for slots, and calls last: then what gives slots on comes before turns. */
  get areSlotsScarce(): boolean {
    if (!this.#pool.hasQueued) return false;
    const [oldest] = this.#underWay;
    const soFarMs = oldest === undefined ? 0 : this.#clock.nowMs() - oldest.sentAtMs;
    return Math.max(this.#lastTookMs, soFarMs) >= this.#lastingMs;
  }

  /** What it refuses from now on is told anew. */
  reopened(provider: string): void {
    this.#refusals.reopened(provider);
  }

  /** What is under way may still end; what waits for its conversation in vain is given up. */
  close(): void {
    this.#isClosed = true;
    this.#conversations.close();
    this.#inputs.close();
  }

  /** Null: nothing is sent for it after all. */
  #mayGo(call: RunCall): StateOf<'cleared'> | null {
    const { state } = call;
    if (state.kind !== 'cleared' || this.#isClosed) this.#ends.unwanted(call);
    else if (this.#pool.mayBegin(state.slot, this.#clock.nowMs())) return state;
    else this.#ends.withheld(call, state);
    return null;
  }

  /** The turn that asked has committed, so all that it asked and said until then is there to read. */
  async #readAndRequest(call: RunCall, state: StateOf<'cleared'>): Promise<void> {
    try {
      await this.#inputs.fill(call);
      if (call.input === null) {
        return this.#valve.pass(() => {
          if (this.#mayGo(call) !== null) this.#ends.lost(call, state);
        });
      }
      const { conversation } = call.input;
      const input =
        conversation === undefined
          ? call.input
          : await this.#conversations.inputOf(call, call.input);
      // The read took its time: the lease may be in doubt by now, or the run gone.
      this.#valve.pass(() => {
        if (this.#mayGo(call) === null) return;
        void this.#request(call, state, input);
        this.#ends.sentLate();
      });
    } catch (error) {
      if (call.state !== state || this.#isClosed) return this.#ends.unwanted(call);
      this.#ends.failed(call, state, error);
    }
  }

  async #request(call: RunCall, from: StateOf<'cleared'>, input: GenerateInput): Promise<void> {
    const { slot } = from;
    const provider = this.#provider(slot.provider);
    const abort = new AbortController();
    const sentAtMs = this.#clock.nowMs();
    this.#pool.begin(slot, sentAtMs);
    const cancelLimit = this.#limit(call, abort, input);
    const sent = call.move(from, 'send', { kind: 'sent', slot, sentAtMs, abort, cancelLimit });
    this.#underWay.add(sent);
    try {
      const answer: unknown = await provider.call({
        input,
        idempotencyKey: call.key,
        attempt: slot.attempt,
        signal: guardSignal(abort.signal, (thrown) => {
          const facts = { provider: provider.name, reason: thrownText(thrown) };
          this.#log.warn("a listener of a call's abort signal failed", facts);
        }),
        onText: this.#texts.ofAttempt(call, () => call.state !== sent),
      });
      if (call.state === sent) this.#ends.answered(call, sent, asAnswer(provider.name, answer));
      else if (isLeaving(call, sent)) {
        this.#ends.unwanted(call, totalTokens(asAnswer(provider.name, answer).usage));
      }
    } catch (error) {
      this.#failed(call, sent, provider.name, error);
    } finally {
      this.#over(sent);
    }
  }

  #failed(call: RunCall, sent: StateOf<'sent'>, provider: string, error: unknown): void {
    if (call.state !== sent) {
      // Not by its slot: after its limit that is another's by now, and so may be the call's next attempt.
      if (isLeaving(call, sent)) this.#ends.unwanted(call);
      return;
    }
    const fault = asFault(error);
    if (fault === null) return this.#ends.failed(call, sent, error);
    const { kind, retryAfterMs } = fault;
    if (!this.#pool.bringsBack(call, kind)) return this.#ends.failed(call, sent, error);
    // The run does not hear of it (promise 8).
    if (kind === 'refused') this.#refusals.tell(provider, fault.message);
    this.#ends.broughtBack(call, sent, { kind, retryAfterMs });
  }

  /** `attemptTimeoutMs` counts from the sending. */
  #limit(call: RunCall, abort: AbortController, input: GenerateInput): () => void {
    const { attemptTimeoutMs } = input;
    if (attemptTimeoutMs === undefined) return noLimit;
    return this.#clock.setTimer(attemptTimeoutMs, () => {
      const { state } = call;
      if (state.kind !== 'sent' || state.abort !== abort) return;
      this.#over(state);
      this.#ends.tookTooLong(call, state);
      abort.abort();
    });
  }

  #over(sent: StateOf<'sent'>): void {
    sent.cancelLimit();
    if (this.#underWay.delete(sent)) this.#lastTookMs = this.#clock.nowMs() - sent.sentAtMs;
  }

  #provider(gate: string): Provider {
    const provider = this.#providers.get(this.#pool.gates.providerOf(gate));
    if (provider === undefined) throw new TypeError(`the pool granted a slot of ${gate}`);
    return provider;
  }
}

/** The call has left while this attempt was under way. */
function isLeaving({ state }: RunCall, { abort }: StateOf<'sent'>): boolean {
  return state.kind === 'leaving' && state.abort === abort;
}

/**
 * Says that a provider refuses key or spend, with its own words: only a person can mend that. Once, for
 * every call in flight may bring it.
 */
class Refusals {
  readonly #log: Log;
  readonly #told = new Set<string>();

  constructor(log: Log) {
    this.#log = log;
  }

  tell(provider: string, reason: string): void {
    if (this.#told.has(provider)) return;
    this.#told.add(provider);
    this.#log.warn('a provider refuses key or spend and is parked', { provider, reason });
  }

  reopened(provider: string): void {
    this.#told.delete(provider);
  }
}
