/**
 * The workload from begin to end: the scales one after the other, on one replica here with its providers, or on a
 * heddle that serves.
 */
import { heddleError } from '../domain/errors.ts';
import { createHeddle, type Heddle, type HeddleOptions } from '../heddle.ts';
import type { CallSource, Told } from './call-source.ts';
import { agents } from './circuit.ts';
import { CircuitsBehindHttp, type Server } from './hosts/behind-http.ts';
import { CircuitsHere } from './hosts/here.ts';
import type { Progress } from './progress.ts';
import type { ScaleReport } from './report.ts';
import { hasOpenCircuits, resumeCircuits } from './resume.ts';
import {
  runScale,
  type CircuitsContext,
  type ScaleContext,
  type ScaleResult,
} from './scale-run.ts';
import type { CircuitsSettings, ScaleSettings } from './settings.ts';
import { Demand } from './demand.ts';
import { DirectSource } from './direct-source.ts';
import { openEmulated } from './emulated-source.ts';

export type CircuitsAround = {
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly note: (line: string) => void;
  readonly report: (report: ScaleReport) => void;
  /** Does the work where it can be watched: here the heddle is open as long as this takes. */
  readonly within?: Within;
};

export type CircuitsAt =
  | { readonly kind: 'here'; readonly heddle: Heddle }
  | { readonly kind: 'behind-http'; readonly url: string };

type Within = (at: CircuitsAt, work: () => Promise<boolean>) => Promise<boolean>;

const alone: Within = (_, work) => work();

/** True when every circuit completed and every audit is clean. */
export async function runCircuits(
  settings: CircuitsSettings,
  around: CircuitsAround,
): Promise<boolean> {
  const { progress, signal, note, within = alone } = around;
  const source = await openCalls(settings, note);
  try {
    const heddle = await createHeddle(heddleOptions(settings, source, note));
    source.readFrom(() => heddle.runtime.stats().pool.slotMs.offered);
    try {
      const context = { heddle, source, settings, progress, signal, note };
      return await within({ kind: 'here', heddle }, () => runWith(context, around));
    } finally {
      await heddle.close();
    }
  } finally {
    await source.close();
  }
}

/** The same circuits on a heddle that serves, over its API. */
export async function runCircuitsOver(
  server: Server,
  settings: ScaleSettings,
  around: CircuitsAround,
): Promise<boolean> {
  const { progress, signal, note, within = alone } = around;
  const host = new CircuitsBehindHttp(server, note);
  try {
    const known = new Set(await host.agents());
    const missing = agents.find(({ machine }) => !known.has(machine.id));
    if (missing !== undefined) {
      note(`${server.url} has not the agents of circuits: start it with heddle serve --circuits.`);
      const names = [...known].join(', ');
      throw heddleError('agent-unknown', { agent: missing.machine.id, known: names || 'none' });
    }
    const context = { host, settings, progress, signal, note };
    return await within({ kind: 'behind-http', url: server.url }, () => runScales(context, around));
  } finally {
    host.close();
  }
}

async function runWith(context: CircuitsContext, around: CircuitsAround): Promise<boolean> {
  const { heddle, settings, note } = context;
  if (!settings.resume) {
    if (await hasOpenCircuits(heddle)) {
      note('Circuits of an earlier run are open; they go on beside these and take their time.');
    }
    return runScales({ ...context, host: new CircuitsHere(context) }, around);
  }
  const results = await resumeCircuits(context);
  for (const result of results ?? []) tell(result, around);
  return results?.every(isClean) ?? false;
}

async function runScales(context: ScaleContext, around: CircuitsAround): Promise<boolean> {
  const { settings, progress, signal } = context;
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
