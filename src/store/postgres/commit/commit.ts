/**
 * One batch, from the call to its outcome. It owns how often a transaction is tried, and why.
 *
 * Invariants:
 * 1. The batch's commit id is the transaction's first row, so the batch is committed once however often
 *    it is sent. When the reply is lost, the same batch is sent again. It waits while the first
 *    transaction is still under way, and then either finds its row or is itself the first.
 * 2. Every pass either ends the commit or counts against a bound.
 */
import { heddleError, HeddleError } from '../../../domain/errors.ts';
import type { Batch } from '../../batch.ts';
import type { BatchOutcome, Fates } from '../../fates.ts';
import type { InboxArrival, RunAddress } from '../../rows.ts';
import { judgedFates, type InboxFates } from '../tables/arrival-writes.ts';
import { diagnose } from './commit-diagnosis.ts';
import { hasLooseTurn, newFates, refusedText } from './commit-fates.ts';
import { planCommit, type Plan } from './commit-plan.ts';
import { findPoison } from './commit-poison.ts';
import { putInbox, replay, startedRuns, targetFate } from './commit-replay.ts';
import { failureKind, portError, reasonOf } from '../link/failure.ts';
import type { Results } from '../link/link.ts';
import { pause, type Pool } from '../link/pool.ts';
import { runsIn } from '../link/statement.ts';

export type CommitPools = { readonly write: Pool; readonly read: Pool };

const triesMax = 5;
const passesMax = 50;
/**
 * How long a commit is sent again after its reply was lost, before its outcome is given up as unknown.
 */
const settleMsMax = 60_000;

export async function commitBatch(pools: CommitPools, batch: Batch): Promise<BatchOutcome> {
  const fates = newFates(batch);
  const attempts = new Attempts();
  // A first turn has number 1. The statement that creates a run does not check that.
  const odd = batch.turns.some((turn) => turn.create !== null && turn.expectedTurn !== 0);
  if (odd) await diagnose(pools.read, batch, fates);
  for (;;) {
    if (hasLooseTurn(batch, fates)) await diagnose(pools.read, batch, fates);
    const plan = planCommit(batch, fates, false);
    try {
      const results = await sent(pools.write, plan, attempts);
      if (results === null) return await replay(pools.read, batch);
      return await outcomeOf(pools, batch, fates, plan, results);
    } catch (error) {
      await attempts.failed(error);
      await leaveOut(pools, batch, fates, error, attempts);
    }
  }
}

/**
 * Null when this batch was committed before. Once this returns, the batch is or may be committed, so its
 * outcome must be told.
 */
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

/** Counts failures, waits between tries, and gives up with the right error. */
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
        // The statement that failed comes after the commit's own row, so no earlier try was committed.
        this.inDoubtSinceMs = null;
        return;
      case 'lost':
        return this.lost(error);
      case 'again':
      case 'busy':
      case 'slow':
        // This try may have waited for an earlier try of the same batch.
        if (this.inDoubtSinceMs !== null) return this.lost(error);
        if (kind === 'slow') throw portError(error);
        return this.fruitless(error);
      default:
        // The error says nothing about an earlier try, which may be committed.
        if (this.inDoubtSinceMs !== null) return this.lost(error);
        throw portError(error);
    }
  }

  mayBeCommitted(): void {
    this.inDoubtSinceMs ??= performance.now();
  }

  /**
   * Other commits may change the rows that this batch depends on again and again. After `passesMax`
   * passes its sender must wait.
   */
  leftOut(error: unknown): void {
    if (++this.passes > passesMax) throw portError(error);
  }

  async fruitless(error: unknown): Promise<void> {
    if (++this.tries >= triesMax) throw portError(error);
    await pause(this.tries);
  }

  /** A HeddleError comes from the pool: it had no connection, so this try has sent nothing. */
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

/** Leaves the given fates as they are: this may fail, and is then called again with them. */
async function outcomeOf(
  pools: CommitPools,
  batch: Batch,
  fates: Fates,
  plan: Plan,
  results: Results,
): Promise<BatchOutcome> {
  const { starts, inbox } = batch.arrivals;
  const told = fates.copy();
  if (starts.length > 0) await putStarts(pools, batch, told, plan, results);
  putInbox(told, inbox, inboxFates(fates.without('inbox', inbox), plan, results));
  return { fates: told.list(), wakes: wakesOf(plan, results) };
}

/** The fates of the inbox rows that took part in the transaction. */
function inboxFates(rows: readonly InboxArrival[], plan: Plan, results: Results): InboxFates {
  if (plan.accepting !== null) return judgedFates(rows, results.get(plan.accepting) ?? []);
  const targets = plan.targets === null ? [] : (results.get(plan.targets) ?? []);
  return rows.map((row, index) => targetFate(row, targets[index] ?? []));
}

/** Finds the existing run of each start whose row was not written. */
async function putStarts(
  pools: CommitPools,
  { arrivals: { starts } }: Batch,
  fates: Fates,
  plan: Plan,
  results: Results,
): Promise<void> {
  const fresh = new Set(
    plan.queued === null ? [] : results.get(plan.queued)?.map(([tenant, id]) => `${tenant} ${id}`),
  );
  const met = starts.map(({ tenant, runId }, index) => {
    return fates.of('starts', index) === null && !fresh.delete(`${tenant} ${runId}`);
  });
  if (!met.includes(true)) return;
  const known = await startedRuns(pools.read, starts);
  met.forEach((isMet, index) => {
    const run = known[index] ?? null;
    if (isMet && run !== null) fates.put('starts', index, { kind: 'existing', run });
  });
}

function wakesOf(plan: Plan, results: Results): RunAddress[] {
  return runsIn(plan.waking.flatMap((call) => results.get(call) ?? []));
}
