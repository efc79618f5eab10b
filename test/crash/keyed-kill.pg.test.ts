/**
 * A server is killed between the commit of a keyed request and its reply. The request is sent again to another replica:
 * it has had its effect once, and is answered.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { routes } from '../../src/api/routes.ts';
import { samples } from '../api/keyed-samples.ts';
import { asking, served } from '../api/served.ts';
import { compiled } from '../support/compiled.ts';
import { testDatabase } from '../support/postgres.ts';

const url = await testDatabase();
const other = await served(url, {}, { settings: { leaseMs: 1_500, pollMs: 200 } });
const script = await compiled('test/crash/keyed-child.ts');
let asked = 0;

async function victim() {
  const child = spawn(process.execPath, [script, url], { stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = once(child, 'exit');
  const [at] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { ask: asking(at), gone };
}

/** Those whose effect keeps its request: a claim that a kill leaves is taken over later. */
const inCommit = routes.filter(({ keyed }) => keyed === 'in-commit').map(({ path }) => path);

it.each(inCommit)(
  'promise 5: POST %s, whose reply a kill has taken, has one effect',
  { timeout: 120_000 },
  async (route) => {
    const tenant = `killed-${(asked += 1)}`;
    const { path, body, effects } = await samples[route]!(other.ask, tenant);
    const key = { 'idempotency-key': 'k' };
    const { ask, gone } = await victim();
    await expect(ask('POST', path, body, key)).rejects.toThrow('fetch failed');
    expect((await gone)[1]).toBe('SIGKILL');
    const first = await other.ask('POST', path, body, key);
    expect(first.status).toBeLessThan(300);
    const second = await other.ask('POST', path, body, key);
    expect([second.status, second.body]).toEqual([first.status, first.body]);
    expect(await effects()).toBe(1);
  },
);
