/**
 * Requests under way: from a slot that was granted, and committed, to what became of the attempt.
 *
 * Owns the attempt itself, with the input and the conversation that it is sent. Leaves to the calls who may be sent
 * and when, and what the end of an attempt means for call, slot and run.
 *
 * 1. Nothing is sent for a call that is over, by a replica that closes, or to a provider that has asked
 *    to wait or is out since the slot was given: neither when its turn comes nor after its conversation
 *    was read.
 * 2. Each attempt has one end of `RequestEnds`, but for one whose limit came first: it is nobody's then.
 */
import type { CapacitySettings } from '../../domain/capacity-settings.ts';
import type { GenerateInput, GenerateOutput } from '../../domain/catalogue.ts';
import { thrownText } from '../../domain/thrown.ts';
import type { Grant, Pool } from '../../providers/capacity/pool.ts';
import { asAnswer, asFault } from '../../providers/check-provider.ts';
import type { Provider, ProviderFault } from '../../providers/port.ts';
import type { CallInputs } from './call-inputs.ts';
import type { CallOut, RunCall } from './call/run-call.ts';
import type { Conversations } from './conversations.ts';
import type { LeaseValve } from './lease-valve.ts';
import { guardSignal } from '../host/guarded-signal.ts';
import type { Clock, Log } from '../ports.ts';
import type { Texts } from './texts.ts';

export type RequestEnds = {
  /** Nobody waits for its answer: its slot is free. `grant`: nothing was sent yet. */
  readonly unwanted: (call: RunCall, grant?: Grant<RunCall>) => void;
  /** Its provider wants to be left alone by now: nothing was sent, and it waits again. */
  readonly withheld: (call: RunCall, grant: Grant<RunCall>) => void;
  /** Its run's row has no such call open: nothing was sent, and its run has to say what is true. */
  readonly lost: (call: RunCall, grant: Grant<RunCall>) => void;
  /** A request that had to be read is out. */
  readonly sentLate: () => void;
  readonly answered: (call: RunCall, output: GenerateOutput) => void;
  /** A fault that the pool will answer with another attempt. */
  readonly broughtBack: (call: RunCall, fault: ProviderFault) => void;
  /** Its attempt has taken longer than its author allows: it was aborted, and another follows. */
  readonly tookTooLong: (call: RunCall) => void;
  readonly failed: (call: RunCall, provider: string, error: unknown) => void;
};

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
  readonly #underWay = new Set<RunCall>();
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

  send(grant: Grant<RunCall>): void {
    const { call } = grant;
    if (this.#isStopped(grant)) return;
    const { input } = call;
    if (input !== null && input.conversation === undefined) void this.#request(grant, input);
    else void this.#readAndRequest(grant);
  }

  /** Calls wait for slots, and calls last: then what gives slots on comes before turns. */
  get areSlotsScarce(): boolean {
    if (!this.#pool.hasQueued) return false;
    const [oldest] = this.#underWay;
    const soFarMs = oldest === undefined ? 0 : this.#clock.nowMs() - (oldest.out?.sentAtMs ?? 0);
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

  /** True when nothing is sent for it after all. */
  #isStopped(grant: Grant<RunCall>): boolean {
    const { call } = grant;
    if (this.#isUnwanted(call)) this.#ends.unwanted(call, grant);
    else if (!this.#pool.mayBegin(grant, this.#clock.nowMs())) this.#ends.withheld(call, grant);
    else return false;
    return true;
  }

  /** Nobody waits for its answer, it has one, or nobody would be there to hear it. */
  #isUnwanted(call: RunCall): boolean {
    return this.#isClosed || call.dropped || !call.durable || call.outcome !== null;
  }

  /** The turn that asked has committed, so all that it asked and said until then is there to read. */
  async #readAndRequest(grant: Grant<RunCall>): Promise<void> {
    const { call, provider, slot } = grant;
    try {
      await this.#inputs.fill(call);
      if (call.input === null) {
        return this.#valve.pass(() => {
          if (!this.#isStopped(grant)) this.#ends.lost(call, grant);
        });
      }
      const { conversation } = call.input;
      const input =
        conversation === undefined
          ? call.input
          : await this.#conversations.inputOf(call, call.input);
      // The read took its time: the lease may be in doubt by now, or the run gone.
      this.#valve.pass(() => {
        if (this.#isStopped(grant)) return;
        void this.#request(grant, input);
        this.#ends.sentLate();
      });
    } catch (error) {
      if (this.#isUnwanted(call)) return this.#ends.unwanted(call, grant);
      call.goesOut().slot = { provider, slot };
      this.#ends.failed(call, this.#pool.gates.providerOf(provider), error);
    }
  }

  async #request(grant: Grant<RunCall>, input: GenerateInput): Promise<void> {
    const { call, provider: gate, attempt, slot } = grant;
    const provider = this.#provider(gate);
    const abort = new AbortController();
    const out = call.goesOut();
    out.abort = abort;
    out.slot = { provider: gate, slot };
    out.sentAtMs = this.#clock.nowMs();
    this.#pool.begin(grant, out.sentAtMs);
    this.#underWay.add(call);
    this.#limit(call, out, input);
    try {
      const answer: unknown = await provider.call({
        input,
        idempotencyKey: call.key,
        attempt,
        signal: guardSignal(abort.signal, (thrown) => {
          const facts = { provider: provider.name, reason: thrownText(thrown) };
          this.#log.warn("a listener of a call's abort signal failed", facts);
        }),
        onText: this.#texts.ofAttempt(call, () => {
          return call.dropped || out.outcome !== null || out.abort !== abort;
        }),
      });
      // Its limit came first: its slot is another's by now, and so may be the call's next attempt.
      if (out.abort !== abort) return;
      const output = asAnswer(provider.name, answer);
      out.usage = output.usage;
      out.answeredBy = output.model;
      this.#ends.answered(call, output);
    } catch (error) {
      if (out.abort !== abort) return;
      const fault = asFault(error);
      // Not by the grant: its slot may be free already, and another's by now.
      if (call.dropped) this.#ends.unwanted(call);
      else if (fault !== null && this.#pool.bringsBack(call, fault.kind)) {
        // The run does not hear of it (promise 8).
        out.abort = null;
        if (fault.kind === 'refused') this.#refusals.tell(provider.name, fault.message);
        this.#ends.broughtBack(call, fault);
      } else this.#ends.failed(call, provider.name, error);
    } finally {
      // Its next attempt may be under way by now.
      if (call.out === null || call.out === out) this.#over(call, out);
    }
  }

  /** `attemptTimeoutMs` counts from the sending. */
  #limit(call: RunCall, out: CallOut, { attemptTimeoutMs }: GenerateInput): void {
    if (attemptTimeoutMs === undefined) return;
    out.cancelLimit = this.#clock.setTimer(attemptTimeoutMs, () => {
      const { abort } = out;
      if (abort === null || call.dropped || out.outcome !== null) return;
      // From here on it is nobody's: see invariant 2.
      out.abort = null;
      abort.abort();
      this.#over(call, out);
      this.#ends.tookTooLong(call);
    });
  }

  #over(call: RunCall, out: CallOut): void {
    out.cancelLimit();
    this.#underWay.delete(call);
    this.#lastTookMs = this.#clock.nowMs() - out.sentAtMs;
  }

  #provider(gate: string): Provider {
    const provider = this.#providers.get(this.#pool.gates.providerOf(gate));
    if (provider === undefined) throw new TypeError(`the pool granted a slot of ${gate}`);
    return provider;
  }
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
