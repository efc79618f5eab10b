/**
 * What a host is warned of about its agents, in its log: what registration finds, runs that no
 * chart here fits, events that no chart declares.
 */
import type { Agents } from './agents.ts';
import type { Agent } from '../kernel/port.ts';
import type { Log } from './ports.ts';
import type { NewRun, RunRow } from '../store/rows.ts';

/** A line of the log holds so many; a chart may have one for each of its states. */
const shownMax = 50;

/**
 * What registration finds allowed goes to the log once for each version: as a warning what is unwise or
 * otherwise than its author may think, as information what may well be meant.
 */
export function warnOfAgents(agents: readonly Agent[], log: Log): void {
  for (const { name: agent, version, warnings, advice } of agents) {
    if (warnings.length > 0) {
      log.warn('an agent has warnings', { agent, version, ...shown('warnings', warnings) });
    }
    if (advice.length > 0) {
      log.info('an agent could be safer', { agent, version, ...shown('advice', advice) });
    }
  }
}

function shown(name: string, lines: readonly string[]): Readonly<Record<string, unknown>> {
  const more = lines.length - shownMax;
  return { [name]: lines.slice(0, shownMax), ...(more > 0 && { more }) };
}

const versionsMax = 1_000;

/**
 * Warnings of runs that no chart here fits: one per version, however many runs there are. It owns
 * which versions were warned of, at most `versionsMax`; then it begins anew.
 */
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

const knownMax = 1_000;

/**
 * Warnings of events that a chart declares nowhere: mostly their name is wrong. One per version and
 * type, however often it is sent. It owns which were warned of, at most `knownMax`; types come from
 * outside, so past that it begins anew.
 */
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
