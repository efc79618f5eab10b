/**
 * The calls of this replica's runs.
 *
 * Owns which calls a run has open. Most runs have one: the map holds a run's first call, and each call
 * holds the next one.
 */
import type { RunId } from '../../domain/ids.ts';
import type { OpenInvocation } from '../../kernel/port.ts';
import { RunCall, type CallOfRun } from './call/run-call.ts';
import { Names } from './call/names.ts';
import type { TenantWeights } from '../wake/tenant-weights.ts';

type Invocation = { readonly id: string; readonly incarnation: number };

export class CallsByRun {
  readonly #weights: TenantWeights;
  readonly #first = new Map<string, RunCall>();
  readonly #tentative = new Set<RunCall>();
  readonly #names = new Names();
  readonly #moved: (call: RunCall) => void;
  #size = 0;

  constructor(weights: TenantWeights, moved: (call: RunCall) => void) {
    this.#weights = weights;
    this.#moved = moved;
  }

  get size(): number {
    return this.#size;
  }

  get(runId: string, invocation: Invocation): RunCall | undefined {
    let call = this.#first.get(runId) ?? null;
    while (call !== null && !call.is(invocation)) call = call.next;
    return call ?? undefined;
  }

  of(runId: string): RunCall[] {
    const calls: RunCall[] = [];
    for (let call = this.#first.get(runId) ?? null; call !== null; call = call.next) {
      calls.push(call);
    }
    return calls;
  }

  /** Runs of these shards that have a call here, even when nothing else of the run is in memory. */
  runsOf(isOne: (shard: number) => boolean): ReadonlySet<RunId> {
    const runs = new Set<RunId>();
    for (const call of this.all()) if (isOne(call.shard)) runs.add(call.runId);
    return runs;
  }

  /** The run's row says this from here on. */
  shown(runId: string, { turn, status }: Pick<CallOfRun, 'turn' | 'status'>): void {
    for (let call = this.#first.get(runId) ?? null; call !== null; call = call.next) {
      call.turn = turn;
      call.status = this.#names.one(status);
    }
  }

  /** All calls of the run wait far back in their lines: its snapshot is read again when it is needed. */
  areFar(runId: string): boolean {
    const calls = this.of(runId);
    return calls.length > 0 && calls.every(({ input }) => input === null);
  }

  /** A call of each run. */
  firsts(): IterableIterator<RunCall> {
    return this.#first.values();
  }

  *all(): Generator<RunCall, void, undefined> {
    for (const first of this.#first.values()) {
      for (let call: RunCall | null = first; call !== null; call = call.next) yield call;
    }
  }

  /** Makes a call, not durable and not in the pool yet. Throws `invalid-field` for an input that is no prompt. */
  make(hot: CallOfRun, invocation: OpenInvocation): RunCall {
    const weight = this.#weights.of(hot.run.tenant);
    const call = new RunCall(hot, invocation, {
      weight,
      names: this.#names,
      moved: this.#moved,
    });
    const first = this.#first.get(call.runId);
    if (first === undefined) this.#first.set(call.runId, call);
    else lastFrom(first).next = call;
    this.#size += 1;
    return call;
  }

  remove(call: RunCall): void {
    this.#tentative.delete(call);
    const { runId, next } = call;
    const first = this.#first.get(runId);
    if (first === call) {
      if (next === null) this.#first.delete(runId);
      else this.#first.set(runId, next);
    } else {
      let before = first;
      while (before !== undefined && before.next !== call) before = before.next ?? undefined;
      if (before === undefined) return;
      before.next = next;
    }
    call.next = null;
    this.#size -= 1;
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

function lastFrom(first: RunCall): RunCall {
  let last = first;
  while (last.next !== null) last = last.next;
  return last;
}
