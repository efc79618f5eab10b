/**
 * Circuits over emulated providers, all open at once, with what is looked at from outside: who waited
 * how long, what each provider was doing, and how soon it was full again after an outage.
 */
import pg from 'pg';
import { agents, startsOf, tenantOf } from '../../src/circuits/circuit.ts';
import type { CircuitMode } from '../../src/circuits/settings.ts';
import { openCalls } from '../../src/circuits/run.ts';
import {
  defaultCircuits,
  type CircuitsSettings,
  type Emulated,
  type EmulatedName,
} from '../../src/circuits/settings.ts';
import { createHeddle, type Heddle } from '../../src/heddle.ts';
import { percentile } from './workload.ts';

export type Pair = readonly [EmulatedName, EmulatedName];

export type EmulatedCase = {
  readonly told: boolean;
  readonly latencyMs: number;
  readonly mode?: CircuitMode;
  /** Of each provider. Default: 120. */
  readonly ceiling?: number;
  readonly emulated?: Partial<Emulated>;
  /** The protocols of the two providers. */
  readonly names: Pair;
  /** The users of the circuits, one for each. */
  readonly users: readonly string[];
};

/** Every 50 ms, by provider. */
type Sample = {
  readonly atMs: number;
  readonly queued: number;
  readonly providers: readonly { status: string; calling: number; calls: number }[];
};

export type EmulatedResult = {
  readonly completed: number;
  readonly failed: number;
  readonly wallMs: number;
  readonly latencies: readonly { readonly user: string; readonly ms: number }[];
  readonly calls: number;
  readonly rateLimited: number;
  readonly slotUse: number;
  readonly samples: readonly Sample[];
};

export async function emulatedRun(databaseUrl: string, of: EmulatedCase): Promise<EmulatedResult> {
  const { names, told, latencyMs, mode = 'statechart', ceiling = 120, emulated = {} } = of;
  const settings: CircuitsSettings = {
    ...defaultCircuits,
    mode,
    told,
    latencyMs,
    provider: { kind: 'emulated', rateLimitedShare: 0, outages: [], ...emulated },
    ceilings: names.map((name) => ({ name, ceiling })),
    resume: false,
    database: { databaseUrl },
  };
  await forgetGates(databaseUrl);
  const source = await openCalls(settings, console.error);
  const { providers } = source;
  const heddle = await createHeddle({
    agents,
    providers,
    databaseUrl,
    log: { info: () => undefined, warn: () => undefined },
  });
  source.readFrom(() => heddle.runtime.stats().pool.slotMs.offered);
  try {
    await source.begin();
    const watched = await watchedRun(heddle, { mode, users: of.users });
    const figures = await source.take();
    const sum = (of: (one: (typeof figures.providers)[number]) => number): number =>
      figures.providers.reduce((total, one) => total + of(one), 0);
    return {
      ...watched,
      calls: sum(({ calls }) => calls),
      rateLimited: sum(({ rateLimited }) => rateLimited),
      slotUse: figures.slotMs.offered === 0 ? 1 : figures.slotMs.used / figures.slotMs.offered,
    };
  } finally {
    await heddle.close();
    await source.close();
  }
}

/** What one case has found out about a provider is not true of the next one's. */
async function forgetGates(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await client.query('delete from heddle.providers');
  } catch (error) {
    // The first case finds no tables yet.
    if (!(error instanceof pg.DatabaseError && error.code === '42P01')) throw error;
  } finally {
    await client.end();
  }
}

type Watched = Omit<EmulatedResult, 'calls' | 'rateLimited' | 'slotUse'>;

async function watchedRun(
  heddle: Heddle,
  { mode, users }: { readonly mode: CircuitMode; readonly users: readonly string[] },
): Promise<Watched> {
  const tenant = tenantOf(mode, users.length, heddle.runtime.ids.run());
  type Circuit = { left: number; readonly user: string };
  const circuitOf = new Map<string, Circuit>();
  /** A run may end before the answer to its start has been heard. */
  const early: string[] = [];
  const latencies: { user: string; ms: number }[] = [];
  let failed = 0;
  let finish = (): void => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const startedMs = performance.now();
  const samples: Sample[] = [];
  const accepted: Promise<void>[] = [];
  const sampling = setInterval(() => samples.push(sampleOf(heddle, startedMs)), 50);
  const over = (runId: string): void => {
    const circuit = circuitOf.get(runId);
    if (circuit === undefined) return void early.push(runId);
    circuit.left -= 1;
    if (circuit.left > 0) return;
    latencies.push({ user: circuit.user, ms: performance.now() - startedMs });
    if (latencies.length === users.length) finish();
  };
  const watching = heddle.runtime.runEvents.all.subscribe(
    ({ tenant: of, runId, ended, status }) => {
      if (of !== tenant || !ended) return;
      if (status !== 'completed') failed += 1;
      over(runId);
    },
  );
  try {
    for (const [at, user] of users.entries()) {
      const starts = startsOf(at + 1, { mode, tenant, circuitsPerUser: 1 });
      const started = heddle.startAll(starts.map((start) => ({ ...start, user })));
      const circuit: Circuit = { left: starts.length, user };
      accepted.push(started.then((runs) => runs.forEach(({ id }) => circuitOf.set(id, circuit))));
    }
    await Promise.all(accepted);
    for (const runId of early.splice(0)) over(runId);
    await finished;
  } finally {
    clearInterval(sampling);
    watching.unsubscribe();
  }
  const wallMs = performance.now() - startedMs;
  return { completed: latencies.length - failed, failed, wallMs, latencies, samples };
}

function sampleOf(heddle: Heddle, startedMs: number): Sample {
  const { providers, queued } = heddle.runtime.stats().pool;
  return {
    atMs: performance.now() - startedMs,
    queued,
    providers: providers.map(({ status, calling, calls }) => ({ status, calling, calls })),
  };
}

/** `count` circuits, ten for each user. */
export function tenEach(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `u${Math.floor(i / 10)}`);
}

/** The slowest user's mean latency against the median user's. */
export function unfairness({ latencies }: EmulatedResult): number {
  const byUser = new Map<string, number[]>();
  for (const { user, ms } of latencies) byUser.set(user, [...(byUser.get(user) ?? []), ms]);
  const means = [...byUser.values()].map((of) => of.reduce((sum, ms) => sum + ms, 0) / of.length);
  return Math.max(...means) / percentile(means, 0.5);
}
