/**
 * Finishes the circuits that a killed process left. It starts nothing: it lets the open runs go on,
 * and audits each of their tenants by its rows. To drive the runs this process need only be a
 * replica, because the replica that owns a run's shard takes the run up.
 */
import type { Heddle } from '../heddle.ts';
import { auditCircuits } from './audit.ts';
import { fromTenant, tenantPrefix } from './circuit.ts';
import type { CircuitMode } from './settings.ts';
import { totalCeiling } from './call-source.ts';
import { capacityEfficiency } from './efficiency.ts';
import { latencyOf } from './latency.ts';
import { Meter, type Cost } from './meter.ts';
import { rounded, type ScaleReport } from './report.ts';
import { circuitsInRows } from './rows.ts';
import type { CircuitsContext, ScaleResult } from './scale-run.ts';
import { Waiting, type WaitEnd } from './waiting.ts';

/**
 * More tenants than killed processes leave in practice; a second `--resume` would find the rest.
 */
const tenantsMax = 1_000;

type Taken = {
  readonly tenant: string;
  readonly mode: CircuitMode;
  readonly scale: number;
  /** The counts before this process resumed anything. */
  readonly before: { readonly completed: number; readonly openRuns: number };
  openRuns: number;
};

/** Returns null when it was interrupted. */
export async function resumeCircuits(
  context: CircuitsContext,
): Promise<readonly ScaleResult[] | null> {
  const { heddle, source, progress, note } = context;
  const found = await openTenants(heddle);
  const taken = found.length > 0 ? found : await newestTenant(heddle);
  if (found.length === 0) note(nothingOpen(taken[0]?.tenant));
  progress.trigger.planned({ scales: taken.map(({ scale }) => scale) });
  const meter = await Meter.begin(context);
  await source.begin();
  const calls = source.calls;
  const startMs = performance.now();
  const end = await drive(context, taken, meter);
  if (end === 'interrupted') {
    note('Interrupted; heddle circuits --resume goes on.');
    return null;
  }
  if (end === 'quiet') note('Nothing moves any more: the runs that are open count as stuck.');
  const around = {
    cost: await meter.end(),
    wallMs: performance.now() - startMs,
    calls: source.calls - calls,
  };
  const results: ScaleResult[] = [];
  for (const [at, one] of taken.entries()) {
    progress.trigger.auditing({ at });
    const result = await auditTenant(context, one, around);
    progress.trigger.reported({ at, report: result.report });
    results.push(result);
  }
  return results;
}

/** Circuits that an earlier process left open, oldest first. */
async function openTenants(heddle: Heddle): Promise<Taken[]> {
  const open = await tenants(heddle, true);
  const taken: Taken[] = [];
  for (const one of open) taken.push(await asTaken(heddle, one));
  return taken;
}

export async function hasOpenCircuits(heddle: Heddle): Promise<boolean> {
  return (await tenants(heddle, true)).length > 0;
}

/**
 * A process that was killed between the last end and the audit has left nothing open; its newest
 * tenant is audited now.
 */
async function newestTenant(heddle: Heddle): Promise<Taken[]> {
  const newest = (await tenants(heddle, false)).at(-1);
  return newest === undefined ? [] : [await asTaken(heddle, newest)];
}

async function asTaken(
  heddle: Heddle,
  { tenant, mode, scale }: Pick<Taken, 'tenant' | 'mode' | 'scale'>,
): Promise<Taken> {
  const { completed } = await circuitsInRows(heddle, tenant);
  const { openRuns } = await heddle.runtime.store.usage(tenant);
  return { tenant, mode, scale, openRuns, before: { completed, openRuns } };
}

async function tenants(
  { runtime }: Heddle,
  open: boolean,
): Promise<(Pick<Taken, 'tenant' | 'mode' | 'scale'> & { readonly startId: string })[]> {
  const names = await runtime.store.tenants({ prefix: tenantPrefix, open, limit: tenantsMax });
  return names
    .flatMap((tenant) => {
      const parts = fromTenant(tenant);
      return parts === null ? [] : { tenant, ...parts };
    })
    .sort((a, b) => (a.startId < b.startId ? -1 : 1));
}

function nothingOpen(newest: string | undefined): string {
  return newest === undefined
    ? 'No circuits are open, and none have ended here.'
    : `No circuits are open; the last ones, ${newest}, are audited again.`;
}

async function drive(
  { heddle, source, settings, progress, signal }: CircuitsContext,
  taken: readonly Taken[],
  meter: Meter,
): Promise<WaitEnd> {
  const waiting = new Waiting();
  const startMs = performance.now();
  const byTenant = new Map(taken.map((one) => [one.tenant, one]));
  let ended = 0;
  const heard = heddle.runtime.runEvents.all.subscribe((change) => {
    const one = byTenant.get(change.tenant);
    if (one === undefined || !change.ended) return;
    ended += 1;
    one.openRuns -= 1;
    if (one.openRuns <= 0) waiting.wake();
  });
  /**
   * The counts of open runs were read while runs ended, so they are read again when nothing moves.
   */
  const look = async (): Promise<void> => {
    for (const one of taken) {
      one.openRuns = (await heddle.runtime.store.usage(one.tenant)).openRuns;
    }
  };
  try {
    return await waiting.untilOver({
      isOver: () => taken.every(({ openRuns }) => openRuns === 0),
      movement: () => ended + source.calls,
      tick: () => {
        meter.sample();
        const calling = heddle.runtime.stats().pool.inFlight;
        const elapsedMs = performance.now() - startMs;
        taken.forEach(({ openRuns }, at) => {
          const counts = { completed: null, failed: 0, openRuns, calling, elapsedMs };
          progress.trigger.counted({ at, counts });
        });
      },
      look,
      signal,
      patienceMs: settings.patienceMs,
    });
  } finally {
    heard.unsubscribe();
  }
}

async function auditTenant(
  { heddle, settings, note }: CircuitsContext,
  { tenant, mode, scale, before }: Taken,
  { cost, wallMs, calls }: { readonly cost: Cost; readonly wallMs: number; readonly calls: number },
): Promise<ScaleResult> {
  const { circuits, completed, failed, latenciesMs } = await circuitsInRows(heddle, tenant);
  if (circuits < scale) {
    note(`${scale - circuits} of ${scale} circuits of ${tenant} were never accepted.`);
  }
  const facts = await heddle.audit({ tenant });
  const { audit, entities, differences } = auditCircuits(facts, circuits);
  const report: ScaleReport = {
    scale,
    mode,
    completed,
    failed,
    wall_ms: wallMs,
    circuits_per_s: ((completed - before.completed) / wallMs) * 1_000,
    latency_ms: latencyOf(latenciesMs),
    peak_open_runs: before.openRuns,
    entities,
    audit,
    providers: cost.providers,
    // The progress of each circuit before the kill is unknown: perhaps only one call of the row was
    // left.
    capacity_efficiency: capacityEfficiency({
      calls,
      inARow: 1,
      latencyMs: cost.meanLatencyMs ?? settings.latencyMs,
      ceiling: totalCeiling(settings),
      wallMs,
    }),
    slot_use_under_demand: cost.slotUseUnderDemand,
    postgres: cost.postgres,
    rss_mb: cost.rssMb,
  };
  return { tenant, report: rounded(report), differences };
}
