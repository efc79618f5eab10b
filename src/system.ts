/**
 * The real clock, randomness and ids of this process: the only place where heddle meets them.
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { asCommitId, asReplicaId, asRunId } from './domain/ids.ts';
import type { Clock, Ids } from './runtime/ports.ts';

/** About 24.8 days: the longest delay of Node's timers. */
const timeoutMsMax = 2_147_483_647;

/**
 * Milliseconds since the epoch, but monotonic: the wall clock is read once at the start, and the
 * time is counted on from there.
 */
export const systemClock: Clock = {
  nowMs: () => performance.timeOrigin + performance.now(),
  setTimer: (delayMs, ring) => {
    const untilMs = performance.now() + delayMs;
    let timer: NodeJS.Timeout;
    const arm = (): void => {
      const leftMs = untilMs - performance.now();
      // A longer delay would overflow and ring at once, so it is waited for in parts.
      const isLast = !(leftMs > timeoutMsMax);
      timer = setTimeout(isLast ? ring : arm, isLast ? Math.ceil(leftMs) : timeoutMsMax);
    };
    arm();
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

/**
 * The parts of the last id: its milliseconds, and its number among the ids of the same millisecond.
 */
const last = { ms: 0, count: 0 };

/**
 * UUID version 7, RFC 9562 §5.7: 48 bits of milliseconds, 12 bits of a counter (§6.2, method 1), 62
 * random bits. Of two ids of one process the later one is the greater, also within a millisecond
 * and when the clock goes back: runs are listed, and pipelines served, in the order in which they
 * began.
 */
function uuid7(): string {
  const bytes = take(10);
  const begins = ((bytes[0] ?? 0) << 3) | ((bytes[1] ?? 0) >> 5);
  const nowMs = Math.floor(systemClock.nowMs());
  last.count += 1;
  if (nowMs > last.ms || last.count > 0xfff) {
    last.ms = Math.max(nowMs, last.ms + 1);
    last.count = begins;
  }
  const time = last.ms.toString(16).padStart(12, '0');
  const count = last.count.toString(16).padStart(3, '0');
  bytes[2] = ((bytes[2] ?? 0) & 0x3f) | 0x80;
  const rest = bytes.toString('hex', 2);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${count}-${rest.slice(0, 4)}-${rest.slice(4)}`;
}

export const systemIds: Ids = {
  run: () => asRunId(uuid7()),
  commit: () => asCommitId(uuid7()),
  replica: () => asReplicaId(randomUUID()),
  sha256: (bytes) => createHash('sha256').update(bytes).digest('hex'),
  random: () => take(4).readUInt32BE() / 2 ** 32,
};
