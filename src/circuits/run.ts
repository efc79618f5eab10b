/** The workload from begin to end: one replica, its providers, the scales one after the other. */
import { createHeddle, type HeddleOptions } from '../heddle.ts';
import type { CallSource, Told } from './call-source.ts';
import { agents } from './circuit.ts';
import type { Progress } from './progress.ts';
import type { ScaleReport } from './report.ts';
import { hasOpenCircuits, resumeCircuits } from './resume.ts';
import { runScale, type CircuitsContext, type ScaleResult } from './scale-run.ts';
import type { CircuitsSettings } from './settings.ts';
import { Demand } from './demand.ts';
import { DirectSource } from './direct-source.ts';
import { openEmulated } from './emulated-source.ts';

export type CircuitsAround = {
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly note: (line: string) => void;
  readonly report: (report: ScaleReport) => void;
};

/** True when every circuit completed and every audit is clean. */
export async function runCircuits(
  settings: CircuitsSettings,
  around: CircuitsAround,
): Promise<boolean> {
  const { progress, signal, note } = around;
  const source = await openCalls(settings, note);
  try {
    const heddle = await createHeddle(heddleOptions(settings, source, note));
    source.readFrom(() => heddle.runtime.stats().pool.slotMs.offered);
    try {
      return await runWith({ heddle, source, settings, progress, signal, note }, around);
    } finally {
      await heddle.close();
    }
  } finally {
    await source.close();
  }
}

async function runWith(context: CircuitsContext, around: CircuitsAround): Promise<boolean> {
  if (!context.settings.resume) return runScales(context, around);
  const results = await resumeCircuits(context);
  for (const result of results ?? []) tell(result, around);
  return results?.every(isClean) ?? false;
}

async function runScales(context: CircuitsContext, around: CircuitsAround): Promise<boolean> {
  const { heddle, settings, progress, note, signal } = context;
  if (await hasOpenCircuits(heddle)) {
    note('Circuits of an earlier run are open; they go on beside these and take their time.');
  }
  progress.trigger.planned({ scales: settings.scales });
  let clean = true;
  for (const [at, scale] of settings.scales.entries()) {
    const result = signal.aborted ? null : await runScale(context, { at, scale });
    if (result === null) return false;
    tell(result, around);
    clean &&= isClean(result) && result.report.completed === scale;
  }
  return clean;
}

function isClean({ report, differences }: ScaleResult): boolean {
  return report.failed === 0 && differences.length === 0;
}

function tell({ tenant, report, differences }: ScaleResult, around: CircuitsAround): void {
  for (const { what, expected, found } of differences) {
    around.note(`Audit of ${tenant}: ${what}: expected ${expected}, found ${found}.`);
  }
  around.report(report);
}

function heddleOptions(
  settings: CircuitsSettings,
  { providers }: CallSource,
  note: (line: string) => void,
): HeddleOptions {
  return {
    agents,
    providers,
    ...settings.database,
    // A scale hands over all its circuits at once, so the limit must be as large as the largest
    // scale.
    settings: { arrivalsMax: Math.max(100_000, ...settings.scales) },
    log: {
      info: () => undefined,
      warn: (message, facts) => {
        note(facts === undefined ? message : `${message} ${JSON.stringify(facts)}`);
      },
    },
  };
}

/** The ceiling that heddle is told when it has to learn the true one: far above it. */
const untoldCeilingMin = 1_000;
/** The limit with which heddle then begins to learn. */
const untoldStart = 16;

/**
 * Makes the providers that the settings name, and tells heddle their ceilings or lets it learn
 * them.
 */
export async function openCalls(
  settings: CircuitsSettings,
  note: (line: string) => void,
): Promise<CallSource> {
  const told = settings.ceilings.map(({ ceiling }): Told => {
    if (settings.told) return { ceiling };
    return { ceiling: Math.max(untoldCeilingMin, ceiling * 4), startsAt: untoldStart };
  });
  const demand = new Demand(told.reduce((total, { ceiling }) => total + ceiling, 0));
  const { provider } = settings;
  return provider.kind === 'emulated'
    ? openEmulated({ settings, emulated: provider, told, demand, note })
    : new DirectSource(settings, { told, demand });
}
