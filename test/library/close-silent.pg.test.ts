/** `close` keeps its deadline as a whole, whatever the database does, and leaves no socket. */
import { afterEach, expect, it } from 'vitest';
import { testDatabase } from '../support/postgres.ts';
import { openHeddle } from '../support/heddle.ts';
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
