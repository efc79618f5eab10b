/** The last words of a replica that closes: which slots it gives back, in a commit with nothing else. */
import { thrownText } from '../domain/thrown.ts';
import type { Batch, SlotWrite } from '../store/batch.ts';
import type { Parts } from './parts.ts';
import type { TurnBatches } from './batch/turn-batch.ts';
import { emptyBatch } from './batch/made-batch.ts';

export async function writeLastSlots(
  { ids, log, replicaId, store }: Parts,
  batches: TurnBatches,
  slots: readonly SlotWrite[],
): Promise<void> {
  if (slots.length === 0) return;
  const batch: Batch = { ...emptyBatch({ ids, replicaId }), slots };
  try {
    await batches.answered(() => store.commit(batch));
  } catch (error) {
    // Who takes the shards over finds them, as after a crash.
    log.warn('slots not given back', { error: thrownText(error) });
  }
}
