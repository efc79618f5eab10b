/**
 * Requests under way: from the commit of a call's slot to the end of the attempt.
 *
 * Owns the attempt itself, with the input and the conversation that the provider gets. `calls.ts` decides
 * which call may be sent and when. `call/call-ends.ts` decides what the end of an attempt means for call,
 * slot and run.
 *
 * 1. Nothing is sent for a call that is over, by a replica that closes, or to a provider that has asked
 *    to wait or is out since the slot was given. This is checked when the call's turn comes, and again
 *    after its conversation was read.
 * 2. Each attempt has exactly one of the ends in `RequestEnds`. It ends the state `sent` of that attempt, or
 *    the state `leaving` that followed when the call left. A result that comes after the attempt's limit is
 *    dropped.
 */
import type { ProviderStatus } from '../../../machines/provider.ts';
import type { CapacitySettings } from '../../domain/capacity-settings.ts';
import type { GenerateRequest, GenerateOutput } from '../../domain/catalogue.ts';
import { isA, thrownText } from '../../domain/thrown.ts';
import type { BroughtBack, Pool } from '../../providers/capacity/pool.ts';
import { totalTokens } from '../../providers/call-tokens.ts';
import { asFault } from '../../providers/check-provider.ts';
import type { ModelDelta } from '../../domain/catalogue.ts';
import type { Provider } from '../../providers/port.ts';
import type { CallInputs } from './call-inputs.ts';
import { Refusals } from './attempt/refusals.ts';
import { ProviderAnswers, UnfitAnswer, usedBy } from './attempt/provider-answer.ts';
import type { StateOf, Used } from './call/call-state.ts';
import type { RunCall } from './call/run-call.ts';
import type { CallImages } from './attempt/call-images.ts';
import type { Conversations } from './conversations.ts';
import type { LeaseValve } from './lease-valve.ts';
import { guardSignal } from '../host/guarded-signal.ts';
import type { Clock, Log } from '../ports.ts';
import type { Texts } from './texts.ts';

export type FaultOf<Kind> = {
  readonly kind: Kind;
  readonly retryAfterMs: number | null;
  readonly text: string;
  /** An answer had begun. */
  readonly isCut?: boolean;
};

export type RequestEnds = {
  /** No run waits for it and no request is out: its slot is free. `tokens`: what the call has used anyway. */
  unwanted(call: RunCall, tokens?: number): void;
  /** The provider has asked to wait, or is out: nothing was sent, and the call waits again. */
  withheld(call: RunCall, state: StateOf<'cleared'>): void;
  /** The run's row has no such call open: nothing was sent, and the run has to be read again. */
  lost(call: RunCall, state: StateOf<'cleared'>): void;
  /** A request whose input had to be read first was sent. */
  sentLate(): void;
  answered(call: RunCall, state: StateOf<'sent'>, output: GenerateOutput, used: Used): void;
  /** A fault that the pool answers with another attempt. */
  broughtBack(call: RunCall, state: StateOf<'sent'>, fault: FaultOf<BroughtBack>): void;
  /** The attempt has taken longer than the author allows: it is aborted, and another attempt follows. */
  tookTooLong(call: RunCall, state: StateOf<'sent'>): void;
  /** `used`: what answers have cost that were of no use. */
  failed(call: RunCall, state: StateOf<'sent' | 'cleared'>, error: unknown, used?: Used): void;
};

const noLimit = (): void => undefined;

export class CallRequests {
  readonly #clock: Clock;
  readonly #valve: LeaseValve;
  readonly #texts: Texts;
  readonly #conversations: Conversations;
  readonly #images: CallImages;
  readonly #inputs: CallInputs;
  readonly #pool: Pool<RunCall>;
  readonly #providers: ReadonlyMap<string, Provider>;
  readonly #refusals: Refusals;
  readonly #log: Log;
  readonly #ends: RequestEnds;
  readonly #lastingMs: number;
  readonly #answers = new ProviderAnswers<RunCall>();
  /** The oldest first. */
  readonly #underWay = new Set<StateOf<'sent'>>();
  /** How long the request took that ended last. */
  #lastTookMs = 0;
  #isClosed = false;

  constructor(options: {
    readonly clock: Clock;
    readonly capacity: CapacitySettings;
    readonly valve: LeaseValve;
    readonly texts: Texts;
    readonly conversations: Conversations;
    readonly images: CallImages;
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
    this.#images = options.images;
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
    const isWhole =
      input !== null && input.conversation === undefined && !this.#images.isNeededBy(input);
    if (isWhole) void this.#request(call, state, input);
    else void this.#readAndRequest(call, state);
  }

  /** Calls wait for slots, and calls take long: then work that frees slots comes before turns. */
  get areSlotsScarce(): boolean {
    if (!this.#pool.hasQueued) return false;
    const [oldest] = this.#underWay;
    const soFarMs = oldest === undefined ? 0 : this.#clock.nowMs() - oldest.sentAtMs;
    return Math.max(this.#lastTookMs, soFarMs) >= this.#lastingMs;
  }

  /** What the answers of a call that has not ended have cost. */
  used(call: RunCall): Used | undefined {
    return this.#answers.used(call);
  }

  /** The next refusal of this provider is logged again. */
  reopened(provider: string): void {
    this.#refusals.reopened(provider);
  }

  /** Requests that were sent may still end; calls that wait for a conversation, an image or an input give up. */
  close(): void {
    this.#isClosed = true;
    this.#conversations.close();
    this.#images.close();
    this.#inputs.close();
  }

  /** Null: no request is sent for this call now. */
  #mayGo(call: RunCall): StateOf<'cleared'> | null {
    const { state } = call;
    if (state.kind !== 'cleared' || this.#isClosed) this.#ends.unwanted(call);
    else if (this.#pool.mayBegin(state.slot, this.#clock.nowMs())) return state;
    else this.#ends.withheld(call, state);
    return null;
  }

  /** The turn that asked has committed, so the rows hold its input and its whole conversation. */
  async #readAndRequest(call: RunCall, state: StateOf<'cleared'>): Promise<void> {
    try {
      await this.#inputs.fill(call);
      if (call.input === null) {
        return this.#valve.pass(() => {
          if (this.#mayGo(call) !== null) this.#ends.lost(call, state);
        });
      }
      const { conversation } = call.input;
      const said =
        conversation === undefined
          ? call.input
          : await this.#conversations.inputOf(call, call.input);
      const input = await this.#images.fill(call.tenant, said);
      // The read took time: by now the lease may be in doubt, or the run may have left the call.
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

  async #request(call: RunCall, from: StateOf<'cleared'>, input: GenerateRequest): Promise<void> {
    const { slot } = from;
    const provider = this.#provider(slot.provider);
    const abort = new AbortController();
    const sentAtMs = this.#clock.nowMs();
    this.#pool.begin(slot, sentAtMs);
    const cancelLimit = this.#limit(call, abort, input);
    const sent = call.move(from, 'send', { kind: 'sent', slot, sentAtMs, abort, cancelLimit });
    this.#underWay.add(sent);
    const show = this.#texts.ofAttempt(call, () => call.state !== sent);
    let hasBegun = false;
    const shown = (delta: ModelDelta): void => {
      hasBegun = true;
      show(delta);
    };
    try {
      const answer = await this.#answers.of(call, provider, {
        input,
        idempotencyKey: call.key,
        attempt: slot.attempt,
        signal: guardSignal(abort.signal, (thrown) => {
          const facts = { provider: provider.name, reason: thrownText(thrown) };
          this.#log.warn("a listener of a call's abort signal failed", facts);
        }),
        onText: (text) => shown({ type: 'text', text }),
        onDelta: shown,
      });
      if (call.state === sent) {
        const own = usedBy(provider.name, answer);
        this.#ends.answered(call, sent, answer, this.#answers.used(call, own) ?? own);
      } else if (isLeaving(call, sent)) this.#ends.unwanted(call, totalTokens(answer.usage));
    } catch (error) {
      this.#failed(call, sent, { provider: provider.name, error, hasBegun });
    } finally {
      this.#over(sent);
    }
  }

  #failed(
    call: RunCall,
    sent: StateOf<'sent'>,
    { provider, error, hasBegun }: { provider: string; error: unknown; hasBegun: boolean },
  ): void {
    if (call.state !== sent) {
      // Not compared by slot: after the attempt's limit the slot may hold another call or a later attempt.
      if (isLeaving(call, sent)) this.#ends.unwanted(call);
      return;
    }
    const isUnfit = isA(error, UnfitAnswer);
    const used = this.#answers.used(call, isUnfit ? usedBy(provider, error.answer) : undefined);
    if (isUnfit) return this.#ends.failed(call, sent, error.cause, used);
    const fault = asFault(error);
    if (fault === null) return this.#ends.failed(call, sent, error, used);
    const { kind, retryAfterMs } = fault;
    const isCut = kind === 'outage' && (hasBegun || fault.isCut);
    if (!this.#pool.bringsBack(call, kind)) return this.#ends.failed(call, sent, error, used);
    // The run does not hear of it (promise 8).
    if (kind === 'refused') this.#refusals.tell(provider, fault.message);
    const gate = this.#pool.gates.gate(sent.slot.provider);
    const wasStalled = isStalled(gate);
    this.#ends.broughtBack(call, sent, { kind, retryAfterMs, text: fault.message, isCut });
    // Once for each stall: a probe that fails leads from one stalled state to another.
    if (wasStalled || !isStalled(gate)) return;
    const facts = { provider: gate.name, reason: fault.message };
    this.#log.warn('a provider does not answer and is stalled', facts);
  }

  /** `attemptTimeoutMs` counts from the sending. */
  #limit(call: RunCall, abort: AbortController, input: GenerateRequest): () => void {
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

function isStalled({ status }: { readonly status: ProviderStatus }): boolean {
  return status === 'stalled' || status === 'probing';
}

/** The call has left while this attempt was under way. */
function isLeaving({ state }: RunCall, { abort }: StateOf<'sent'>): boolean {
  return state.kind === 'leaving' && state.sent?.abort === abort;
}
