/**
 * Finds the parts of a batch that Postgres refuses as such, so that their neighbours can be
 * committed without them. It tries halves in transactions that always end in a rollback: ten for
 * one poisoned turn among five hundred, and the commit itself stays one transaction with one id.
 */
import { HeddleError, heddleError } from '../../../domain/errors.ts';
import type { Batch } from '../../batch.ts';
import type { Fates, PartKind } from './commit-fates.ts';
import { planCommit } from './commit-plan.ts';
import { failureKind, portError, reasonOf, sqlstateOf } from '../link/failure.ts';
import type { Pool } from '../link/pool.ts';
import { text, type Call, statement } from '../link/statement.ts';

/** Ends a trial: nothing of it stays. */
const endTrialStatement = statement('trial_end', `select heddle.refuse($1::text)`);
const trialOver = 'HD000';
const endTrial: Call = { statement: endTrialStatement, params: [text(trialOver)] };

type Part = { readonly kind: Exclude<PartKind, 'slots' | 'settled'>; readonly index: number };

/** Gives a fate to every poisoned part; false when none was found. */
export async function findPoison(pool: Pool, batch: Batch, fates: Fates): Promise<boolean> {
  const kinds = (Object.keys(fates) as (keyof Fates)[]).filter(
    (kind) => kind !== 'slots' && kind !== 'settled' && kind !== 'renumbered',
  );
  const parts = kinds.flatMap((kind) =>
    fates[kind].flatMap((fate, index): Part[] => (fate === null ? [{ kind, index }] : [])),
  );
  const found = await search(pool, batch, fates, parts);
  for (const { part, reason } of found) {
    if (part.kind === 'turns' || part.kind === 'statusChanges' || part.kind === 'results') {
      fates[part.kind][part.index] = { kind: 'poison', reason };
    } else {
      const error = heddleError('store-poison', { reason }).toJSON();
      fates[part.kind][part.index] = { kind: 'refused', error };
    }
  }
  return found.length > 0;
}

type Found = { readonly part: Part; readonly reason: string };

async function search(
  pool: Pool,
  batch: Batch,
  fates: Fates,
  parts: readonly Part[],
): Promise<Found[]> {
  const first = parts[0];
  if (first === undefined) return [];
  const reason = await trial(pool, batch, fates, parts);
  if (reason === null) return [];
  if (parts.length === 1) return [{ part: first, reason }];
  const half = parts.length >> 1;
  const before = await search(pool, batch, fates, parts.slice(0, half));
  return [...before, ...(await search(pool, batch, fates, parts.slice(half)))];
}

/** Why Postgres refuses these parts, or null when it would take them. */
async function trial(
  pool: Pool,
  batch: Batch,
  fates: Fates,
  parts: readonly Part[],
): Promise<string | null> {
  const out = { kind: 'stale' } as const;
  const away = { kind: 'accepted' } as const;
  const only: Fates = {
    turns: batch.turns.map(() => out),
    statusChanges: batch.statusChanges.map(() => out),
    results: batch.results.map(() => out),
    slots: [],
    settled: [],
    starts: batch.arrivals.starts.map(() => away),
    inbox: batch.arrivals.inbox.map(() => away),
    messages: batch.arrivals.messages.map(() => away),
    memory: batch.arrivals.memory.map(() => away),
    renumbered: fates.renumbered,
  };
  for (const { kind, index } of parts) only[kind][index] = null;
  try {
    const { charges: _, ...rest } = batch;
    const trial = planCommit({ ...rest, slots: [], providers: [] }, only, true);
    await pool.run([...trial.calls, endTrial]);
  } catch (error) {
    const kind = error instanceof HeddleError ? null : failureKind(error);
    if (kind === 'data') return reasonOf(error);
    // The trial's own end; or a guard or a deadlock, which the commit itself will meet.
    const isMet = sqlstateOf(error) === trialOver || kind === 'guard' || kind === 'again';
    if (!isMet) throw portError(error);
  }
  return null;
}
