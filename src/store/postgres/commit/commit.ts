/**
 * One batch, from the call to its outcome. It owns how often a transaction is tried, and why.
 *
 * Invariants:
 * 1. The batch's commit id is the transaction's first row, so however often it is sent it is
 *    committed once. When the reply is lost, the same batch is sent again: it waits for the first
 *    one if that is still under way, and then either finds its row or is the first.
 * 2. Every pass either ends the commit or counts against a bound.
 */
import { heddleError, HeddleError } from '../../../domain/errors.ts';
import { asRunId } from '../../../domain/ids.ts';
import type { ArrivalOutcome, Batch, BatchOutcome, TurnOutcome } from '../../batch.ts';
import type { InboxArrival, RunAddress } from '../../rows.ts';
import { arrivalOutcomes } from '../tables/arrival-writes.ts';
import { diagnose } from './commit-diagnosis.ts';
import { hasLooseTurn, newFates, refusedText, type Fates } from './commit-fates.ts';
import { planCommit, type Plan } from './commit-plan.ts';
import { findPoison } from './commit-poison.ts';
import { accepted, memoryOutcomes, replay, startedRuns, targetOutcome } from './commit-replay.ts';
import { failureKind, portError, reasonOf } from '../link/failure.ts';
import type { Results } from '../link/link.ts';
import { pause, type Pool } from '../link/pool.ts';

export type CommitPools = { readonly write: Pool; readonly read: Pool };

const triesMax = 5;
const passesMax = 50;
/** How long a commit whose reply was lost is pursued before its fate is given up as unknown. */
const settleMsMax = 60_000;

export async function commitBatch(pools: CommitPools, batch: Batch): Promise<BatchOutcome> {
  const fates = newFates(batch);
  const attempts = new Attempts();
  // A first turn is number 1; the statement that creates a run has no say in that.
  const odd = batch.turns.some((turn) => turn.create !== null && turn.expectedTurn !== 0);
  if (odd) await diagnose(pools.read, batch, fates);
  for (;;) {
    if (hasLooseTurn(batch, fates)) await diagnose(pools.read, batch, fates);
    const plan = planCommit(batch, fates, false);
    try {
      const results = await sent(pools.write, plan, attempts);
      if (results === null) return await replay(pools.read, batch, fates);
      return await outcomeOf(pools, batch, fates, plan, results);
    } catch (error) {
      await attempts.failed(error);
      await leaveOut(pools, batch, fates, error, attempts);
    }
  }
}

/** Null when this batch has been committed before. From here on its outcome must be told. */
async function sent(pool: Pool, plan: Plan, attempts: Attempts): Promise<Results | null> {
  let results: Results | null = null;
  try {
    results = await pool.run(plan.calls);
  } catch (error) {
    if (failureKind(error) !== 'replay') throw error;
  }
  attempts.mayBeCommitted();
  return results;
}

async function leaveOut(
  pools: CommitPools,
  batch: Batch,
  fates: Fates,
  error: unknown,
  attempts: Attempts,
): Promise<void> {
  const kind = failureKind(error);
  if (kind !== 'guard' && kind !== 'data') return;
  const before = refusedText(fates);
  await diagnose(pools.read, batch, fates);
  if (refusedText(fates) !== before) return attempts.leftOut(error);
  if (kind === 'guard') return attempts.fruitless(error);
  if (await findPoison(pools.write, batch, fates)) return;
  throw heddleError('store-poison', { reason: reasonOf(error) }, { cause: error });
}

/** Counts what went wrong, waits between tries, and gives up in the right words. */
class Attempts {
  private tries = 0;
  private losses = 0;
  private passes = 0;
  private inDoubtSinceMs: number | null = null;

  async failed(error: unknown): Promise<void> {
    const kind = error instanceof HeddleError ? 'lost' : failureKind(error);
    switch (kind) {
      case 'guard':
      case 'data':
        // They come after the commit's own row, so no earlier try has left one.
        this.inDoubtSinceMs = null;
        return;
      case 'lost':
        return this.lost(error);
      case 'again':
      case 'busy':
      case 'slow':
        // Perhaps it waited for an earlier try of its own.
        if (this.inDoubtSinceMs !== null) return this.lost(error);
        if (kind === 'slow') throw portError(error);
        return this.fruitless(error);
      default:
        // It says nothing about an earlier try, which may be committed.
        if (this.inDoubtSinceMs !== null) return this.lost(error);
        throw portError(error);
    }
  }

  mayBeCommitted(): void {
    this.inDoubtSinceMs ??= performance.now();
  }

  /** Others may move what this batch stands on again and again; then it is for its sender to wait. */
  leftOut(error: unknown): void {
    if (++this.passes > passesMax) throw portError(error);
  }

  async fruitless(error: unknown): Promise<void> {
    if (++this.tries >= triesMax) throw portError(error);
    await pause(this.tries);
  }

  /** A HeddleError is the pool's: it had no connection, so this try has sent nothing. */
  private async lost(error: unknown): Promise<void> {
    if (error instanceof HeddleError && (this.inDoubtSinceMs === null || error.code === 'closed')) {
      throw error;
    }
    this.inDoubtSinceMs ??= performance.now();
    if (performance.now() - this.inDoubtSinceMs > settleMsMax) {
      const reason = `the reply to a commit was lost (${reasonOf(error)}); send the same batch again`;
      throw heddleError('store-unavailable', { reason, inDoubt: true }, { cause: error });
    }
    await pause(++this.losses);
  }
}

async function outcomeOf(
  pools: CommitPools,
  batch: Batch,
  fates: Fates,
  plan: Plan,
  results: Results,
): Promise<BatchOutcome> {
  const { arrivals } = batch;
  const committed: TurnOutcome = { kind: 'committed' };
  const live = arrivals.inbox.filter((_, index) => fates.inbox[index] === null);
  const inbox = inboxOutcomes(live, plan, results);
  let place = 0;
  return {
    turns: fates.turns.map((fate) => fate ?? committed),
    statusChanges: fates.statusChanges.map((fate) => fate ?? committed),
    results: fates.results.map((fate) => fate ?? committed),
    slots: fates.slots.map((fate) => fate ?? committed),
    starts: await startOutcomes(pools, batch, fates, plan, results),
    inbox: fates.inbox.map((fate) => fate ?? inbox[place++] ?? accepted),
    messages: fates.messages.map((fate) => fate ?? accepted),
    memory: memoryOutcomes(fates),
    wakes: wakesOf(plan, results),
  };
}

/** Of the rows that took part in the transaction. */
function inboxOutcomes(
  rows: readonly InboxArrival[],
  plan: Plan,
  results: Results,
): ArrivalOutcome[] {
  if (plan.accepting !== null) return arrivalOutcomes(rows, results.get(plan.accepting) ?? []);
  const targets = plan.targets === null ? [] : (results.get(plan.targets) ?? []);
  return rows.map((row, index) => targetOutcome(row, targets[index] ?? []));
}

async function startOutcomes(
  pools: CommitPools,
  batch: Batch,
  fates: Fates,
  plan: Plan,
  results: Results,
): Promise<ArrivalOutcome[]> {
  const { starts } = batch.arrivals;
  if (starts.length === 0) return [];
  const fresh = new Set(
    plan.queued === null ? [] : results.get(plan.queued)?.map(([tenant, id]) => `${tenant} ${id}`),
  );
  const outcomes = starts.map(({ tenant, runId }, index) => {
    if (fates.starts[index] !== null) return fates.starts[index] ?? null;
    return fresh.delete(`${tenant} ${runId}`) ? accepted : null;
  });
  if (outcomes.every((outcome) => outcome !== null)) return outcomes;
  const known = await startedRuns(pools.read, starts);
  return outcomes.map((outcome, index) => {
    const run = known[index] ?? null;
    return outcome ?? (run === null ? accepted : { kind: 'existing', run });
  });
}

function wakesOf(plan: Plan, results: Results): RunAddress[] {
  const wakes = new Map<string, RunAddress>();
  for (const call of plan.waking) {
    for (const [tenant, runId, shard] of results.get(call) ?? []) {
      if (!tenant || !runId) continue;
      wakes.set(`${tenant} ${runId}`, { tenant, runId: asRunId(runId), shard: Number(shard) });
    }
  }
  return [...wakes.values()];
}
