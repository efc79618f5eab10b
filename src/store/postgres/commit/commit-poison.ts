/**
 * Finds the parts of a batch whose data Postgres refuses, so that the other parts can be committed
 * without them. It tries halves in transactions that always end in a rollback: ten for one poisoned turn
 * among five hundred. The commit itself stays one transaction with one id.
 */
import { HeddleError, heddleError } from '../../../domain/errors.ts';
import type { Batch, MemoryArrival } from '../../batch.ts';
import { Fates, type PartKind } from '../../fates.ts';
import { makeBatch } from '../../make-batch.ts';
import { planCommit } from './commit-plan.ts';
import { failureKind, portError, reasonOf, sqlstateOf } from '../link/failure.ts';
import type { Pool } from '../link/pool.ts';
import { statement, text } from '../link/statement.ts';

/** Ends a trial, so that nothing of it stays. */
const refuse = statement('trial_end', [text], `select heddle.refuse($1::text)`);
const trialOver = 'HD000';
const endTrial = refuse(trialOver);

/** Slots, gates and charges hold no data of authors or models, so they cannot be poison. */
type Kind = Exclude<PartKind, 'slots' | 'settled'>;
type Part = { readonly kind: Kind; readonly index: number };

/** Gives a fate to every poisoned part; false when none was found. */
export async function findPoison(pool: Pool, batch: Batch, fates: Fates): Promise<boolean> {
  const { turns, statusChanges, results, arrivals } = batch;
  const lists = { turns, statusChanges, results, ...arrivals };
  const kinds = Object.keys(lists) as Kind[];
  const parts = kinds.flatMap((kind) =>
    lists[kind].flatMap((_, index): Part[] =>
      takesPart(fates, kind, index) ? [{ kind, index }] : [],
    ),
  );
  const found = await search(pool, batch, fates, parts);
  for (const { part, reason } of found) {
    const { kind, index } = part;
    if (kind === 'turns' || kind === 'statusChanges' || kind === 'results') {
      fates.put(kind, index, { kind: 'poison', reason });
    } else {
      const error = heddleError('store-poison', { reason }).toJSON();
      fates.put(kind, index, { kind: 'refused', error });
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

/** Returns why Postgres refuses these parts, or null when it would take them. */
async function trial(
  pool: Pool,
  batch: Batch,
  fates: Fates,
  parts: readonly Part[],
): Promise<string | null> {
  const only = <Of>(kind: Kind, list: readonly Of[]): Of[] =>
    parts.flatMap((part) => (part.kind === kind ? (list[part.index] ?? []) : []));
  const memory = batch.arrivals.memory.map((insert, index) => numbered(insert, fates, index));
  const ids = { commit: () => batch.commitId };
  const shards = { epoch: (shard: number) => batch.epochs.get(shard) };
  const tried = makeBatch(
    { ids, replicaId: batch.replicaId, shards },
    {
      turns: only('turns', batch.turns),
      statusChanges: only('statusChanges', batch.statusChanges),
      results: only('results', batch.results),
      arrivals: {
        starts: only('starts', batch.arrivals.starts),
        inbox: only('inbox', batch.arrivals.inbox),
        messages: only('messages', batch.arrivals.messages),
        memory: only('memory', memory),
      },
    },
  );
  try {
    await pool.run([...planCommit(tried, new Fates(), true).calls, endTrial]);
  } catch (error) {
    const kind = error instanceof HeddleError ? null : failureKind(error);
    if (kind === 'data') return reasonOf(error);
    // The trial has reached its own end, or has met a guard or a deadlock. The commit itself will meet
    // those.
    const isMet = sqlstateOf(error) === trialOver || kind === 'guard' || kind === 'again';
    if (!isMet) throw portError(error);
  }
  return null;
}

/** A write that was given another number still takes part. */
function takesPart(fates: Fates, kind: Kind, index: number): boolean {
  const fate = fates.of(kind, index);
  return fate === null || fate.kind === 'renumbered';
}

function numbered(insert: MemoryArrival, fates: Fates, index: number): MemoryArrival {
  const fate = fates.of('memory', index);
  return fate?.kind === 'renumbered' ? { ...insert, version: fate.version } : insert;
}
