/** `heddle circuits --url`: the circuits over HTTP, on a server that is a process of its own. */
import { expect, it } from 'vitest';
import { agents, startsOf, tenantOf } from '../../src/circuits/circuit.ts';
import { CircuitsBehindHttp } from '../../src/circuits/hosts/behind-http.ts';
import type { ScaleReport } from '../../src/circuits/report.ts';
import type { RunStatus } from '../../src/index.ts';
import { served } from '../api/served.ts';
import { reportOf } from '../circuits/report.ts';
import { testDatabase } from '../support/postgres.ts';
import { called } from './called.ts';
import { listening } from './listening.ts';
import { heddle, linesOf } from './spawned.ts';

const timeout = 240_000;
const { audit: clean } = reportOf({});

it('runs scale by scale with the same table and audit as in process', { timeout }, async () => {
  const server = heddle(
    'serve',
    '--circuits',
    '--port',
    '0',
    '--database-url',
    await testDatabase(),
  );
  const { url } = await listening(server);
  const json = await called('circuits', '--url', url, '--scale', '3,20', '--json');
  expect(json).toMatchObject({ code: 0, stderr: expect.stringContaining('scale 20') as string });
  const reports = linesOf<ScaleReport>(json.stdout);
  for (const report of reports) {
    const unknown = { capacity_efficiency: null, slot_use_under_demand: null, rss_mb: null };
    expect(report).toMatchObject({ failed: 0, audit: clean, providers: [], ...unknown });
    expect(report.postgres).toBeNull();
    expect(report.entities.runs).toBe(report.scale * 3);
    expect(report.entities.memory_versions).toBe(report.scale * 3);
    expect(report.latency_ms.max).toBeLessThanOrEqual(report.wall_ms);
    expect(Object.keys(report)).toEqual(Object.keys(reportOf({})));
  }
  expect(reports.map(({ scale, completed }) => [scale, completed])).toEqual([
    [3, 3],
    [20, 20],
  ]);
  const table = await called('circuits', '--url', url, '--scale', '2', '--mode', 'tool-loop');
  expect(table.stdout).toMatch(/scale +completed +p50 ms .*\n +2 +2 /);
  server.child.kill('SIGTERM');
  expect((await server.ended).code).toBe(0);
});

it('says what is wrong with the server, or with the flags', { timeout }, async () => {
  const bare = await served(await testDatabase(), { tokensAlways: true, token: 'x'.repeat(32) });
  const circuits = (...args: readonly string[]) => called('circuits', '--scale', '1', ...args);
  expect(await circuits('--url', bare.url)).toMatchObject({ code: 4, stdout: '' });
  process.env['HEDDLE_TOKEN'] = 'x'.repeat(32);
  try {
    const none = await circuits('--url', bare.url);
    expect(none).toMatchObject({ code: 1, stdout: '' });
    expect(none.stderr).toContain('start it with heddle serve --circuits');
  } finally {
    delete process.env['HEDDLE_TOKEN'];
  }
  for (const flags of [
    ['--provider', 'stub'],
    ['--latency-ms', '1'],
    ['--database-url', 'postgres://x'],
    ['--resume'],
  ]) {
    const refused = await circuits('--url', bare.url, ...flags);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('is for circuits in this process');
  }
  expect(await circuits('--url', 'ftp://x')).toMatchObject({ code: 2, stdout: '' });
});

/** Circuit `n` of a tenant, and a server that has only some of its agents. */
async function half(names: readonly string[]) {
  const server = await served(
    await testDatabase(),
    {},
    { agents: agents.filter(({ machine }) => names.includes(machine.id)) },
  );
  const host = new CircuitsBehindHttp({ url: server.url }, () => undefined);
  const tenant = tenantOf('statechart', 1, host.startId());
  return {
    server,
    host,
    tenant,
    starts: startsOf(1, { mode: 'statechart', tenant, circuitsPerUser: 1 }),
  };
}

it('leaves nothing open of a circuit of which one start was refused', async () => {
  const { host, tenant, starts } = await half(['researcher', 'evaluator']);
  await expect(host.start(tenant, starts)).rejects.toMatchObject({ code: 'agent-unknown' });
  const ended = new Map<string, RunStatus>();
  await expect
    .poll(
      async () => {
        await host.look(tenant, 0, (runId, status) => ended.set(runId, status));
        return ended.size;
      },
      { timeout: 30_000 },
    )
    .toBe(2);
  expect([...ended.values()]).toContain('cancelled');
  host.close();
});

it('hears of ends by its stream, and reads those that were not told', async () => {
  const { host, tenant, starts } = await half(['researcher', 'editor', 'evaluator']);
  const heard = new Map<string, RunStatus>();
  const leave = await host.hear(tenant, (runId, status) => heard.set(runId, status));
  const runIds = await host.start(tenant, starts);
  await expect.poll(() => heard.size, { timeout: 30_000 }).toBe(3);
  leave();
  const read = new Map<string, RunStatus>();
  await host.look(tenant, 0, (runId, status) => read.set(runId, status));
  expect([...read.keys()].toSorted()).toEqual(runIds.toSorted());
  expect(read).toEqual(heard);
  host.close();
});
