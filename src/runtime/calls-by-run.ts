/** The calls of this replica's runs, by key and by run. */
import { checkGenerate } from '../domain/generate-input.ts';
import type { GenerateInput, GenerateOutput } from '../domain/catalogue.ts';
import { madeAtMs } from '../domain/ids.ts';
import type { OpenInvocation } from '../kernel/port.ts';
import { estimatedTokens, totalTokens } from '../providers/call-tokens.ts';
import type { PoolCall } from '../providers/pool.ts';
import type { CallOutcome } from '../providers/provider-state.ts';
import type { Amount } from '../store/charges.ts';
import type { NewRun, SlotCall } from '../store/rows.ts';
import type { TenantWeights } from './tenant-weights.ts';
import type { HotRun } from './turn/hot-run.ts';
import { noted } from './turn/held.ts';

export type RunCall = PoolCall & {
  readonly run: NewRun;
  readonly address: Omit<SlotCall, 'attempt'>;
  readonly input: GenerateInput;
  /** What it may use: what a budget reserves for it. */
  readonly estimate: GenerateOutput['usage'];
  /** Those of its input; fewer where its budgets have room for it at some of them only. */
  providers: readonly string[] | undefined;
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

function newRunCall(
  { run, held }: Pick<HotRun, 'run' | 'held'>,
  invocation: OpenInvocation,
  { key, weight }: { readonly key: string; readonly weight: number },
): RunCall {
  const { tenant, runId, shard, user, pipeline, priority } = run;
  const { id: invocationId, incarnation } = invocation;
  const input = checkGenerate(invocation.input);
  const { conversation = '' } = input;
  const estimate = estimatedTokens(input, noted(held.conversations, conversation)?.chars);
  return {
    key,
    run,
    address: { tenant, runId, shard, invocationId, incarnation },
    input,
    estimate,
    tenant,
    user,
    pipeline,
    pipelineStartedAtMs: madeAtMs(runId),
    provider: input.provider,
    providers: input.providers,
    model: input.model,
    tier: input.tier,
    priority,
    weight,
    cost: totalTokens(estimate),
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
    cancelLimit: () => undefined,
  };
}

export class CallsByRun {
  readonly #weights: TenantWeights;
  readonly #byKey = new Map<string, RunCall>();
  readonly #byRun = new Map<string, RunCall[]>();
  readonly #tentative = new Set<RunCall>();

  constructor(weights: TenantWeights) {
    this.#weights = weights;
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

  all(): IterableIterator<RunCall> {
    return this.#byKey.values();
  }

  /** Not in the pool yet, and not durable. Throws `invalid-field` for an input that is no prompt. */
  make(hot: Pick<HotRun, 'run' | 'held'>, invocation: OpenInvocation, key: string): RunCall {
    const { runId, tenant } = hot.run;
    const call = newRunCall(hot, invocation, { key, weight: this.#weights.of(tenant) });
    this.#byKey.set(key, call);
    this.#byRun.set(runId, [...this.of(runId), call]);
    return call;
  }

  remove(call: RunCall): void {
    if (this.#byKey.get(call.key) === call) this.#byKey.delete(call.key);
    this.#tentative.delete(call);
    const left = this.of(call.run.runId).filter((other) => other !== call);
    if (left.length === 0) this.#byRun.delete(call.run.runId);
    else this.#byRun.set(call.run.runId, left);
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
