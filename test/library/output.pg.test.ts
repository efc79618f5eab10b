/** Waiting for a run that another process has: woken by its owner's hint, also when the database was away. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import type { Heddle, HeddleOptions, Json } from '../../src/index.ts';
import { eventually, openHeddle } from '../support/heddle.ts';
import { testDatabase } from '../support/postgres.ts';
import { openFolder, watched } from '../store/embedded/project.ts';
import { ask, serverProcess } from '../store/embedded/server-view.ts';

const url = await testDatabase();
/** One whose sessions are ended. */
const cutUrl = await testDatabase();
const open: Heddle[] = [];
async function host(options: HeddleOptions = {}, of = url): Promise<Heddle> {
  const { heddle } = await openHeddle(of, options);
  open.push(heddle);
  return heddle;
}
afterAll(async () => {
  for (const heddle of open.splice(0).reverse()) await heddle.close();
});

/** So that the next look at the row, without a hint, is more than two seconds away. */
const untilLooksAreRareMs = 5_200;
const soonMs = 2_000;

const waits = { steps: [{ do: 'wait' }] } as unknown as Json;

/** Counts how often this host looks at the row of a run. */
function looksOf(heddle: Heddle): () => number {
  const { store } = heddle.runtime;
  const { run } = store;
  let looks = 0;
  Object.assign(store, {
    run: (...args: Parameters<typeof run>) => {
      looks += 1;
      return run(...args);
    },
  });
  return () => looks;
}

/** Most of each is a wait: they wait together. */
describe.concurrent('who waits for a run that another process has', () => {
  it.each([{ replica: false }, { replica: true }])(
    'is woken by its end, as a host with %j',
    async (options) => {
      const owner = await host();
      const other = await host(options);
      // One that lives at the owner: two replicas share the shards.
      const runs = await owner.startAll(
        Array.from({ length: 12 }, () => ({ agent: 'script', input: waits })),
      );
      await eventually(async () => {
        for (const run of runs) expect(await run.status()).toBe('waiting-on-person');
      });
      const looks = looksOf(other);
      const outputs = Promise.all(
        runs.map(async ({ id }) => (await other.run(id, {})).output({ timeoutMs: 60_000 })),
      );
      await sleep(untilLooksAreRareMs);
      const before = looks();
      const beganMs = performance.now();
      for (const run of runs) await run.send({ type: 'go' });
      expect(await outputs).toHaveLength(runs.length);
      expect(performance.now() - beganMs).toBeLessThan(soonMs);
      expect(looks() - before).toBeLessThan(3 * runs.length);
      // In more than five seconds each was looked at nine times.
      expect(before).toBeLessThan(12 * runs.length);
    },
  );

  it('hears of it after all sessions of the database were ended', async () => {
    const owner = await host({}, cutUrl);
    const other = await host({ replica: false }, cutUrl);
    const run = await owner.start('script', { input: waits });
    const output = (await other.run(run.id)).output({ timeoutMs: 60_000 });
    await sleep(500);
    await ask(
      cutUrl,
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`,
    );
    await sleep(untilLooksAreRareMs);
    const beganMs = performance.now();
    await run.send({ type: 'go' });
    expect(await output).toHaveLength(1);
    expect(performance.now() - beganMs).toBeLessThan(soonMs);
  });
});

// The folder of a server goes with the test that ends first: by itself.
it(
  'waits while the server of heddle’s own is gone, and goes on with it',
  { timeout: 120_000 },
  async () => {
    const directory = watched(await openFolder());
    const { heddle } = await openHeddle('', { databaseUrl: null, directory });
    try {
      const run = await heddle.start('script', {
        input: { steps: [{ do: 'sleep', ms: 3_000 }] },
      });
      const output = run.output({ timeoutMs: 90_000 });
      for (let i = 0; i < 2; i += 1) {
        process.kill(await serverProcess(directory), 'SIGKILL');
        await sleep(1_000);
      }
      expect(await output).toHaveLength(1);
    } finally {
      await heddle.close();
    }
  },
);
