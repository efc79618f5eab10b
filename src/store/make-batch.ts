/**
 * The one way to make a batch. Parts that are not given are empty, and the epochs follow from the parts,
 * so that no part is written without its epoch.
 */
import type { CommitId, ReplicaId } from '../domain/ids.ts';
import type { Arrivals, Batch } from './batch.ts';

/**
 * The replica that commits, and the epochs at which it holds its shards (undefined: it does not hold the
 * shard).
 */
export type Committing = {
  readonly ids: { commit(): CommitId };
  readonly replicaId: ReplicaId;
  readonly shards: { epoch(shard: number): number | undefined };
};

export type BatchParts = Partial<
  Pick<Batch, 'turns' | 'statusChanges' | 'results' | 'slots' | 'providers'>
> & {
  readonly charges?: Batch['charges'] | undefined;
  readonly attempts?: Batch['attempts'] | undefined;
  readonly arrivals?: Partial<Arrivals> | undefined;
};

const noArrivals: Arrivals = { starts: [], inbox: [], messages: [], memory: [] };

export function makeBatch({ ids, replicaId, shards }: Committing, parts: BatchParts): Batch {
  const { turns = [], statusChanges = [], results = [], slots = [], providers = [] } = parts;
  const { charges, attempts = [], arrivals } = parts;
  return {
    commitId: ids.commit(),
    replicaId,
    epochs: epochsOf(parts, shards),
    turns,
    statusChanges,
    results,
    slots,
    providers,
    ...(charges === undefined ? {} : { charges }),
    ...(attempts.length === 0 ? {} : { attempts }),
    arrivals: arrivals === undefined ? noArrivals : { ...noArrivals, ...arrivals },
  };
}

/** A shard that was lost meanwhile has no epoch: the store fences its parts (promise 6). */
function epochsOf(
  { turns, statusChanges, results, slots, charges }: BatchParts,
  shards: Committing['shards'],
): ReadonlyMap<number, number> {
  const epochs = new Map<number, number>();
  const add = ({ shard }: { readonly shard: number }): void => {
    if (epochs.has(shard)) return;
    const epoch = shards.epoch(shard);
    if (epoch !== undefined) epochs.set(shard, epoch);
  };
  turns?.forEach(add);
  statusChanges?.forEach(add);
  results?.forEach(add);
  for (const { call } of slots ?? []) if (call !== null) add(call);
  charges?.settled.forEach(add);
  return epochs;
}
