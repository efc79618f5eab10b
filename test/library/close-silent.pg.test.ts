/** `close` keeps its deadline as a whole, whatever the database does, and leaves no socket; nor does a start that fails. */
import pg from 'pg';
import { afterEach, expect, it } from 'vitest';
import { stubProvider } from '../../src/index.ts';
import { testDatabase } from '../support/postgres.ts';
import { eventually, openHeddle } from '../support/heddle.ts';
import { SilentProxy } from '../store/postgres/silent-proxy.ts';

const url = await testDatabase();
const proxies: SilentProxy[] = [];
afterEach(() => Promise.all(proxies.splice(0).map((proxy) => proxy.close())));

/** Less than a container is given, and room for a slow machine. */
const closeMsMax = 28_000;

it.each([
  ['at once', 0],
  ['in the middle of the close', 2],
])(
  'where Postgres falls silent %s under work',
  async (_, after) => {
    const proxy = await SilentProxy.before(url);
    proxies.push(proxy);
    const { heddle, warnings } = await openHeddle(proxy.url, { settings: { leaseMs: 4_000 } });
    await heddle.start('script', { input: { steps: [{ do: 'wait' }] } });
    proxy.fallSilent(after);
    const starts = Array.from({ length: 5 }, () =>
      heddle.start('script', { input: { steps: [] } }).then(
        () => 'started',
        (error: unknown) => String((error as { code?: unknown }).code),
      ),
    );
    const asked = heddle.runs().then(
      () => 'listed',
      (error: unknown) => String((error as { code?: unknown }).code),
    );
    const begunMs = performance.now();
    await heddle.close();
    expect(performance.now() - begunMs).toBeLessThan(closeMsMax);
    expect(proxy.open).toBe(0);
    for (const end of [...(await Promise.all(starts)), await asked]) {
      expect(['closed', 'store-unavailable', 'started', 'listed']).toContain(end);
    }
    if (after === 0) expect(warnings).toContain('closing takes long');
  },
  60_000,
);

/** Each fails a start at another place: before it listens, before it owns a shard, and when it owns all. */
it.each([
  ['its agents are not registered', 'agents'],
  ['its heartbeat is refused', 'shards'],
  ['its runs are not taken up', 'provider_slots'],
])('a start that fails because %s ends what it has begun', async (_, table) => {
  await (await openHeddle(url)).heddle.close();
  const client = new pg.Client(url);
  await client.connect();
  let closes = 0;
  const provider = Object.assign(stubProvider(), { close: async () => void (closes += 1) });
  const timers = (): number =>
    process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
  try {
    const before = timers();
    await client.query(`alter table heddle.${table} rename to away`);
    await expect(openHeddle(url, { providers: [provider] })).rejects.toMatchObject({
      code: 'store-error',
    });
    await client.query(`alter table heddle.away rename to ${table}`);
    const sessions = 'select from pg_stat_activity where datname = current_database()';
    await eventually(async () => expect((await client.query(sessions)).rowCount).toBe(1));
    await eventually(async () => expect(timers()).toBeLessThanOrEqual(before));
    const left = 'select from heddle.shards where replica_id is not null';
    expect((await client.query(left)).rowCount).toBe(0);
    // Whoever tries again has the same providers.
    expect(closes).toBe(0);
    const again = await openHeddle(url, { providers: [provider] });
    await again.heddle.close();
    expect(closes).toBe(1);
  } finally {
    await client.end();
  }
});
