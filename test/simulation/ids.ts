/** Ids that count, so that the same schedule gives the same ids. */
import { createHash } from 'node:crypto';
import { asCommitId, asReplicaId, asRunId } from '../../src/domain/ids.ts';
import type { Ids } from '../../src/runtime/ports.ts';

export function simulatedIds(): Ids {
  let count = 0;
  const uuid = (kind: number): string => {
    count += 1;
    return `0000000${kind}-0000-7000-8000-${count.toString(16).padStart(12, '0')}`;
  };
  return {
    run: () => asRunId(uuid(1)),
    commit: () => asCommitId(uuid(2)),
    replica: () => asReplicaId(uuid(3)),
    sha256: (bytes) => createHash('sha256').update(bytes).digest('hex'),
    random: () => 0.5,
  };
}
