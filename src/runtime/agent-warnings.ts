/**
 * What registration finds allowed goes to the host's log, once for each version: as a warning what is
 * unwise or otherwise than its author may think, as information what may well be meant.
 */
import type { Agent } from '../kernel/port.ts';
import type { Log } from './ports.ts';

/** A line of the log holds so many; a chart may have one for each of its states. */
const shownMax = 50;

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
