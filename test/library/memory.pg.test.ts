/** One memory entry that many write at once, on a real Postgres: nothing that was written is lost. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Heddle, Json } from '../../src/index.ts';
import { openHeddle } from '../support/heddle.ts';
import { testDatabase } from '../support/postgres.ts';

const url = await testDatabase();
const open: Heddle[] = [];

/** Two replicas that take turns. */
async function pair(): Promise<(i: number) => Heddle> {
  for (const _ of [0, 1]) open.push((await openHeddle(url)).heddle);
  return (i) => {
    const heddle = open[i % 2];
    if (heddle === undefined) throw new TypeError('no replica');
    return heddle;
  };
}
afterEach(async () => {
  for (const heddle of open.splice(0)) await heddle.close();
});

type Version = { readonly version: number; readonly value: { readonly [key: string]: Json } };

/** All versions of an entry, the oldest first. */
async function historyOf(heddle: Heddle, key: string): Promise<Version[]> {
  const { version, value, history } = await heddle.recall({ scope: 'user' }, key, {
    history: 1_000,
  });
  return [...history.toReversed(), { version, value }].map(
    (one) => ({ version: one.version, value: one.value }) as Version,
  );
}

describe('merges', () => {
  it('of overlapping runs and replicas lose no key (promise 1)', { timeout: 120_000 }, async () => {
    const heddle = await pair();
    for (const round of [1, 2, 3]) {
      const key = `round${round}`;
      const names = Array.from({ length: 30 }, (_, i) => `n${i}`);
      const runs = await Promise.all(
        names.map((name, i) => {
          const merge = { scope: 'user', key, value: { [name]: i }, merge: true };
          const steps = [
            { do: 'sleep', ms: i % 4 },
            { do: 'remember', with: merge },
          ];
          return heddle(i).start('script', { input: { steps } });
        }),
      );
      await Promise.all(runs.map((run) => run.output({ timeoutMs: 60_000 })));
      const versions = await historyOf(heddle(0), key);
      expect(versions.map(({ version }) => version)).toEqual(names.map((_, i) => i + 1));
      const sizes = versions.map(({ value }) => Object.keys(value).length);
      expect(sizes).toEqual(names.map((_, i) => i + 1));
    }
  });
});

describe('writes from outside that expect nothing', () => {
  it('never conflict, and each is told its own version', { timeout: 60_000 }, async () => {
    const heddle = await pair();
    const writes = Array.from({ length: 100 }, (_, i) =>
      heddle(i).remember({ scope: 'user' }, 'counter', { i }),
    );
    const versions = (await Promise.all(writes)).map(({ version }) => version);
    expect(versions.toSorted((a, b) => a - b)).toEqual(versions.map((_, i) => i + 1));
    const history = await historyOf(heddle(0), 'counter');
    const told = versions.map((version) => history[version - 1]?.value['i']);
    expect(told).toEqual(versions.map((_, i) => i));
  });
});
