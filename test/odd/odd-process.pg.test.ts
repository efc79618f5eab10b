/**
 * Promise 13 in a process of its own: each place of an author's throws, rejects with, rejects late with
 * and gives each odd value, on a real Postgres, beside a host whose log and listeners do the same. The
 * process lives, and every run comes to an end; after a restart in the midst of it as well.
 */
import { execFile } from 'node:child_process';
import { expect, it } from 'vitest';
import { compiled } from '../support/compiled.ts';
import { testDatabase } from '../support/postgres.ts';

const databaseUrl = await testDatabase();
const script = await compiled('test/odd/odd-child.ts');

type Seen = {
  readonly escaped: readonly string[];
  readonly left: readonly string[];
  readonly stalled: readonly string[];
  readonly refused: number;
  readonly closed: string;
  readonly of: {
    readonly places: readonly string[];
    readonly ways: number;
    readonly kinds: number;
  };
  readonly asked: Readonly<Record<string, number>>;
};

/** How the process ended, and its last line. */
async function ended(what: string): Promise<{ readonly code: number; readonly last: string }> {
  return new Promise((resolve) => {
    const args = ['--conditions=development', script, databaseUrl, what];
    execFile(process.execPath, args, { timeout: 120_000, maxBuffer: 2 ** 30 }, (error, stdout) => {
      const code = error === null ? 0 : Number(error.code ?? -1);
      resolve({ code, last: stdout.trimEnd().split('\n').at(-1) ?? '' });
    });
  });
}

const harmless = { escaped: [], left: [], stalled: [], closed: 'well' };

it(
  'each place and odd value: no process ends of it and no run hangs',
  { timeout: 180_000 },
  async () => {
    const { code, last } = await ended('all');
    const seen = JSON.parse(last) as Seen;
    expect(seen).toMatchObject(harmless);
    expect(code).toBe(0);
    expect(seen.refused).toBeGreaterThan(100);
    const { places, ways, kinds } = seen.of;
    expect(places.length).toBeGreaterThan(40);
    for (const place of places) {
      expect(seen.asked[place], place).toBeGreaterThanOrEqual(ways * kinds);
    }
  },
);

it('nor after a restart in the midst of it', { timeout: 180_000 }, async () => {
  expect(await ended('leave')).toMatchObject({ code: 0 });
  const { code, last } = await ended('take-up');
  const seen = JSON.parse(last) as Seen;
  expect(seen).toMatchObject(harmless);
  expect(code).toBe(0);
  expect(Object.values(seen.asked).reduce((sum, times) => sum + times, 0)).toBeGreaterThan(100);
});
