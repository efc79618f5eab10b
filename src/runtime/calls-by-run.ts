/** The calls of this replica's runs, by key and by run. */
import { checkGenerate } from '../domain/generate-input.ts';
import type { GenerateInput, GenerateOutput } from '../domain/catalogue.ts';
import { madeAtMs } from '../domain/ids.ts';
import type { OpenInvocation } from '../kernel/port.ts';
import { estimatedTokens, totalTokens } from '../providers/call-tokens.ts';
import type { PoolCall } from '../providers/pool.ts';
import type { CallOutcome } from '../providers/provider-state.ts';
import type { Amount } from '../store/charges.ts';
import type { SlotCall } from '../store/rows.ts';
import type { RunStatus } from '../../machines/run.ts';
import type { TenantWeights } from './tenant-weights.ts';
import { Names } from './names.ts';
import type { HotRun } from './turn/hot-run.ts';
import { noted } from './turn/held.ts';

export type RunCall = PoolCall &
  Omit<SlotCall, 'attempt'> & {
    /** What is asked; null while the call only waits, far back in its line. */
    input: GenerateInput | null;
    /** What it may use: what a budget reserves for it. */
    readonly estimate: GenerateOutput['usage'];
    /** Those that its input names; `providers` has fewer where its budgets have room at some only. */
    readonly namedProviders: readonly string[] | undefined;
    providers: readonly string[] | undefined;
    /** Its run as the row had it with the last turn, or change of status: what the next may expect. */
    turn: number;
    status: RunStatus;
    /** The turn that asked for it has committed. */
    durable: boolean;
    /** Not in the pool. */
    outside: boolean;
    dropped: boolean;
    /** What it holds of its budgets; null: nothing. */
    reserved: Amount | null;
    /** The provider of its last slot. */
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

/** Names an invocation for ever: also the idempotency key that providers and tasks see. */
export function callKey(runId: string, invocationId: string, incarnation: number): string {
  return `${runId}:${invocationId}:${incarnation}`;
}

export type CallOfRun = Pick<HotRun, 'run' | 'held' | 'turn' | 'status'>;

function newRunCall(
  { run, held, turn, status }: CallOfRun,
  invocation: OpenInvocation,
  { key, weight, names }: { readonly key: string; readonly weight: number; readonly names: Names },
): RunCall {
  const { tenant, runId, shard, user, pipeline, priority } = run;
  const { id: invocationId, incarnation } = invocation;
  const input = checkGenerate(invocation.input ?? null);
  const { conversation = '' } = input;
  const estimate = estimatedTokens(input, noted(held.conversations, conversation)?.chars);
  const namedProviders = names.list(input.providers);
  return {
    key,
    input,
    estimate,
    tenant: names.one(tenant),
    runId,
    shard,
    invocationId: names.one(invocationId),
    incarnation,
    user: names.one(user),
    // A run that names none is a pipeline of its own.
    pipeline: pipeline === runId ? runId : names.one(pipeline),
    pipelineStartedAtMs: madeAtMs(runId),
    provider: input.provider,
    namedProviders,
    providers: namedProviders,
    model: names.one(input.model),
    tier: names.one(input.tier),
    priority,
    weight,
    cost: totalTokens(estimate),
    turn,
    status,
    durable: false,
    outside: true,
    dropped: false,
    reserved: null,
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
}

const noLimit = (): void => undefined;

export class CallsByRun {
  readonly #weights: TenantWeights;
  readonly #byKey = new Map<string, RunCall>();
  readonly #byRun = new Map<string, RunCall[]>();
  readonly #tentative = new Set<RunCall>();
  readonly #names = new Names();

  constructor(weights: TenantWeights) {
    this.#weights = weights;
  }

  get size(): number {
    return this.#byKey.size;
  }

  has(key: string): boolean {
    return this.#byKey.has(key);
  }

  get(key: string): RunCall | undefined {
    return this.#byKey.get(key);
  }

  of(runId: string): readonly RunCall[] {
    return this.#byRun.get(runId) ?? [];
  }

  /** What the run's row says from here on. */
  shown(runId: string, { turn, status }: Pick<CallOfRun, 'turn' | 'status'>): void {
    for (const call of this.of(runId)) {
      call.turn = turn;
      call.status = status;
    }
  }

  /** All that the run waits for here stands far back: its snapshot is read again when it is needed. */
  areFar(runId: string): boolean {
    const calls = this.of(runId);
    return calls.length > 0 && calls.every(({ input }) => input === null);
  }

  all(): IterableIterator<RunCall> {
    return this.#byKey.values();
  }

  /** Not in the pool yet, and not durable. Throws `invalid-field` for an input that is no prompt. */
  make(hot: CallOfRun, invocation: OpenInvocation, key: string): RunCall {
    const { runId, tenant } = hot.run;
    const weight = this.#weights.of(tenant);
    const call = newRunCall(hot, invocation, { key, weight, names: this.#names });
    this.#byKey.set(key, call);
    this.#byRun.set(runId, [...this.of(runId), call]);
    return call;
  }

  remove(call: RunCall): void {
    if (this.#byKey.get(call.key) === call) this.#byKey.delete(call.key);
    this.#tentative.delete(call);
    const left = this.of(call.runId).filter((other) => other !== call);
    if (left.length === 0) this.#byRun.delete(call.runId);
    else this.#byRun.set(call.runId, left);
  }

  markTentative(call: RunCall): void {
    this.#tentative.add(call);
  }

  /** Calls that were proposed since the last time. */
  takeTentative(): Set<RunCall> {
    if (this.#tentative.size === 0) return this.#tentative;
    const taken = new Set(this.#tentative);
    this.#tentative.clear();
    return taken;
  }
}
