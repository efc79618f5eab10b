/**
 * The agents that this heddle runs: several versions of one name may stand side by side.
 *
 * A run's version finds its agent by, in this order: the version that the agent has; the versions
 * that it adopts; the version that heddle 0.1.0 gave to the very same chart.
 */
import { heddleError } from '../domain/errors.ts';
import { refuseField } from '../domain/field.ts';
import type { Agent } from '../kernel/port.ts';
import type { Store } from '../store/port.ts';

export class Agents {
  readonly #byName = new Map<string, Map<string, Agent>>();
  /** By name and version: who takes up runs of a version that is not its own. */
  readonly #takers = new Map<string, Map<string, Agent>>();

  /** The one that stands last under a name is its newest: new runs begin with it. */
  constructor(agents: readonly Agent[]) {
    for (const agent of agents) this.#add(agent);
    for (const agent of agents) this.#adopt(agent);
    for (const agent of agents) {
      const takers = mapOf(this.#takers, agent.name);
      if (!takers.has(agent.formerVersion)) takers.set(agent.formerVersion, agent);
    }
  }

  #add(agent: Agent): void {
    const { name, version } = agent;
    const versions = mapOf(this.#byName, name);
    if (versions.has(version)) throw heddleError('agent-duplicate', { agent: name, version });
    versions.set(version, agent);
  }

  /** One run cannot go on with two charts. */
  #adopt(agent: Agent): void {
    const takers = mapOf(this.#takers, agent.name);
    for (const version of agent.adopts) {
      // Its own: it takes the place of another structure.
      if (version === agent.version) continue;
      const other = this.#byName.get(agent.name)?.get(version) ?? takers.get(version);
      if (other !== undefined && other !== agent) {
        const what = other.version === version ? 'is registered itself' : 'is adopted twice';
        refuseField('agents.adopts', `names version ${version} of ${agent.name}, which ${what}`);
      }
      takers.set(version, agent);
    }
  }

  find(name: string, version: string): Agent | undefined {
    return this.#byName.get(name)?.get(version) ?? this.#takers.get(name)?.get(version);
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

function mapOf(maps: Map<string, Map<string, Agent>>, name: string): Map<string, Agent> {
  const map = maps.get(name) ?? new Map<string, Agent>();
  maps.set(name, map);
  return map;
}

/** Throws `structure-changed` when runs of another structure are open under one of the versions. */
export async function keepStructures(store: Store, agents: readonly Agent[]): Promise<void> {
  const asked = agents.map(({ name, version, structure, adopts }) => ({
    agent: name,
    version,
    structure,
    replaces: adopts.includes(version),
  }));
  const [inUse] = await store.keepStructures(asked);
  if (inUse !== undefined) throw heddleError('structure-changed', { ...inUse });
}
