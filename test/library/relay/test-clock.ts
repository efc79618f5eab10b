/** A clock for what replicas ask each other: the test lets the time go by, and rings the timers. */
import type { Clock } from '../../../src/runtime/ports.ts';

export type TestClock = Clock & {
  /** Lets so much time go by. No timer rings by itself. */
  readonly advance: (ms: number) => void;
  /** Rings the timers that are set. */
  readonly ring: () => void;
};

export function testClock(beginsMs: number): TestClock {
  let nowMs = beginsMs;
  const timers = new Set<() => void>();
  return {
    nowMs: () => nowMs,
    setTimer: (_, ring) => {
      timers.add(ring);
      return () => void timers.delete(ring);
    },
    soon: (run) => void setImmediate(run),
    advance: (ms) => (nowMs += ms),
    ring: () => {
      for (const ring of timers) ring();
      timers.clear();
    },
  };
}
