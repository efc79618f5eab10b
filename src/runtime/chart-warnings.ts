/**
 * Warnings of runs that no chart here fits: one per version, however many runs there are. It owns
 * which versions were warned of, at most `versionsMax`; then it begins anew.
 */
import type { RunRow } from '../store/rows.ts';
import type { Log } from './ports.ts';

const versionsMax = 1_000;

export class ChartWarnings {
  readonly #log: Log;
  readonly #warned = new Set<string>();

  constructor(log: Log) {
    this.#log = log;
  }

  warn({ runId, agent, version }: RunRow, reason: string): void {
    const key = JSON.stringify([agent, version]);
    if (this.#warned.has(key)) return;
    if (this.#warned.size >= versionsMax) this.#warned.clear();
    this.#warned.add(key);
    this.#log.warn('runs wait for a chart that they fit', { agent, version, runId, reason });
  }
}
