/** How many turns the first batches hold, and that a group of starts begins whole. */
import { describe, expect, it } from 'vitest';
import type { RuntimeSettings } from '../../../src/runtime/settings.ts';
import { oneReplica } from '../../support/replica.ts';
import type { ScriptStep } from '../../support/script-agent.ts';
import { watchedCommits } from '../../support/watched-commits.ts';

const waits = { agent: 'script', input: { steps: [{ do: 'wait' } satisfies ScriptStep] } };

async function world(settings: Partial<RuntimeSettings> = {}) {
  const commits = watchedCommits();
  const { heddle, clock } = await oneReplica({ between: commits.between, settings });
  await clock.idle();
  commits.seen.length = 0;
  /** First turns, by commit that has any. */
  const begun = (): number[] =>
    commits.seen
      .map(({ turns }) => turns.filter(({ expectedTurn }) => expectedTurn === 0).length)
      .filter((count) => count > 0);
  const queued = (): number => commits.seen.flatMap(({ arrivals }) => arrivals.starts).length;
  return { heddle, clock, commits, begun, queued };
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

  it('never make a commit larger than it may be, beside runs that are ready', async () => {
    const { heddle, clock, commits } = await world({ turnsMax: 10 });
    const runs = await heddle.startAll(Array.from({ length: 8 }, () => waits));
    await clock.idle();
    commits.seen.length = 0;
    await Promise.all(runs.map((run) => run.send({ type: 'go' })));
    await heddle.startAll(Array.from({ length: 10 }, () => waits));
    for (const run of runs) await run.output();
    await clock.idle();
    const sizes = commits.seen.map(({ turns }) => turns.length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(18);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(10);
  });
});
