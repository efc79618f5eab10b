/**
 * Kills a server between the effect of a keyed request and its reply, and sends the request again to another replica.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { expect } from 'vitest';
import { routes } from '../../src/api/routes.ts';
import { limits } from '../../src/domain/limits.ts';
import { samples, uncounted } from '../api/keyed-samples.ts';
import { asking, served } from '../api/served.ts';
import { withClient } from '../store/postgres/database.ts';
import { closeAfterTest } from '../support/closing.ts';
import { compiled } from '../support/compiled.ts';
import { eventually } from '../support/heddle.ts';
import { testDatabase } from '../support/postgres.ts';

const keyedAs = (kind: 'in-commit' | 'claimed') =>
  routes.filter(({ keyed }) => keyed === kind).map(({ path }) => path);
/** Those whose effect keeps its request. */
export const inCommit = keyedAs('in-commit');
/** Those that are claimed first, because their effects have no transaction of their own. */
export const claimed = keyedAs('claimed');

export async function killing() {
  const url = await testDatabase();
  const other = await served(url, {}, { settings: { leaseMs: 1_500, pollMs: 200 } });
  const script = await compiled('test/crash/keyed-child.ts');
  let count = 0;

  async function made(route: string) {
    const tenant = `killed-${(count += 1)}`;
    const effectOnce = () => Promise.resolve(1);
    const sample = await samples[route]?.(other.ask, tenant);
    const asked = sample ?? { ...uncounted[route]!, effects: effectOnce };
    return { ...asked, tenant, key: { 'idempotency-key': `k-${tenant}` } };
  }

  /** Asks a server that is killed as the request has its first or last effect. */
  async function killedIn(
    { path, body, key }: Awaited<ReturnType<typeof made>>,
    when: 'first' | 'last',
  ): Promise<void> {
    const child = spawn(process.execPath, [script, url, when], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const gone = once(child, 'exit');
    const [at] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    await expect(asking(at)('POST', path, body, key)).rejects.toThrow('fetch failed');
    expect((await gone)[1]).toBe('SIGKILL');
  }

  /** A server that has stopped itself, and its answer to the request, once it has gone on. */
  async function stoppedIn(
    { path, body, key }: Awaited<ReturnType<typeof made>>,
    when: 'stop-before' | 'stop-after',
  ) {
    const child = spawn(process.execPath, [script, url, when], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    closeAfterTest(() => void child.kill('SIGKILL'));
    const [at] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const answered = asking(at)('POST', path, body, key);
    await eventually(async () => {
      expect(await readFile(`/proc/${child.pid}/stat`, 'utf8')).toMatch(/\) T /);
    });
    return { goOn: () => child.kill('SIGCONT'), answered };
  }

  /** Twice: both are answered alike, and there was one effect. */
  async function isDoneOnce({ path, body, key, effects }: Awaited<ReturnType<typeof made>>) {
    const first = await other.ask('POST', path, body, key);
    expect(first.status).toBeLessThan(300);
    const second = await other.ask('POST', path, body, key);
    expect([second.status, second.body]).toEqual([first.status, first.body]);
    expect(await effects()).toBe(1);
  }

  /** However slow the machine is, a claim has not ended before the test says so. */
  const patienceMs = 600_000;

  /** As if so much time had gone by since the requests came. */
  const later = (ms: number) =>
    withClient(url, (client) =>
      client.query(`update heddle.requests set at = at - $1 * interval '1 ms'`, [ms]),
    );

  return {
    /** Another takes the claim over from a server that has stopped, which then goes on. */
    async takenOver(route: string, when: 'stop-before' | 'stop-after'): Promise<void> {
      const request = await made(route);
      const { path, body, key, tenant, effects } = request;
      const { goOn, answered } = await stoppedIn(request, when);
      await later(-patienceMs);
      const early = await other.ask('POST', path, body, key);
      expect(early).toMatchObject({ status: 409, body: { code: 'request-running' } });
      expect(early.headers.get('retry-after')).toBe('1');
      if (when === 'stop-after') await taken(tenant);
      await later(patienceMs + limits.requestClaimMs);
      const second = await other.ask('POST', path, body, key);
      expect(second).toMatchObject({ status: 202, body: { done: 1, left: 0 } });
      await taken(tenant);
      goOn();
      const late = await answered;
      expect([late.status, late.body]).toEqual([second.status, second.body]);
      expect(await effects()).toBe(1);
    },
    async inCommit(route: string): Promise<void> {
      const request = await made(route);
      await killedIn(request, 'last');
      await isDoneOnce(request);
    },
    async claimed(route: string, when: 'first' | 'last'): Promise<void> {
      const request = await made(route);
      await killedIn(request, when);
      await later(-patienceMs);
      const early = await other.ask('POST', request.path, request.body, request.key);
      expect(early).toMatchObject({ status: 409, body: { code: 'request-running' } });
      expect(early.headers.get('retry-after')).toBe('1');
      if (when === 'first') await taken(request.tenant);
      await later(patienceMs + limits.requestClaimMs);
      await isDoneOnce(request);
    },
  };

  /** What the killed server has told the run is taken by the replica that has the run now. */
  async function taken(tenant: string): Promise<void> {
    await eventually(async () => {
      const { body } = await other.ask('GET', `/v1/runs?tenant=${tenant}&status=paused`);
      expect(body.runs).toHaveLength(1);
    });
  }
}
