/**
 * Ids that count up, and random numbers from a seed: the same test gives the same ids and the same
 * jitter.
 */
import { createHash } from 'node:crypto';
import { asCommitId, asReplicaId, asRunId } from '../domain/ids.ts';
import type { Ids } from '../runtime/ports.ts';

export function countedIds(seed = 0): Ids {
  let last = 0;
  const head = seed.toString(16).padStart(8, '0');
  const next = (): string => {
    last += 1;
    return `${head}-0000-7000-8000-${last.toString(16).padStart(12, '0')}`;
  };
  return {
    run: () => asRunId(next()),
    commit: () => asCommitId(next()),
    replica: () => asReplicaId(next()),
    sha256: (bytes) => createHash('sha256').update(bytes).digest('hex'),
    random: seed === 0 ? () => 0.5 : chance(seed),
  };
}

/** Mulberry32: random enough to spread retries, and the same on every platform. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
