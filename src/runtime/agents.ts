/**
 * The agents that this heddle runs. Several versions of one name may stand side by side.
 *
 * A run's version finds its agent in this order: the agent that has this version; the agent that adopts
 * it; the agent to whose very chart heddle 0.1.0 gave it, or that stands in the place of a chart which
 * heddle made before.
 */
import type { AnyStateMachine } from 'xstate';
import { heddleError, HeddleError } from '../domain/errors.ts';
import { refuseField } from '../domain/field.ts';
import { checkName } from '../domain/ids.ts';
import { isStateMachine } from '../kernel/sources.ts';
import { structureOf } from '../kernel/structure.ts';
import type { Agent } from '../kernel/port.ts';

export class Agents {
  readonly #byName = new Map<string, Map<string, Agent>>();
  /** By name and version: the agent that takes up runs of a version that is not its own. */
  readonly #takers = new Map<string, Map<string, Agent>>();
  /** By chart: the agent that a host meant when it gave this chart. */
  readonly #meant = new WeakMap<object, Agent>();

  /** The last agent of a name is its newest: new runs begin with it. */
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

  /** Refuses a version that two agents would take up: one run cannot go on with two charts. */
  #adopt(agent: Agent): void {
    const takers = mapOf(this.#takers, agent.name);
    for (const version of agent.adopts) {
      // Its own version: the agent takes the place of another structure (`registerWith`).
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
    const own = this.#byName.get(name)?.get(version) ?? this.#takers.get(name)?.get(version);
    return (
      own ??
      this.#versionsOf(name).findLast(({ formerStructures }) => formerStructures.includes(version))
    );
  }

  /**
   * The agent with this name, or with this chart. Throws when no agent has the name, or when the agents
   * of the name have other charts.
   */
  meant(given: unknown, field: string): Agent {
    if (typeof given !== 'object' || given === null) return this.newest(checkName(given, field));
    const known = this.#meant.get(given);
    if (known !== undefined) return known;
    try {
      if (!isStateMachine(given)) refuseField(field, 'must be the name of an agent, or its chart');
      const agent = this.#ofChart(given);
      this.#meant.set(given, agent);
      return agent;
    } catch (error) {
      if (error instanceof HeddleError) throw error;
      return refuseField(field, 'is a chart that cannot be read');
    }
  }

  /** The name of an agent. A name need not be registered; a chart must be. */
  nameOf(given: unknown, field: string): string {
    if (typeof given !== 'object' || given === null) return checkName(given, field);
    return this.meant(given, field).name;
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  newest(name: string): Agent {
    const newest = this.#versionsOf(name).at(-1);
    if (newest === undefined) throw this.#unknown(name);
    return newest;
  }

  /**
   * The agent of this very chart, or the newest one with the same structure: the host may give what
   * `provide` made of the chart, or a second copy.
   */
  #ofChart(chart: AnyStateMachine): Agent {
    const name = checkName(chart.id, 'agent');
    const versions = this.#versionsOf(name);
    if (versions.length === 0) throw this.#unknown(name);
    const structure = structureOf(chart);
    const agent =
      versions.findLast(({ authored }) => authored === chart) ??
      versions.findLast((version) => version.structure === structure);
    if (agent === undefined) throw heddleError('agent-differs', { agent: name });
    return agent;
  }

  #versionsOf(name: string): readonly Agent[] {
    return [...(this.#byName.get(name)?.values() ?? [])];
  }

  #unknown(name: string): HeddleError {
    const known = [...this.#byName.keys()].join(', ') || 'none';
    return heddleError('agent-unknown', { agent: name, known });
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
