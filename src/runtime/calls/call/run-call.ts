/**
 * A provider call of a run, from the turn that asks for it to the turn that takes its result.
 *
 * A call that waits is one object and nothing else, so a hundred thousand of them cost a few hundred
 * bytes each (promise 7). What the call asks, and for which run, never changes. Its state is one of
 * `call-table.ts`, with the data that `call-state.ts` gives to it; only `move` writes the state. Every other
 * field that changes has one writer: the pool writes those of `PoolCall`, `calls-by-run.ts` writes `next`,
 * `turn` and `status`, `call-inputs.ts` writes `input`.
 */
import { heddleError } from '../../../domain/errors.ts';
import { checkGenerate } from '../../../domain/model/generate-input.ts';
import type { GenerateRequest, GenerateOutput } from '../../../domain/catalogue.ts';
import type { RunId } from '../../../domain/ids.ts';
import type { OpenInvocation } from '../../../kernel/port.ts';
import { estimatedTokens } from '../../../providers/call-tokens.ts';
import { needsOf, type Need } from '../../../domain/model/needs.ts';
import type { Wanted } from '../../../providers/served-model.ts';
import { PoolCall, type WaitChange } from '../../../providers/capacity/pool.ts';
import type { RunStatus } from '../../../../machines/run.ts';
import {
  isIn,
  proposed,
  type CallState,
  type EventOf,
  type MovedTo,
  type StateOf,
} from './call-state.ts';
import { isInTable, type CallKind, type EventIn } from './call-table.ts';
import type { Names } from './names.ts';
import type { HotRun } from '../../turn/hot-run.ts';
import { isUnwritten, noted } from '../../turn/held.ts';

/** Names an invocation for ever. Providers and tasks see it as their idempotency key. */
export function callKey(runId: string, invocationId: string, incarnation: number): string {
  return `${runId}:${invocationId}:${incarnation}`;
}

export type CallOfRun = Pick<HotRun, 'run' | 'held' | 'turn' | 'status'>;

/** The form in which a run shows a call. */
export type ShownCall = WaitChange<RunCall>['shown'] | 'budget';

export type RunCallOptions = {
  readonly weight: number;
  readonly names: Names;
  /** Hears of each move. One function for all calls. */
  readonly moved: (call: RunCall) => void;
};

export class RunCall extends PoolCall {
  readonly runId: RunId;
  readonly shard: number;
  readonly invocationId: string;
  readonly incarnation: number;
  readonly #inputTokens: number;
  readonly #outputTokens: number;
  /** Where the call wants to go. One object for all calls that want the same. */
  readonly wanted: Wanted;
  /** The rows of its conversation hold the call's own messages: an earlier release has begun it. */
  readonly isWritten: boolean;
  #state: CallState = proposed(false);
  /** The call's input; null while the call waits far back in its line, or for a budget. */
  input: GenerateRequest | null;
  /** The run's turn and status as its row has had them since the last turn or change of status. */
  turn: number;
  status: RunStatus;
  /** The next call of its run. */
  next: RunCall | null = null;
  readonly #moved: (call: RunCall) => void;

  constructor(
    { run, held, turn, status }: CallOfRun,
    invocation: OpenInvocation,
    { weight, names, moved }: RunCallOptions,
  ) {
    super(names.place(run, weight));
    const input = checkGenerate(invocation.input ?? null);
    const { conversation = '' } = input;
    const told = noted(held.conversations, conversation);
    this.isWritten = !isUnwritten(held, conversation, invocation);
    const rows = told && {
      chars: told.chars,
      images: told.imageSizes,
      hasOwn: this.isWritten,
    };
    const estimate = estimatedTokens(input, rows);
    this.runId = run.runId;
    this.shard = run.shard;
    this.invocationId = names.one(invocation.id);
    this.incarnation = invocation.incarnation;
    this.#inputTokens = estimate.inputTokens;
    this.#outputTokens = estimate.outputTokens;
    this.wanted = names.wanted(input, needsOf(input, told?.images));
    this.input = input;
    this.turn = turn;
    this.status = names.one(status);
    this.#moved = moved;
  }

  get key(): string {
    return callKey(this.runId, this.invocationId, this.incarnation);
  }

  /** The id of its invocation. */
  get id(): string {
    return this.invocationId;
  }

  /** The tokens that the call may use: a budget reserves so much for it. */
  get estimate(): GenerateOutput['usage'] {
    return { inputTokens: this.#inputTokens, outputTokens: this.#outputTokens };
  }

  get cost(): number {
    return this.#inputTokens + this.#outputTokens;
  }

  get state(): CallState {
    return this.#state;
  }

  /**
   * The only way from one state to another. Throws `illegal-transition` for a move that is not in the table,
   * and when the call is not in the state that it is moved from.
   */
  move<
    From extends CallState,
    Event extends EventOf<From> & string,
    To extends MovedTo<From, Event>,
  >(from: From, event: Event, to: To): To {
    if (this.#state !== from || !isInTable(from, event, to)) {
      const { kind } = this.#state;
      throw heddleError('illegal-transition', { chart: 'provider-call', event, state: kind });
    }
    this.#state = to;
    this.#moved(this);
    return to;
  }

  /** The call's state, which must be of this kind for this event; throws when it is another. */
  stateFor<Kind extends CallKind>(event: EventIn<Kind> & string, kind: Kind): StateOf<Kind> {
    if (isIn(this.#state, kind)) return this.#state;
    const { kind: state } = this.#state;
    throw heddleError('illegal-transition', { chart: 'provider-call', event, state });
  }

  /** No run waits for the call any more, or its run has the result. */
  get isLeft(): boolean {
    return this.#state.kind === 'leaving' || this.#state.kind === 'over';
  }

  /** The state that the call's run shows: the news of the call that were taken last. */
  get shown(): ShownCall {
    return this.#state.kind === 'held' ? 'budget' : this.told;
  }

  get provider(): string | undefined {
    return this.wanted.provider;
  }

  get providers(): readonly string[] | undefined {
    return this.wanted.providers;
  }

  get model(): string | undefined {
    return this.wanted.model;
  }

  get tier(): string | undefined {
    return this.wanted.tier;
  }

  get needs(): readonly Need[] | undefined {
    return this.wanted.needs;
  }

  is(invocation: { readonly id: string; readonly incarnation: number }): boolean {
    return this.invocationId === invocation.id && this.incarnation === invocation.incarnation;
  }
}
