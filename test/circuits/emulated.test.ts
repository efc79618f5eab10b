/** Circuits over emulated providers: real sockets, real SDKs, another process; the store in memory. */
import { afterEach, expect, it } from 'vitest';
import '../support/forks-typescript.ts';
import type { CallSource } from '../../src/circuits/call-source.ts';
import { agents } from '../../src/circuits/circuit.ts';
import { openCalls } from '../../src/circuits/run.ts';
import { createProgress } from '../../src/circuits/progress.ts';
import { CircuitsHere } from '../../src/circuits/hosts/here.ts';
import { runScale } from '../../src/circuits/scale-run.ts';
import type { CircuitsSettings, Emulated } from '../../src/circuits/settings.ts';
import { Heddle } from '../../src/heddle.ts';
import { createKernel } from '../../src/kernel/kernel.ts';
import { Runtime } from '../../src/runtime/runtime.ts';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';
import { systemClock, systemIds } from '../../src/system.ts';

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

const calm: Emulated = { kind: 'emulated', rateLimitedShare: 0, outages: [] };

function settingsOf(parts: Partial<CircuitsSettings>): CircuitsSettings {
  const ceilings = [
    { name: 'anthropic', ceiling: 4 },
    { name: 'ollama', ceiling: 3 },
  ];
  return {
    mode: 'statechart',
    scales: [],
    circuitsPerUser: 10,
    latencyMs: 20,
    provider: calm,
    ceilings,
    told: true,
    seed: 1,
    resume: false,
    patienceMs: 20_000,
    database: {},
    ...parts,
  };
}

async function heddleOver({ providers }: CallSource): Promise<Heddle> {
  const kernel = createKernel();
  const runtime = new Runtime({
    store: createMemoryStore({ nowMs: () => systemClock.nowMs() }),
    kernel,
    agents: agents.map(({ machine, version }) => kernel.register(machine, { version })),
    providers,
    clock: systemClock,
    ids: systemIds,
    log: { info: () => undefined, warn: () => undefined },
  });
  await runtime.start();
  const heddle = new Heddle(runtime, () => Promise.resolve());
  open.push(() => heddle.close());
  return heddle;
}

/** One scale, and every status that any provider had in it. */
async function ran(scale: number, parts: Partial<CircuitsSettings> = {}) {
  const settings = settingsOf(parts);
  const notes: string[] = [];
  const note = (line: string) => void notes.push(line);
  const source = await openCalls(settings, note);
  open.push(() => source.close());
  const heddle = await heddleOver(source);
  const { runtime } = heddle;
  source.readFrom(() => runtime.stats().pool.slotMs.offered);
  // A stall lasts for half a second at least, so none is missed.
  const statuses = new Set<string>();
  const looking = setInterval(() => {
    for (const { status } of runtime.stats().pool.providers) statuses.add(status);
  }, 20);
  open.push(async () => clearInterval(looking));
  const { signal } = new AbortController();
  const host = new CircuitsHere({ heddle, source, settings });
  const context = { host, settings, progress: createProgress(), note, signal };
  const result = await runScale(context, { at: 0, scale });
  if (result === null) throw new Error('nobody interrupts');
  return { ...result, notes, statuses, source };
}

it.each([true, false])('completes and audits clean, ceilings told: %s', async (told) => {
  const { report, differences, notes } = await ran(10, { told, latencyMs: 100 });
  expect({ differences, notes }).toEqual({ differences: [], notes: [] });
  expect(report).toMatchObject({ completed: 10, failed: 0, entities: { runs: 30 } });
  const [first, second] = report.providers;
  expect([first?.name, second?.name]).toEqual(['anthropic', 'ollama']);
  const refused = report.providers.reduce((sum, { rate_limited: n }) => sum + n, 0);
  const calls = report.providers.reduce((sum, provider) => sum + provider.calls, 0);
  expect(calls).toBe(30 + refused);
  // By the provider's own count: full, and never more than full.
  expect(report.providers).toMatchObject([
    { ceiling: 4, peak_in_flight: 4 },
    { ceiling: 3, peak_in_flight: 3 },
  ]);
  if (told) expect(refused).toBe(0);
  else expect(refused).toBeGreaterThan(0);
  // Not much where a refusal costs a second and a call a tenth, but something.
  expect(report.slot_use_under_demand).toBeGreaterThan(told ? 0.05 : 0);
  expect(report.slot_use_under_demand).toBeLessThanOrEqual(1);
  // 30 calls of 100 ms at 7 places.
  expect(report.capacity_efficiency).toBeCloseTo((30 / 7) * (100 / report.wall_ms), 2);
});

it('promise 8: goes on with 15% of all replies 429, and no provider is stalled by them', async () => {
  const { report, differences, statuses } = await ran(20, {
    provider: { ...calm, rateLimitedShare: 0.15 },
  });
  expect(report).toMatchObject({ completed: 20, failed: 0 });
  expect(differences).toEqual([]);
  // The faults were there, or this would show nothing.
  const refused = report.providers.reduce((sum, { rate_limited: n }) => sum + n, 0);
  expect(refused).toBeGreaterThan(1);
  expect(statuses).toContain('cooling');
  expect(statuses).not.toContain('stalled');
});

it('promise 8: goes on while one provider is out, and takes it up again', async () => {
  const outage = { name: 'anthropic', kind: 'refuse', inMs: 0, forMs: 1_200 } as const;
  // On a busy machine the first calls come late. The other would need 6 s alone; probes come within seconds.
  const { report, statuses, differences } = await ran(60, {
    latencyMs: 100,
    provider: { ...calm, outages: [outage] },
  });
  expect(report).toMatchObject({ completed: 60, failed: 0 });
  expect(differences).toEqual([]);
  expect(statuses).toContain('stalled');
  // What the other has not done alone.
  expect(report.providers[0]?.calls).toBeGreaterThan(10);
});

it('takes the figures of each scale alone', async () => {
  const { source } = await ran(5);
  const { providers } = await source.take();
  expect(providers).toMatchObject([
    { calls: 0, peakInFlight: 0, rateLimited: 0 },
    { calls: 0, peakInFlight: 0, rateLimited: 0 },
  ]);
});
