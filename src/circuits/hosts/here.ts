/**
 * Circuits in this process. The runtime's events report the ends of runs. Rows are read only when no event comes,
 * for runs that live on another replica.
 */
import { modelCalls, type CircuitStart } from '../circuit.ts';
import { totalCeiling } from '../call-source.ts';
import { capacityEfficiency } from '../efficiency.ts';
import { Meter, type Metered } from '../meter.ts';
import { everyRun } from '../rows.ts';
import type { CircuitsSettings } from '../settings.ts';
import type { CircuitsHost, CostReport, Done, EndHeard, Stretch } from './circuits-host.ts';

type Context = Metered & { readonly settings: CircuitsSettings };

export class CircuitsHere implements CircuitsHost {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  startId(): string {
    return this.#context.heddle.runtime.ids.run();
  }

  async begin(): Promise<Stretch> {
    const meter = await Meter.begin(this.#context);
    await this.#context.source.begin();
    return { sample: () => meter.sample(), end: (done) => this.#costs(meter, done) };
  }

  async #costs(meter: Meter, { mode, completed, wallMs }: Done): Promise<CostReport> {
    const cost = await meter.end();
    const { settings } = this.#context;
    return {
      providers: cost.providers,
      capacity_efficiency: capacityEfficiency({
        calls: completed * modelCalls[mode].inAll,
        inARow: modelCalls[mode].inARow,
        latencyMs: cost.meanLatencyMs ?? settings.latencyMs,
        ceiling: totalCeiling(settings),
        wallMs,
      }),
      slot_use_under_demand: cost.slotUseUnderDemand,
      postgres: cost.postgres,
      rss_mb: cost.rssMb,
    };
  }

  async start(_tenant: string, starts: readonly CircuitStart[]): Promise<readonly string[]> {
    const runs = await this.#context.heddle.startAll(starts);
    return runs.map((run) => run.id);
  }

  hear(tenant: string, ended: EndHeard): Promise<() => void> {
    const heard = this.#context.heddle.runtime.runEvents.all.subscribe((change) => {
      if (change.ended && change.tenant === tenant) ended(change.runId, change.status);
    });
    return Promise.resolve(() => heard.unsubscribe());
  }

  /** An end on another replica is noticed late; its latency is then the one that a waiting client sees here. */
  async look(tenant: string, openRuns: number, ended: EndHeard): Promise<void> {
    const { heddle } = this.#context;
    if ((await heddle.runtime.store.usage(tenant)).openRuns >= openRuns) return;
    for await (const { runId, status, endedAtMs } of everyRun(heddle, tenant)) {
      if (endedAtMs !== null) ended(runId, status);
    }
  }

  get calling(): number {
    return this.#context.heddle.runtime.stats().pool.inFlight;
  }

  get calls(): number {
    return this.#context.source.calls;
  }

  audit(tenant: string): ReturnType<CircuitsHost['audit']> {
    return this.#context.heddle.audit({ tenant });
  }
}
