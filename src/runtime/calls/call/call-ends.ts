/**
 * The ends of a request and what follows for its call: a result that the run's next turn takes, or a way
 * back into the pool, of which the run does not hear (promise 8).
 *
 * Owns nothing. `call-requests.ts` makes the requests. `call-life.ts` ends a call that no run waits for.
 */
import type { AttemptEnd, AttemptNote } from '../../../domain/calls/attempt.ts';
import type { GenerateOutput } from '../../../domain/catalogue.ts';
import type { CallOutcome } from '../../../providers/capacity/gate.ts';
import type { BroughtBack, Pool } from '../../../providers/capacity/pool.ts';
import type { Clock } from '../../ports.ts';
import type { Incoming } from '../../turn/incoming.ts';
import type { AttemptLog } from '../attempt/attempt-log.ts';
import type { CallsOptions } from '../calls-options.ts';
import type { FaultOf, RequestEnds } from '../call-requests.ts';
import type { RestingCalls } from '../resting-calls.ts';
import type { CallGrants } from './call-grants.ts';
import type { CallLife } from './call-life.ts';
import { aborted, callError, faultResult, resultOf } from './call-result.ts';
import { proposed, queued, type CallSlot, type StateOf, type Used } from './call-state.ts';
import type { RunCall } from './run-call.ts';

type Result = Extract<Incoming, { kind: 'result' }>;

export type CallEndsOptions = Pick<CallsOptions, 'budgets' | 'deliver' | 'doubted'> & {
  readonly attempts: AttemptLog;
  readonly clock: Clock;
  readonly pool: Pool<RunCall>;
  readonly grants: CallGrants;
  readonly life: CallLife;
  readonly resting: RestingCalls;
  /** A result that was paid for. */
  readonly ended: (call: RunCall, result: Result, tookMs: number) => void;
  /** A request whose input had to be read first was sent. */
  readonly sentLate: () => void;
};

export class CallEnds implements RequestEnds {
  readonly #options: CallEndsOptions;

  constructor(options: CallEndsOptions) {
    this.#options = options;
  }

  sentLate(): void {
    this.#options.sentLate();
  }

  unwanted(call: RunCall, tokens?: number): void {
    this.#options.life.unwanted(call, tokens);
  }

  withheld(call: RunCall, state: StateOf<'cleared'>): void {
    call.move(state, 'withheld', queued(true));
    this.#back(call, state.slot, { kind: 'withheld' });
  }

  lost(call: RunCall, state: StateOf<'cleared'>): void {
    call.move(state, 'lose', proposed(true));
    this.#options.grants.free(state.slot, aborted);
    this.#options.doubted(call);
  }

  broughtBack(call: RunCall, state: StateOf<'sent'>, fault: FaultOf<BroughtBack>): void {
    state.cancelLimit();
    const { kind, retryAfterMs: waitMs, text, isCut = false } = fault;
    const how = isCut ? 'cut' : kind;
    this.#options.attempts.add(call, this.#note(state, how, { waitMs, fault: text }));
    call.move(state, kind, queued(true));
    this.#back(call, state.slot, fault);
  }

  tookTooLong(call: RunCall, state: StateOf<'sent'>): void {
    // The provider may still answer it, and charge for it.
    this.#options.budgets.reservations.settle(call, 'unknown');
    this.#options.attempts.add(call, this.#note(state, 'timed-out'));
    call.move(state, 'timed-out', queued(true));
    this.#back(call, state.slot, { kind: 'timed-out' });
  }

  /** The slot stays taken until the result is committed. */
  answered(call: RunCall, state: StateOf<'sent'>, output: GenerateOutput, used: Used): void {
    const { clock, ended } = this.#options;
    const { slot } = state;
    const { invocationId: id, incarnation } = call;
    const attempt = this.#note(state, 'answered');
    const event = { kind: 'done', id, incarnation, output: resultOf(output), attempt } as const;
    state.cancelLimit();
    call.move(state, 'answer', { kind: 'answered', slot, used, attempt });
    ended(call, { kind: 'result', event }, clock.nowMs() - state.sentAtMs);
  }

  failed(
    call: RunCall,
    state: StateOf<'sent' | 'cleared'>,
    error: unknown,
    used: Used | null = null,
  ): void {
    const { deliver, pool } = this.#options;
    const { slot } = state;
    if (state.kind === 'sent') state.cancelLimit();
    const usage = used?.tokens ?? null;
    const attempt = state.kind === 'sent' ? this.#note(state, 'failed', { usage }) : null;
    call.move(state, 'answer', { kind: 'answered', slot, used, attempt });
    const provider = pool.gates.providerOf(slot.provider);
    deliver(call, faultResult(call, callError(provider, error), attempt));
  }

  #note(
    state: StateOf<'sent'>,
    how: AttemptEnd,
    more?: Parameters<AttemptLog['end']>[3],
  ): AttemptNote {
    const { slot, sentAtMs } = state;
    const times = { sentAtMs, endedAtMs: this.#options.clock.nowMs() };
    return this.#options.attempts.end(slot, how, times, more);
  }

  /** The call is queued again, at once or after a pause. */
  #back(call: RunCall, slot: CallSlot, outcome: CallOutcome): void {
    this.#options.grants.free(slot, outcome);
    this.#options.resting.rest(call);
  }
}
