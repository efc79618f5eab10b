/** The agents that this heddle runs: several versions of one name may stand side by side. */
import { heddleError } from '../domain/errors.ts';
import type { Agent } from '../kernel/port.ts';

export class Agents {
  readonly #byName = new Map<string, Map<string, Agent>>();

  /** The one registered last under a name is its newest: new runs begin with it. */
  add(agent: Agent): void {
    const versions = this.#byName.get(agent.name) ?? new Map<string, Agent>();
    if (versions.has(agent.version)) {
      const { name, version } = agent;
      throw heddleError('agent-duplicate', { agent: name, version });
    }
    versions.set(agent.version, agent);
    this.#byName.set(agent.name, versions);
  }

  find(name: string, version: string): Agent | undefined {
    return this.#byName.get(name)?.get(version);
  }

  newest(name: string): Agent {
    const agent = [...(this.#byName.get(name)?.values() ?? [])].at(-1);
    if (agent === undefined) {
      const known = [...this.#byName.keys()].join(', ') || 'none';
      throw heddleError('agent-unknown', { agent: name, known });
    }
    return agent;
  }

  list(): Agent[] {
    return [...this.#byName.values()].flatMap((versions) => [...versions.values()]);
  }
}
