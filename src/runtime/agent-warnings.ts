/**
 * Warns a host about its agents, in its log: what registration finds, runs that no chart here fits,
 * events that a chart does not declare.
 */
import type { Agents } from './agents.ts';
import type { Agent } from '../kernel/port.ts';
import type { Log } from './ports.ts';
import type { NewRun, RunRow } from '../store/rows.ts';

/** The most warnings in one line of the log; a chart may have one for each of its states. */
const shownMax = 50;

/**
 * Logs once for each version what registration allows and still reports. What is unwise, or works
 * otherwise than its author may think, is a warning; what may well be meant is information.
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
 * Warns of runs that no chart here fits: once per version, however many runs there are. It owns the
 * versions that it has warned of; at `versionsMax` it forgets them all and begins anew.
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
 * Warns of events that a chart does not declare, mostly because their name is wrong: once per version
 * and type, however often the event is sent. It owns the pairs that it has warned of. Types come from
 * outside, so at `knownMax` pairs it forgets them all and begins anew.
 */
export class UnheardEvents {
  readonly #log: Log;
  readonly #agents: Agents;
  readonly #warned = new Set<string>();

  constructor({ log, agents }: { readonly log: Log; readonly agents: Agents }) {
    this.#log = log;
    this.#agents = agents;
  }

  /** Says nothing when the run's chart is not registered here, because its events are not known. */
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
