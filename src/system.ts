/**
 * The real clock, randomness and ids of this process: the only place where heddle meets them.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { asCommitId, asReplicaId, asRunId } from './domain/ids.ts';
import type { Clock, Ids } from './runtime/ports.ts';

/** Milliseconds since the epoch, but monotonic: read once at the start and counted on from there. */
export const systemClock: Clock = {
  nowMs: () => performance.timeOrigin + performance.now(),
  setTimer: (delayMs, ring) => {
    // Longer delays overflow into an immediate ring; nobody in heddle waits that long in memory.
    const timer = setTimeout(ring, Math.min(Math.ceil(delayMs), 2_147_483_647));
    return () => clearTimeout(timer);
  },
  soon: (run) => {
    setImmediate(run);
  },
};

const random = { bytes: randomBytes(4_096), at: 0 };

function take(count: number): Buffer {
  if (random.at + count > random.bytes.length) {
    random.bytes = randomBytes(4_096);
    random.at = 0;
  }
  random.at += count;
  return random.bytes.subarray(random.at - count, random.at);
}

/** UUID version 7, RFC 9562 §5.7: 48 bits of milliseconds, then 74 of randomness. */
function uuid7(): string {
  const time = Math.floor(systemClock.nowMs()).toString(16).padStart(12, '0');
  const bytes = take(10);
  bytes[0] = ((bytes[0] ?? 0) & 0x0f) | 0x70;
  bytes[2] = ((bytes[2] ?? 0) & 0x3f) | 0x80;
  const rest = bytes.toString('hex');
  const head = `${time.slice(0, 8)}-${time.slice(8)}`;
  return `${head}-${rest.slice(0, 4)}-${rest.slice(4, 8)}-${rest.slice(8)}`;
}

export const systemIds: Ids = {
  run: () => asRunId(uuid7()),
  commit: () => asCommitId(uuid7()),
  replica: () => asReplicaId(randomUUID()),
  random: () => take(4).readUInt32BE() / 2 ** 32,
};
