/** How many turns the first batches hold, and that a group of starts begins whole. */
import { describe, expect, it } from 'vitest';
import { oneReplica } from '../support/replica.ts';
import type { ScriptStep } from '../support/script-agent.ts';
import { watchedCommits } from '../support/watched-commits.ts';

const waits = { agent: 'script', input: { steps: [{ do: 'wait' } satisfies ScriptStep] } };

async function world() {
  const commits = watchedCommits();
  const { heddle, clock } = await oneReplica({ between: commits.between });
  await clock.idle();
  commits.seen.length = 0;
  /** First turns, by commit that has any. */
  const begun = (): number[] =>
    commits.seen
      .map(({ turns }) => turns.filter(({ expectedTurn }) => expectedTurn === 0).length)
      .filter((count) => count > 0);
  const queued = (): number => commits.seen.flatMap(({ arrivals }) => arrivals.starts).length;
  return { heddle, clock, begun, queued };
}

describe('many starts at once', () => {
  it('are begun some tens in the first batch, and more in each that follows', async () => {
    const { heddle, clock, begun } = await world();
    await Promise.all(
      Array.from({ length: 400 }, () => heddle.start('script', { input: waits.input })),
    );
    await clock.idle();
    const sizes = begun();
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(400);
    expect(Math.max(...sizes)).toBeGreaterThan(48);
    sizes.forEach((size, i) => expect(size).toBeLessThanOrEqual(48 * 1.25 ** i));
  });

  it('begin in the commit that accepts them when they are one group, however large', async () => {
    const { heddle, begun, queued } = await world();
    await heddle.startAll(Array.from({ length: 300 }, () => waits));
    expect(begun()).toEqual([300]);
    expect(queued()).toBe(0);
  });
});
