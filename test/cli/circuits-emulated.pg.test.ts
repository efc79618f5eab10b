/** `heddle circuits` over emulated and real providers, on a real Postgres. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it, vi } from 'vitest';
import type { ScaleReport } from '../../src/circuits/report.ts';
import { startEmulator, type Emulator } from '../../src/emulators/emulator.ts';
import { fieldsOf, reportOf } from '../circuits/report.ts';
import { testDatabase } from '../support/postgres.ts';
import { called } from './called.ts';
import { heddle, linesOf } from './spawned.ts';

const url = await testDatabase();
const json = ['circuits', '--json', '--scale', '10', '--latency-ms', '10', '--database-url', url];
const { audit: clean } = reportOf({});
const timeout = 120_000;

const started: Emulator[] = [];
afterEach(async () => {
  for (const emulator of started.splice(0)) await emulator.close();
  vi.unstubAllEnvs();
});

it('emulates both providers by default, and reports what they counted', { timeout }, async () => {
  const { code, stdout, stderr } = await heddle(...json, '--ceiling', 'a=6,b=5').ended;
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const [report = reportOf({})] = linesOf<ScaleReport>(stdout);
  expect(fieldsOf(report)).toEqual(fieldsOf(reportOf({})));
  expect(report).toMatchObject({ completed: 10, failed: 0, audit: clean });
  expect(report.providers).toMatchObject([
    { name: 'anthropic', ceiling: 6, rate_limited: 0 },
    { name: 'ollama', ceiling: 5, rate_limited: 0 },
  ]);
  expect(report.providers.reduce((sum, { calls }) => sum + calls, 0)).toBe(30);
});

it('lets heddle learn the ceilings, with faults and an outage besides', { timeout }, async () => {
  const trouble = ['--fault-429-share', '0.1', '--outage', 'ollama=300@0:server-error'];
  // So few places, held for so long, that even a slow machine asks for too many.
  const ceilings = ['--ceiling', 'a=2,b=1', '--ceilings', 'learned', '--latency-ms', '100'];
  const { code, stdout } = await heddle(...json, ...ceilings, ...trouble).ended;
  expect(code).toBe(0);
  const [report] = linesOf<ScaleReport>(stdout);
  expect(report).toMatchObject({ completed: 10, failed: 0, audit: clean });
  const [first, second] = report?.providers ?? [];
  expect((first?.rate_limited ?? 0) + (second?.rate_limited ?? 0)).toBeGreaterThan(0);
  expect(first?.peak_in_flight).toBeLessThanOrEqual(2);
  expect(second?.peak_in_flight).toBeLessThanOrEqual(1);
});

it('calls the real thing by key or address, of a flag or of the environment', async () => {
  for (const protocol of ['anthropic', 'ollama'] as const) {
    const script = protocol === 'anthropic' ? { apiKeys: ['k-1'], models: ['m-1'] } : {};
    started.push(await startEmulator({ protocol, script: { latencyMs: 10, ...script } }));
  }
  const [anthropic, ollama] = started.map((emulator) => emulator.url);
  vi.stubEnv('ANTHROPIC_API_KEY', 'k-1');
  vi.stubEnv('OLLAMA_HOST', ollama?.replace('http://', ''));
  const claude = ['--provider', 'anthropic', '--model', 'm-1', '--anthropic-url', anthropic ?? ''];
  for (const real of [claude, ['--provider', 'ollama', '--model', 'llama']]) {
    const { code, stdout, stderr } = await called(...json, ...real);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const [report] = linesOf<ScaleReport>(stdout);
    expect(report).toMatchObject({ completed: 10, failed: 0, providers: [{ name: real[1] }] });
    expect(report?.capacity_efficiency).toBeGreaterThan(0);
    expect(`${stdout}${stderr}`).not.toContain('k-1');
  }
  expect(started.map((emulator) => emulator.stats().completed)).toEqual([30, 30]);
});

// Last, for what it leaves open would go on beside others.
it('leaves no process behind when it is killed', { timeout }, async () => {
  const { child, ended } = heddle(...json, '--latency-ms', '60000');
  let text = '';
  child.stderr?.on('data', (part: Buffer) => (text += part.toString()));
  await vi.waitFor(() => expect(text).toContain('calls under way'), { timeout: 60_000 });
  child.kill('SIGKILL');
  // Its standard error is the emulators' too: it closes when both have ended.
  const over = new AbortController();
  const late = sleep(10_000, 'late', over).catch(() => 'over');
  expect(await Promise.race([ended.then(() => 'ended'), late])).toBe('ended');
  over.abort();
});
