/**
 * One scale: all its circuits are opened at once, waited for and audited. The runtime's events
 * report the ends of runs. Rows are read only when no event comes, for runs that live on another
 * replica.
 */
import type { Heddle } from '../heddle.ts';
import { auditCircuits, type Difference } from './audit.ts';
import { modelCalls, startsOf, tenantOf } from './circuit.ts';
import { totalCeiling } from './call-source.ts';
import { capacityEfficiency } from './efficiency.ts';
import { latencyOf } from './latency.ts';
import { Ledger } from './ledger.ts';
import { Meter, type Metered } from './meter.ts';
import type { Progress } from './progress.ts';
import { rounded, type ScaleReport } from './report.ts';
import { everyRun } from './rows.ts';
import type { CircuitsSettings } from './settings.ts';
import { Waiting, type WaitEnd } from './waiting.ts';

/** The objects that all scales of one process share. */
export type CircuitsContext = Metered & {
  readonly settings: CircuitsSettings;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Takes whole sentences for the person who waits. */
  readonly note: (line: string) => void;
};

export type ScaleResult = {
  readonly tenant: string;
  readonly report: ScaleReport;
  readonly differences: readonly Difference[];
};

/** Returns null when it was interrupted. */
export async function runScale(
  context: CircuitsContext,
  { at, scale }: { readonly at: number; readonly scale: number },
): Promise<ScaleResult | null> {
  const { heddle, settings, progress, note } = context;
  const { mode } = settings;
  const tenant = tenantOf(mode, scale, heddle.runtime.ids.run());
  const ledger = new Ledger(scale);
  const meter = await Meter.begin(context);
  await context.source.begin();
  const end = await openAndWait(context, { at, tenant, ledger, meter });
  if (end === 'interrupted') {
    note(`Interrupted with ${ledger.openRuns} runs open; heddle circuits --resume finishes them.`);
    return null;
  }
  if (end === 'quiet') note(quietNote(settings, ledger));
  progress.trigger.auditing({ at });
  const cost = await meter.end();
  const { audit, entities, differences } = auditCircuits(
    await heddle.audit({ tenant }),
    ledger.accepted,
  );
  const wallMs = Math.max(ledger.lastEndMs - ledger.firstStartMs, 0);
  const report = rounded({
    scale,
    mode,
    completed: ledger.completed,
    // A circuit that neither completed nor failed is stuck, and shows in the audit.
    failed: ledger.failed,
    wall_ms: wallMs,
    circuits_per_s: wallMs === 0 ? 0 : (ledger.completed / wallMs) * 1_000,
    latency_ms: latencyOf(ledger.latenciesMs()),
    peak_open_runs: ledger.peakOpenRuns,
    entities,
    audit,
    providers: cost.providers,
    capacity_efficiency: capacityEfficiency({
      calls: ledger.completed * modelCalls[mode].inAll,
      inARow: modelCalls[mode].inARow,
      latencyMs: cost.meanLatencyMs ?? settings.latencyMs,
      ceiling: totalCeiling(settings),
      wallMs,
    }),
    slot_use_under_demand: cost.slotUseUnderDemand,
    postgres: cost.postgres,
    rss_mb: cost.rssMb,
  });
  progress.trigger.reported({ at, report });
  return { tenant, report, differences };
}

function quietNote({ patienceMs }: CircuitsSettings, { openRuns }: Ledger): string {
  return `Nothing has moved for ${patienceMs / 1_000} s: the ${openRuns} runs that are open count as stuck.`;
}

async function openAndWait(
  context: CircuitsContext,
  of: {
    readonly at: number;
    readonly tenant: string;
    readonly ledger: Ledger;
    readonly meter: Meter;
  },
): Promise<WaitEnd> {
  const { heddle, source, settings, progress, signal } = context;
  const { at, tenant, ledger, meter } = of;
  const waiting = new Waiting();
  ledger.onOver = () => waiting.wake();
  const heard = heddle.runtime.runEvents.all.subscribe((change) => {
    if (!change.ended || change.tenant !== tenant) return;
    ledger.ended(change.runId, { status: change.status, atMs: performance.now() });
  });
  try {
    openAll(context, tenant, ledger);
    return await waiting.untilOver({
      isOver: () => ledger.isOver,
      movement: () => ledger.accepted + ledger.endedRuns + ledger.failed + source.calls,
      tick: () => {
        meter.sample();
        const { completed, failed, openRuns, firstStartMs } = ledger;
        const elapsedMs = performance.now() - firstStartMs;
        const calling = heddle.runtime.stats().pool.inFlight;
        progress.trigger.counted({
          at,
          counts: { completed, failed, openRuns, calling, elapsedMs },
        });
      },
      look: async () => {
        const { openRuns } = await heddle.runtime.store.usage(tenant);
        if (openRuns < ledger.openRuns) await readEnds(heddle, tenant, ledger);
      },
      signal,
      patienceMs: settings.patienceMs,
    });
  } finally {
    heard.unsubscribe();
  }
}

/** An open loop: no start waits for the answer to another start, or for a run's end. */
function openAll(context: CircuitsContext, tenant: string, ledger: Ledger): void {
  const { heddle, settings, note, signal } = context;
  const { circuitsPerUser, mode } = settings;
  let refusals = 0;
  for (let n = 1; n <= ledger.scale; n++) {
    ledger.started(n, performance.now());
    heddle.startAll(startsOf(n, { mode, tenant, circuitsPerUser })).then(
      (runs) =>
        ledger.acceptedAs(
          n,
          runs.map((run) => run.id),
        ),
      (error: unknown) => {
        refusals += 1;
        if (refusals === 1 && !signal.aborted)
          note(`Circuit ${n} was not accepted: ${String(error)}`);
        ledger.refused(n, performance.now());
      },
    );
  }
}

/**
 * An end on another replica is noticed late; its latency is then the one that a waiting client sees
 * here.
 */
async function readEnds(heddle: Heddle, tenant: string, ledger: Ledger): Promise<void> {
  for await (const { runId, status, endedAtMs } of everyRun(heddle, tenant)) {
    if (endedAtMs !== null) ledger.ended(runId, { status, atMs: performance.now() });
  }
}
