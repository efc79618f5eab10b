/**
 * Tells listeners in this process what became of a run on this replica: `run.output()`, pages,
 * inspectors.
 *
 * Owns the listeners. A run event is a hint about rows that are committed already; a listener that
 * misses one reads the row.
 */
import type { Observable } from 'rxjs';
import { Subject } from 'rxjs/internal/Subject';
import type { ChartEvent } from '../../domain/event.ts';
import type { RunId } from '../../domain/ids.ts';
import type { RunStatus } from '../../../machines/run.ts';

export type RunChange = {
  readonly tenant: string;
  readonly runId: RunId;
  readonly status: RunStatus;
  readonly turn: number;
  readonly ended: boolean;
  /** The events that the chart emitted in this turn. */
  readonly emitted: readonly ChartEvent[];
};

export class RunEvents {
  readonly #byRun = new Map<RunId, Subject<RunChange>>();
  readonly #all = new Subject<RunChange>();

  /** True when the run has a listener: without one, its events need not be made. */
  hears(runId: RunId): boolean {
    return this.#all.observed || this.#byRun.has(runId);
  }

  get all(): Observable<RunChange> {
    return this.#all;
  }

  /**
   * Listens to one run. Each run has its own subject, kept only while it has listeners: with one subject
   * for all runs, every event would go through every listener's filter.
   */
  run(runId: RunId, heard: (change: RunChange) => void): () => void {
    let subject = this.#byRun.get(runId);
    if (subject === undefined) {
      subject = new Subject();
      this.#byRun.set(runId, subject);
    }
    const subscription = subject.subscribe(heard);
    return () => {
      subscription.unsubscribe();
      if (subject.observed || this.#byRun.get(runId) !== subject) return;
      this.#byRun.delete(runId);
    };
  }

  tell(change: RunChange): void {
    this.#byRun.get(change.runId)?.next(change);
    if (this.#all.observed) this.#all.next(change);
  }

  close(): void {
    for (const subject of this.#byRun.values()) subject.complete();
    this.#all.complete();
    this.#byRun.clear();
  }
}
