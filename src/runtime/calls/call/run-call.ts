/**
 * A provider call of a run, from the turn that asks for it to the turn that takes its result.
 *
 * One object is all that there is of a call that waits: its place, its estimate and where it comes from.
 * The books (calls by run, the pool and its lines, budgets, what runs show) keep what they note of it here
 * instead of in a record each, so a hundred thousand waiting calls cost a few hundred bytes each
 * (promise 7). What there is of a call only while it is out stands in `CallOut`.
 */
import { checkGenerate } from '../../../domain/generate-input.ts';
import type { GenerateInput, GenerateOutput } from '../../../domain/catalogue.ts';
import { madeAtMs, type RunId } from '../../../domain/ids.ts';
import type { Priority } from '../../../domain/priority.ts';
import type { OpenInvocation } from '../../../kernel/port.ts';
import { estimatedTokens, totalTokens } from '../../../providers/call-tokens.ts';
import type { Wanted } from '../../../providers/served-model.ts';
import { PoolCall, type WaitChange } from '../../../providers/capacity/pool.ts';
import type { CallOutcome } from '../../../providers/capacity/gate.ts';
import type { Amount } from '../../../store/charges.ts';
import type { RunStatus } from '../../../../machines/run.ts';
import type { Names } from './names.ts';
import type { HotRun } from '../../turn/hot-run.ts';
import { noted } from '../../turn/held.ts';

/** Names an invocation for ever: also the idempotency key that providers and tasks see. */
export function callKey(runId: string, invocationId: string, incarnation: number): string {
  return `${runId}:${invocationId}:${incarnation}`;
}

export type CallOfRun = Pick<HotRun, 'run' | 'held' | 'turn' | 'status'>;

/** What a run shows of a call. */
export type ShownCall = WaitChange<RunCall>['shown'] | 'budget';

/** From a call's slot on, until it waits again or is over. */
export type CallOut = {
  /** The provider of its slot. */
  sentTo: string | null;
  /** Set from its end until the turn that takes it commits. */
  outcome: CallOutcome | null;
  /** What it has used, from its answer on. */
  usage: GenerateOutput['usage'] | null;
  /** The model that its answer names. */
  answeredBy: string | null;
  /** Its result is in its run's inbox already, and its slot is given on. */
  kept: boolean;
  sentAtMs: number;
  slot: { readonly provider: string; readonly slot: number } | null;
  abort: AbortController | null;
  cancelLimit: () => void;
};

const noLimit = (): void => undefined;

export class RunCall extends PoolCall {
  readonly tenant: string;
  readonly runId: RunId;
  readonly shard: number;
  readonly invocationId: string;
  readonly incarnation: number;
  readonly user: string;
  readonly pipeline: string;
  readonly pipelineStartedAtMs: number;
  readonly priority: Priority;
  readonly weight: number;
  readonly #inputTokens: number;
  readonly #outputTokens: number;
  /** Where it wants to go. One object for all calls that want the same. */
  readonly wanted: Wanted;
  /** Those that it names; fewer where its budgets have room at some only. */
  providers: readonly string[] | undefined;
  /** What is asked; null while the call only waits, far back in its line. */
  input: GenerateInput | null;
  /** Its run as the row had it with the last turn, or change of status: what the next may expect. */
  turn: number;
  status: RunStatus;
  /** The turn that asked for it has committed. */
  durable = false;
  /** Not in the pool. */
  outside = true;
  dropped = false;
  /** What it holds of its budgets; null: nothing. */
  reserved: Amount | null = null;
  out: CallOut | null = null;
  /** The next call of its run: see calls-by-run.ts. */
  next: RunCall | null = null;
  /** What its run was told last to show of it: see wait-status.ts. */
  shown: ShownCall = 'calling';
  /** The full budget that it waits for: see budget-line.ts. */
  fullBudget: object | null = null;

  constructor(
    { run, held, turn, status }: CallOfRun,
    invocation: OpenInvocation,
    { weight, names }: { readonly weight: number; readonly names: Names },
  ) {
    super();
    const { tenant, runId, shard, user, pipeline, priority } = run;
    const input = checkGenerate(invocation.input ?? null);
    const { conversation = '' } = input;
    const estimate = estimatedTokens(input, noted(held.conversations, conversation)?.chars);
    this.tenant = names.one(tenant);
    this.runId = runId;
    this.shard = shard;
    this.invocationId = names.one(invocation.id);
    this.incarnation = invocation.incarnation;
    this.user = names.one(user);
    // A run that names none is a pipeline of its own.
    this.pipeline = pipeline === runId ? runId : names.one(pipeline);
    this.pipelineStartedAtMs = madeAtMs(runId);
    this.priority = names.one(priority);
    this.weight = weight;
    this.#inputTokens = estimate.inputTokens;
    this.#outputTokens = estimate.outputTokens;
    this.wanted = names.wanted(input);
    this.providers = this.wanted.providers;
    this.input = input;
    this.turn = turn;
    this.status = names.one(status);
  }

  get key(): string {
    return callKey(this.runId, this.invocationId, this.incarnation);
  }

  /** Of its invocation. */
  get id(): string {
    return this.invocationId;
  }

  /** What it may use: what a budget reserves for it. */
  get estimate(): GenerateOutput['usage'] {
    return { inputTokens: this.#inputTokens, outputTokens: this.#outputTokens };
  }

  get cost(): number {
    return this.#inputTokens + this.#outputTokens;
  }

  get provider(): string | undefined {
    return this.wanted.provider;
  }

  get model(): string | undefined {
    return this.wanted.model;
  }

  get tier(): string | undefined {
    return this.wanted.tier;
  }

  get outcome(): CallOutcome | null {
    return this.out === null ? null : this.out.outcome;
  }

  is(invocation: { readonly id: string; readonly incarnation: number }): boolean {
    return this.invocationId === invocation.id && this.incarnation === invocation.incarnation;
  }

  /** It is in no slot from here on. What it has used there, if that is known, in tokens. */
  leavesSlot(): number | undefined {
    if (this.out === null) return undefined;
    this.out.slot = null;
    return this.out.usage === null ? undefined : totalTokens(this.out.usage);
  }

  /** It has a slot, or an end. */
  goesOut(): CallOut {
    this.out ??= {
      sentTo: null,
      outcome: null,
      usage: null,
      answeredBy: null,
      kept: false,
      sentAtMs: 0,
      slot: null,
      abort: null,
      cancelLimit: noLimit,
    };
    return this.out;
  }
}
