import { describe, expect, it } from 'vitest';
import { Rhythm } from '../../../src/runtime/wake/rhythm.ts';
import { ManualClock } from '../../support/manual-clock.ts';

type End = { readonly resolve: () => void; readonly reject: (error: Error) => void };

/** Rounds that end when they are told to. */
function beating(pauseMs: () => number | null = () => 100) {
  const clock = new ManualClock();
  const ends: End[] = [];
  const failures: unknown[] = [];
  const rhythm = new Rhythm({
    clock,
    pauseMs,
    round: () => new Promise<void>((resolve, reject) => ends.push({ resolve, reject })),
    failed: (error) => failures.push(error),
  });
  const end = async (error?: Error): Promise<void> => {
    if (error === undefined) ends.at(-1)?.resolve();
    else ends.at(-1)?.reject(error);
    await clock.idle();
  };
  return { clock, rhythm, failures, end, rounds: () => ends.length };
}

describe('a rhythm', () => {
  it('does one round at a time, with a pause after each', async () => {
    const { clock, rhythm, rounds, end } = beating();
    rhythm.start();
    rhythm.start();
    await clock.advance(99);
    expect(rounds()).toBe(0);
    await clock.advance(1);
    expect(rounds()).toBe(1);
    rhythm.start();
    await clock.advance(1_000);
    expect(rounds()).toBe(1);
    await end();
    await clock.advance(99);
    expect(rounds()).toBe(1);
    await clock.advance(1);
    expect(rounds()).toBe(2);
  });

  it('does a round at once when it is asked to, and one more after one under way', async () => {
    const { clock, rhythm, rounds, end } = beating();
    rhythm.start();
    rhythm.now();
    expect(rounds()).toBe(1);
    rhythm.now();
    rhythm.now();
    expect(rounds()).toBe(1);
    await end();
    await clock.advance(1);
    expect(rounds()).toBe(2);
    await end();
    await clock.advance(98);
    expect(rounds()).toBe(2);
    await clock.advance(2);
    expect(rounds()).toBe(3);
  });

  it('goes on after a round that fails, and not at once', async () => {
    const { clock, rhythm, rounds, end, failures } = beating();
    rhythm.now();
    rhythm.now();
    const error = new Error('away');
    await end(error);
    expect(failures).toEqual([error]);
    await clock.advance(99);
    expect(rounds()).toBe(1);
    await clock.advance(1);
    expect(rounds()).toBe(2);
  });

  it('rests while there is no pause to wait for, and begins again', async () => {
    let pauseMs: number | null = null;
    const { clock, rhythm, rounds, end } = beating(() => pauseMs);
    rhythm.start();
    await clock.advance(1_000);
    expect([rounds(), rhythm.isIdle]).toEqual([0, true]);
    pauseMs = 10;
    rhythm.start();
    rhythm.rest();
    await clock.advance(1_000);
    expect([rounds(), rhythm.isIdle]).toEqual([0, true]);
    rhythm.start();
    await clock.advance(10);
    pauseMs = null;
    await end();
    await clock.advance(1_000);
    expect([rounds(), rhythm.isIdle]).toEqual([1, true]);
  });

  it('rejects as its first round does, and then has not begun', async () => {
    const { clock, rhythm, rounds, end } = beating();
    const refused = expect(rhythm.startNow()).rejects.toThrow('away');
    await end(new Error('away'));
    await refused;
    await clock.advance(1_000);
    expect([rounds(), rhythm.isIdle]).toEqual([1, true]);
  });

  it('closes when the round under way is over, and begins no other', async () => {
    const { clock, rhythm, rounds, end } = beating();
    rhythm.now();
    rhythm.now();
    let isClosed = false;
    const closing = rhythm.close().then(() => (isClosed = true));
    await clock.idle();
    expect(isClosed).toBe(false);
    await end();
    await closing;
    rhythm.now();
    rhythm.start();
    expect([rounds(), rhythm.isIdle]).toEqual([1, true]);
    await clock.advance(1_000);
    expect(rounds()).toBe(1);
  });
});
