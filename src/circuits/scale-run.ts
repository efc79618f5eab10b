/**
 * One scale: all its circuits are opened at once, waited for and audited, on a heddle in this process or on one
 * behind HTTP.
 */
import { auditCircuits, type Difference } from './audit.ts';
import { startsOf, tenantOf } from './circuit.ts';
import type { CircuitsHost, EndHeard, Stretch } from './hosts/circuits-host.ts';
import { latencyOf } from './latency.ts';
import { Ledger } from './ledger.ts';
import type { Metered } from './meter.ts';
import type { Progress } from './progress.ts';
import { rounded, type ScaleReport } from './report.ts';
import type { CircuitsSettings, ScaleSettings } from './settings.ts';
import { Waiting, type WaitEnd } from './waiting.ts';

/** The objects that all scales of one process share. */
export type ScaleContext = {
  readonly host: CircuitsHost;
  readonly settings: ScaleSettings;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Takes whole sentences for the person who waits. */
  readonly note: (line: string) => void;
};

/** The objects that all scales of one process share when it runs them itself. */
export type CircuitsContext = Metered &
  Omit<ScaleContext, 'host'> & { readonly settings: CircuitsSettings };

export type ScaleResult = {
  readonly tenant: string;
  readonly report: ScaleReport;
  readonly differences: readonly Difference[];
};

/** Returns null when it was interrupted. */
export async function runScale(
  context: ScaleContext,
  { at, scale }: { readonly at: number; readonly scale: number },
): Promise<ScaleResult | null> {
  const { host, settings, progress, note } = context;
  const { mode } = settings;
  const tenant = tenantOf(mode, scale, host.startId());
  const ledger = new Ledger(scale);
  const stretch = await host.begin();
  const end = await openAndWait(context, { at, tenant, ledger, stretch });
  if (end === 'interrupted') {
    note(`Interrupted with ${ledger.openRuns} runs open; heddle circuits --resume finishes them.`);
    return null;
  }
  if (end === 'quiet') note(quietNote(settings, ledger));
  progress.trigger.auditing({ at });
  const wallMs = Math.max(ledger.lastEndMs - ledger.firstStartMs, 0);
  const cost = await stretch.end({ mode, completed: ledger.completed, wallMs });
  const { audit, entities, differences } = auditCircuits(await host.audit(tenant), ledger.accepted);
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
    ...cost,
  });
  progress.trigger.reported({ at, report });
  return { tenant, report, differences };
}

function quietNote({ patienceMs }: ScaleSettings, { openRuns }: Ledger): string {
  return `Nothing has moved for ${patienceMs / 1_000} s: the ${openRuns} runs that are open count as stuck.`;
}

async function openAndWait(
  context: ScaleContext,
  of: {
    readonly at: number;
    readonly tenant: string;
    readonly ledger: Ledger;
    readonly stretch: Stretch;
  },
): Promise<WaitEnd> {
  const { host, settings, progress, signal } = context;
  const { at, tenant, ledger, stretch } = of;
  const waiting = new Waiting();
  ledger.onOver = () => waiting.wake();
  const ended: EndHeard = (runId, status) =>
    ledger.ended(runId, { status, atMs: performance.now() });
  const leave = await host.hear(tenant, ended);
  try {
    openAll(context, tenant, ledger);
    return await waiting.untilOver({
      isOver: () => ledger.isOver,
      movement: () => ledger.accepted + ledger.endedRuns + ledger.failed + host.calls,
      tick: () => {
        stretch.sample();
        const { completed, failed, openRuns, firstStartMs } = ledger;
        const elapsedMs = performance.now() - firstStartMs;
        const { calling } = host;
        progress.trigger.counted({
          at,
          counts: { completed, failed, openRuns, calling, elapsedMs },
        });
      },
      look: () => host.look(tenant, ledger.openRuns, ended),
      signal,
      patienceMs: settings.patienceMs,
    });
  } finally {
    leave();
  }
}

/** An open loop: no start waits for the answer to another start, or for a run's end. */
function openAll(context: ScaleContext, tenant: string, ledger: Ledger): void {
  const { host, settings, note, signal } = context;
  const { circuitsPerUser, mode } = settings;
  let refusals = 0;
  for (let n = 1; n <= ledger.scale; n++) {
    ledger.started(n, performance.now());
    host.start(tenant, startsOf(n, { mode, tenant, circuitsPerUser })).then(
      (runIds) => ledger.acceptedAs(n, runIds),
      (error: unknown) => {
        refusals += 1;
        if (refusals === 1 && !signal.aborted)
          note(`Circuit ${n} was not accepted: ${String(error)}`);
        ledger.refused(n, performance.now());
      },
    );
  }
}
