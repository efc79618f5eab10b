/**
 * Warnings of events that a chart declares nowhere: mostly their name is wrong. One per version and
 * type, however often it is sent. It owns which were warned of, at most `knownMax`; types come from
 * outside, so past that it begins anew.
 */
import type { NewRun } from '../store/rows.ts';
import type { Agents } from './agents.ts';
import type { Log } from './ports.ts';

const knownMax = 1_000;

export class UnheardEvents {
  readonly #log: Log;
  readonly #agents: Agents;
  readonly #warned = new Set<string>();

  constructor({ log, agents }: { readonly log: Log; readonly agents: Agents }) {
    this.#log = log;
    this.#agents = agents;
  }

  /** Of a chart that is not registered here nothing is known, and nothing said. */
  warn(run: Pick<NewRun, 'runId' | 'agent' | 'version'>, type: string): void {
    const { runId, agent, version } = run;
    if (this.#agents.find(agent, version)?.declares(type) !== false) return;
    const key = JSON.stringify([agent, version, type]);
    if (this.#warned.has(key)) return;
    if (this.#warned.size >= knownMax) this.#warned.clear();
    this.#warned.add(key);
    this.#log.warn('the chart declares no such event', { runId, agent, version, type });
  }
}
