/**
 * The heddle that runs the circuits: in this process, or behind HTTP. A scale starts its circuits there, hears of
 * the ends of their runs, and has the rows of its tenant counted.
 */
import type { RunStatus } from '../../index.ts';
import type { AuditFacts } from '../../store/caller-port.ts';
import type { CircuitStart } from '../circuit.ts';
import type { CircuitMode } from '../settings.ts';
import type { ScaleReport } from '../report.ts';

/** Told of a run that has ended; of one run perhaps several times. */
export type EndHeard = (runId: string, status: RunStatus) => void;

/** What a scale came to, as far as its costs depend on it. */
export type Done = {
  readonly mode: CircuitMode;
  readonly completed: number;
  readonly wallMs: number;
};

/** The part of a report that a host measures. Behind HTTP nobody can: `null`, and no providers. */
export type CostReport = Pick<
  ScaleReport,
  'providers' | 'capacity_efficiency' | 'slot_use_under_demand' | 'postgres' | 'rss_mb'
>;

/** A stretch of work that is measured. */
export type Stretch = {
  /** Memory is a level and not a sum: it is read at intervals, and the highest value counts. */
  sample(): void;
  end(done: Done): Promise<CostReport>;
};

export interface CircuitsHost {
  /** A new id, which sorts by age. */
  startId(): string;
  /** The costs of a scale count from here on, and the times of outages. */
  begin(): Promise<Stretch>;
  /** The ids of the runs. Rejects when one of them was not accepted; none of them goes on then. */
  start(tenant: string, starts: readonly CircuitStart[]): Promise<readonly string[]>;
  /** Tells the ends of the tenant's runs from now on. Returns what ends that. */
  hear(tenant: string, ended: EndHeard): Promise<() => void>;
  /** Reads what has ended, because an end may stand in the rows without having been told. */
  look(tenant: string, openRuns: number, ended: EndHeard): Promise<void>;
  /** Model calls under way, as far as it is known. */
  readonly calling: number;
  /** A number that changes when a call is made; it stands still where that is not known. */
  readonly calls: number;
  audit(tenant: string): Promise<AuditFacts>;
}
