/**
 * What happened in a world, as seen from outside: for the checks at its end, and for the marks that
 * show that the simulation reaches what it is there for.
 */
import type { ProviderCall } from '../../src/providers/port.ts';
import type { Batch } from '../../src/store/batch.ts';
import {
  Fates,
  type ArrivalKind,
  type BatchOutcome,
  type PartKind,
} from '../../src/store/fates.ts';
import type { Hint, Renewal } from '../../src/store/port.ts';
import type { RunAddress } from '../../src/store/rows.ts';
import type { Replica } from './replica.ts';
import type { ThrowingPlace } from './throws.ts';
import type { World } from './world.ts';

/** Each must be reached now and then, or the simulation shows less than it says. */
const marks = [
  'takeover',
  'conflict retried',
  'answered meanwhile',
  'fenced commit refused',
  'commit in doubt',
  'stale timer ignored',
  'wake found by poll',
  'call made again',
  'result kept',
  'hint lost',
  'slots of lost shards written',
] as const;
const fencedWork: readonly PartKind[] = ['turns', 'statusChanges', 'results'];
/** A place whose author has thrown. */
export type Mark = (typeof marks)[number] | `threw: ${ThrowingPlace}`;

export class History {
  /** What clients were told is durable, or would have been had the answer come. */
  readonly accepted = new WeakSet<object>();
  readonly reached = new Set<Mark>();
  /** Every status that a run has had. */
  readonly statuses = new Set<string>();
  /** By idempotency key: how often the provider was asked. */
  readonly calls = new Map<string, number>();
  /** By idempotency key: how often the task was tried. */
  readonly tasks = new Map<string, number>();
  /** Items until everything had ended. */
  items = 0;
  crashes = 0;
  crashesInWork = 0;
  /** Before and after which kinds of requests replicas died: `before commit`, `after load`. */
  readonly crashedAt = new Set<string>();
  faults = 0;
  readonly #commits = new Set<string>();
  readonly #unheard = new Set<number>();

  knows({ commitId }: Batch): boolean {
    return this.#commits.has(commitId);
  }

  crash(inWork: boolean): void {
    this.crashes += 1;
    this.faults += 1;
    if (inWork) this.crashesInWork += 1;
  }

  call(_: Replica, call: ProviderCall): void {
    const times = (this.calls.get(call.idempotencyKey) ?? 0) + 1;
    this.calls.set(call.idempotencyKey, times);
    if (times > 1) this.reached.add('call made again');
  }

  lost(_: Replica, what: string, about: unknown): void {
    this.faults += 1;
    if (what === 'hint') {
      this.reached.add('hint lost');
      const hint = about as Hint;
      if (hint.kind === 'work') for (const shard of hint.shards) this.#unheard.add(shard);
    }
    if (what !== 'commit') return;
    for (const { shard } of (about as BatchOutcome).wakes) this.#unheard.add(shard);
  }

  saw(world: World, method: string, args: readonly unknown[], result: unknown): void {
    if (method === 'commit') {
      checkFence(world, args[0] as Batch, result as BatchOutcome);
      this.#sawCommit(world, args[0] as Batch, result as BatchOutcome);
    }
    if (method === 'pending') {
      const { runs } = result as { readonly runs: readonly RunAddress[] };
      if (runs.some(({ shard }) => this.#unheard.delete(shard)))
        this.reached.add('wake found by poll');
    }
    if (method === 'renew') {
      const { shards } = result as Renewal;
      if (world.nowMs > 0 && shards.some(({ epoch }) => epoch > 1)) this.reached.add('takeover');
    }
  }

  #sawCommit(world: World, batch: Batch, outcome: BatchOutcome): void {
    if (this.#commits.has(batch.commitId)) this.reached.add('commit in doubt');
    this.#commits.add(batch.commitId);
    const { shards } = world.store.database.tables;
    const isLost = (shard: number): boolean => shards.get(String(shard))?.owner !== batch.replicaId;
    const isLate = batch.slots.some(({ call }) => call !== null && isLost(call.shard));
    if (isLate) this.reached.add('slots of lost shards written');
    if (batch.results.length > 0) this.reached.add('result kept');
    for (const part of outcome.fates) {
      const { kind } = part.fate;
      const isWork = fencedWork.includes(part.kind);
      if (kind === 'fenced' && isWork) this.reached.add('fenced commit refused');
      if (kind === 'answered') this.reached.add('answered meanwhile');
      if (kind === 'conflict') this.reached.add('conflict retried');
    }
    for (const { status } of [...batch.turns, ...batch.statusChanges]) this.statuses.add(status);
    const fates = new Fates(outcome.fates);
    for (const kind of Object.keys(batch.arrivals) as ArrivalKind[]) {
      batch.arrivals[kind].forEach((value, i) => {
        const fate = fates.of(kind, i);
        if (fate === null || fate.kind === 'renumbered') this.accepted.add(value);
      });
    }
  }
}

/** Promise 6: what has committed was of the shard's owner, at its epoch. */
function checkFence(world: World, batch: Batch, outcome: BatchOutcome): void {
  const { shards } = world.store.database.tables;
  const check = ({ shard }: RunAddress): void => {
    const row = shards.get(String(shard));
    if (row?.owner === batch.replicaId && row.epoch === batch.epochs.get(shard)) return;
    world.trouble('stale epoch committed', { shard, epoch: row?.epoch });
  };
  // A batch that is sent again is told its first outcome, whoever owns the shard by now.
  if (world.history.knows(batch)) return;
  const fates = new Fates(outcome.fates);
  fates.without('turns', batch.turns).forEach(check);
  fates.without('statusChanges', batch.statusChanges).forEach(check);
  fates.without('results', batch.results).forEach(check);
}
