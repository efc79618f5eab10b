/** One scale over the store's twin in memory: how it ends, and what is then said of it. */
import { afterEach, expect, it } from 'vitest';
import { agents } from '../../src/circuits/circuit.ts';
import type { CircuitMode } from '../../src/circuits/settings.ts';
import { openCalls } from '../../src/circuits/run.ts';
import { createProgress } from '../../src/circuits/progress.ts';
import { CircuitsHere } from '../../src/circuits/hosts/here.ts';
import { runScale } from '../../src/circuits/scale-run.ts';
import type { CircuitsSettings } from '../../src/circuits/settings.ts';
import { Heddle } from '../../src/heddle.ts';
import { createKernel } from '../../src/kernel/kernel.ts';
import type { Provider } from '../../src/providers/port.ts';
import { Runtime } from '../../src/runtime/runtime.ts';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';
import { systemClock, systemIds } from '../../src/system.ts';
import { fieldsOf, reportOf } from './report.ts';

const open: Heddle[] = [];
afterEach(async () => {
  for (const heddle of open.splice(0)) await heddle.close();
});

/** Lets its first calls go on when so many have come: that many are under way at once then, however slow the machine. */
function together(provider: Provider, calls: number): Provider {
  let come = 0;
  let open = (): void => undefined;
  const allCame = new Promise<void>((resolve) => {
    open = resolve;
  });
  return {
    name: provider.name,
    ceiling: provider.ceiling,
    call: async (call) => {
      if (++come === calls) open();
      await allCame;
      return provider.call(call);
    },
  };
}

async function contextOf({
  latencyMs = 0,
  provider,
  atOnce = 1,
  mode = 'statechart',
}: {
  readonly mode?: CircuitMode;
  readonly latencyMs?: number;
  readonly provider?: Provider;
  /** Calls that are under way at once at some time. */
  readonly atOnce?: number;
} = {}) {
  const ceilings = [{ name: 'a', ceiling: 20 }];
  const settings: CircuitsSettings = {
    mode,
    scales: [],
    circuitsPerUser: 10,
    latencyMs,
    provider: { kind: 'stub' },
    ceilings,
    told: true,
    seed: 1,
    resume: false,
    patienceMs: 1_500,
    database: {},
  };
  const notes: string[] = [];
  const note = (line: string) => void notes.push(line);
  const source = await openCalls(settings, note);
  const kernel = createKernel();
  const runtime = new Runtime({
    store: createMemoryStore({ nowMs: () => systemClock.nowMs() }),
    kernel,
    agents: agents.map(({ machine, version }) => kernel.register(machine, { version })),
    providers:
      provider === undefined ? source.providers.map((one) => together(one, atOnce)) : [provider],
    clock: systemClock,
    ids: systemIds,
    log: { info: () => undefined, warn: () => undefined },
  });
  await runtime.start();
  const heddle = new Heddle(runtime, () => Promise.resolve());
  open.push(heddle);
  source.readFrom(() => runtime.stats().pool.slotMs.offered);
  const interrupt = new AbortController();
  const progress = createProgress();
  const { signal } = interrupt;
  const host = new CircuitsHere({ heddle, source, settings });
  const context = { heddle, host, settings, progress, note, signal };
  return { context, notes, interrupt };
}

it('opens all circuits at once, and finds what they left', async () => {
  const { context, notes } = await contextOf({ latencyMs: 5, atOnce: 20 });
  const result = await runScale(context, { at: 0, scale: 40 });
  expect(notes).toEqual([]);
  expect(result?.differences).toEqual([]);
  expect(result?.report).toMatchObject({
    scale: 40,
    completed: 40,
    failed: 0,
    peak_open_runs: 120,
    providers: [{ name: 'a', ceiling: 20, calls: 120, peak_in_flight: 20, duplicate_calls: 0 }],
  });
  const report = result?.report ?? reportOf({});
  expect(fieldsOf(report)).toEqual(fieldsOf(reportOf({})));
  expect(report.latency_ms.p50).toBeGreaterThanOrEqual(15);
  // 120 calls of 5 ms at 20 places: no less than 30 ms.
  expect(report.wall_ms).toBeGreaterThanOrEqual(30);
  expect(report.capacity_efficiency).toBeCloseTo(30 / report.wall_ms, 2);
  expect(report.slot_use_under_demand).toBeGreaterThan(0);
  expect(report.slot_use_under_demand).toBeLessThanOrEqual(1);
});

it('lets models do the steps through tools, and finds the same left', async () => {
  const { context, notes } = await contextOf({ mode: 'tool-loop' });
  const result = await runScale(context, { at: 0, scale: 5 });
  expect(notes).toEqual([]);
  expect(result?.differences).toEqual([]);
  expect(result?.report).toMatchObject({
    mode: 'tool-loop',
    completed: 5,
    providers: [{ calls: 75, duplicate_calls: 0 }],
  });
});

it('takes the figures of each scale alone', async () => {
  const { context } = await contextOf();
  await runScale(context, { at: 0, scale: 30 });
  const second = await runScale(context, { at: 1, scale: 2 });
  expect(second?.report).toMatchObject({ completed: 2, peak_open_runs: 6 });
  expect(second?.report.providers).toMatchObject([{ calls: 6 }]);
  expect(second?.report.providers[0]?.peak_in_flight).toBeLessThanOrEqual(2);
});

it('gives up on what does not move, and says that it is stuck', async () => {
  const silent: Provider = { name: 'a', ceiling: 20, call: () => new Promise(() => undefined) };
  const { context, notes } = await contextOf({ provider: silent });
  const result = await runScale(context, { at: 0, scale: 2 });
  expect(notes).toEqual(['Nothing has moved for 1.5 s: the 6 runs that are open count as stuck.']);
  expect(result?.report).toMatchObject({ completed: 0, failed: 0, audit: { stuck_runs: 6 } });
  expect(result?.differences).toContainEqual({ what: 'stuck runs', expected: 0, found: 6 });
});

it('reports nothing of a scale that was interrupted', async () => {
  const { context, notes, interrupt } = await contextOf({ latencyMs: 60_000 });
  context.progress.trigger.planned({ scales: [2] });
  context.progress.subscribe(({ context: { rows } }) => {
    if (rows[0]?.openRuns === 6) interrupt.abort();
  });
  const result = runScale(context, { at: 0, scale: 2 });
  expect(await result).toBeNull();
  expect(notes.join()).toMatch(/^Interrupted with 6 runs open; heddle circuits --resume/);
});

it('counts circuits that were not accepted as failed', async () => {
  const { context, notes } = await contextOf();
  const { heddle } = context;
  let starts = 0;
  const accepted = heddle.startAll.bind(heddle);
  const startAll = (...of: Parameters<typeof accepted>): unknown =>
    starts++ === 1 ? Promise.reject(new Error('no room')) : accepted(...of);
  Object.defineProperty(heddle, 'startAll', { value: startAll });
  const result = await runScale(context, { at: 0, scale: 3 });
  expect(notes).toEqual(['Circuit 2 was not accepted: Error: no room']);
  expect(result?.report).toMatchObject({ completed: 2, failed: 1 });
  expect(result?.differences).toEqual([]);
});
