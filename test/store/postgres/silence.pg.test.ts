/**
 * A server that takes connections and then says nothing, at each point of what the store does: it
 * costs a bounded time, ends in an error of the registry, and leaves no socket.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import { openPostgresStore } from '../../../src/store/postgres/postgres-store.ts';
import type { Store } from '../../../src/store/port.ts';
import { testDatabase } from '../../support/postgres.ts';
import { Bench, newRun, turnOf } from '../contract/fixture.ts';
import { SilentProxy } from './silent-proxy.ts';

const url = await testDatabase();
await (await openPostgresStore({ connectionString: url })).close();
const fresh = await Promise.all(Array.from({ length: 5 }, () => testDatabase({ empty: true })));
const nothing = async () => undefined;
const proxies: SilentProxy[] = [];
afterAll(() => Promise.all(proxies.map((proxy) => proxy.close())));

async function silentProxy(of: string, silentAfter = Infinity): Promise<SilentProxy> {
  const proxy = await SilentProxy.before(of, { silentAfter });
  proxies.push(proxy);
  return proxy;
}

/** How an opening ends; a store that was opened all the same is closed again. */
async function opening(proxy: SilentProxy): Promise<string> {
  const { connection } = proxy;
  try {
    await (await openPostgresStore({ connection, startMsMax: 100 })).close();
    return 'opened';
  } catch (error) {
    return String((error as { code?: unknown }).code);
  }
}

async function answersOfAnOpening(of: string): Promise<number> {
  const proxy = await silentProxy(of);
  await opening(proxy);
  return proxy.answers;
}

async function openStore(): Promise<{ readonly store: Store; readonly proxy: SilentProxy }> {
  const proxy = await silentProxy(url);
  return { proxy, store: await openPostgresStore({ connection: proxy.connection }) };
}

/** Most of each is a wait: they wait together. */
describe.concurrent('a server that says nothing', () => {
  it('at each answer of a start', async () => {
    const last = await answersOfAnOpening(url);
    expect(last).toBeGreaterThan(10);
    const ends = await Promise.all(
      Array.from({ length: last }, async (_, after) => {
        const proxy = await silentProxy(url, after);
        const end = await opening(proxy);
        return { after, end, open: proxy.open };
      }),
    );
    expect(ends).toEqual(ends.map(({ after }) => ({ after, end: 'store-unavailable', open: 0 })));
  }, 90_000);

  it('at answers in the middle of a migration', async () => {
    const [counted = '', ...others] = fresh;
    const last = await answersOfAnOpening(counted);
    const current = await answersOfAnOpening(url);
    const ends = await Promise.all(
      others.map(async (of, i) => {
        // What a start without a migration is answered comes before it, but for the last look at rights.
        const after = current + Math.floor(((last - current) * (i + 1)) / (others.length + 1));
        const proxy = await silentProxy(of, after);
        return [await opening(proxy), proxy.open];
      }),
    );
    expect(ends).toEqual(others.map(() => ['store-unavailable', 0]));
    // Whoever comes next finds nothing half done.
    expect(await Promise.all(others.map(answersOfAnOpening))).not.toContain(0);
  }, 120_000);

  it.each([0, 1, 2, 3, 4])(
    'after %i answers of a listener, which resolves and closes',
    async (n) => {
      const { store, proxy } = await openStore();
      proxy.fallSilent(n);
      const listener = await store.listen(() => undefined);
      await listener.close();
      await store.close();
      expect(proxy.open).toBe(0);
    },
    60_000,
  );

  it('under work of every kind, when the store is closed', async () => {
    const { store, proxy } = await openStore();
    const listener = await store.listen(() => undefined);
    const bench = new Bench({ store, advance: nothing, crash: nothing, endSessions: nothing }, 1);
    await bench.renew();
    const run = newRun(1);
    await bench.commit({ arrivals: { starts: [run] } });
    proxy.fallSilent();
    const work: readonly Promise<unknown>[] = [
      bench.commit({ turns: [turnOf(run, 0)] }),
      bench.load(run),
      store.audit(oneTenant('default')),
      store.renew({ replicaId: bench.replicaId, leaseMs: 4_000 }),
      store.notify([{ kind: 'work', shards: [1] }]),
      // More than there are connections: some wait for one.
      ...Array.from({ length: 4 }, () => store.hasBudgets()),
    ];
    const ends = Promise.all(
      work.map((one) =>
        one.then(
          () => 'done',
          (error: unknown) => (error as { code?: unknown }).code,
        ),
      ),
    );
    const begunMs = performance.now();
    await store.close();
    expect(performance.now() - begunMs).toBeLessThan(15_000);
    expect(proxy.open).toBe(0);
    expect(new Set(await ends)).toEqual(new Set(['closed']));
    await listener.close();
  }, 60_000);
});
