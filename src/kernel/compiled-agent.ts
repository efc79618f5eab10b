/** An agent as the kernel uses it: the chart made ready for stepping, with tables beside it. */
import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import type { InvocationSource } from '../domain/effect.ts';
import type { Json } from '../domain/json.ts';
import { nodesOf, takes, type StateNode } from './chart-nodes.ts';
import type { OpenPlaces } from './open-places.ts';
import { edgesOf } from './drawing/edges.ts';
import type { Agent, AgentSchemas, Edge } from './port.ts';
import { chartsOf } from './sources.ts';
import { formerStructures } from './structure.ts';
import type { ChartHashes } from './version.ts';

type Given = Pick<
  CompiledAgent,
  'name' | 'version' | 'adopts' | 'schemas' | 'definition' | 'warnings' | 'advice' | 'authored'
>;
type Parts = Pick<CompiledAgent, 'machine' | 'sources' | 'places'> & {
  readonly hashes: ChartHashes;
  readonly logics: Readonly<Record<string, unknown>>;
};

export class CompiledAgent implements Agent {
  readonly name: string;
  readonly version: string;
  readonly structure: string;
  readonly build: string;
  readonly formerVersion: string;
  readonly adopts: readonly string[];
  readonly schemas: AgentSchemas;
  readonly definition: Json;
  readonly warnings: readonly string[];
  readonly advice: readonly string[];
  /** The chart as its author made it. */
  readonly authored: AnyStateMachine;
  /** The charts among its actors, by key: each runs as the agent with the chart's id. */
  readonly charts: ReadonlyMap<string, AnyStateMachine>;
  /** The author's chart with stubs for actors, a frozen context and a limit of microsteps. */
  readonly machine: AnyStateMachine;
  /** By the key in the chart's `actors`. */
  readonly sources: ReadonlyMap<string, InvocationSource>;
  readonly places: OpenPlaces;
  /** The `after` timers, by XState's event type and by heddle's id. */
  readonly afterIds: ReadonlyMap<string, string>;
  readonly afterTypes: ReadonlyMap<string, string>;
  /** By `order`, XState's number of a state in its document. */
  readonly nodes: readonly StateNode[];
  readonly nodesById: ReadonlyMap<string, StateNode>;
  /**
   * False when the active states are always one path from the root, so that the state's value gives
   * all of them and their order. (XState loses active states, or has two where one should be, when
   * the history state of a parallel state is targeted from within that state. A restored run must
   * then be as wrong as a live one.)
   */
  readonly ordered: boolean;
  #formerStructures: readonly string[] | null = null;
  #edges: ReadonlyMap<unknown, Edge> | null = null;
  readonly #logics: Readonly<Record<string, unknown>>;
  readonly #heard: ReadonlySet<string>;
  /** The beginnings of the wildcards; `*` alone begins with the empty text. */
  readonly #prefixes: readonly string[];
  readonly #eventless: boolean;

  constructor(parts: Given & Parts) {
    this.name = parts.name;
    this.version = parts.version;
    this.structure = parts.hashes.structure;
    this.build = parts.hashes.build;
    this.formerVersion = parts.hashes.text;
    this.adopts = parts.adopts;
    this.schemas = parts.schemas;
    this.definition = parts.definition;
    this.warnings = parts.warnings;
    this.advice = parts.advice;
    this.authored = parts.authored;
    this.charts = chartsOf(parts.logics);
    this.machine = parts.machine;
    this.sources = parts.sources;
    this.places = parts.places;
    this.#logics = parts.logics;
    this.nodes = nodesOf(parts.machine);
    this.nodesById = new Map(this.nodes.map((node) => [node.id, node]));
    this.ordered = this.nodes.some(({ type }) => type === 'parallel' || type === 'history');
    const afterIds = new Map<string, string>();
    for (const node of this.nodes) {
      for (const { eventType, delay } of node.after) {
        // A delay's name may contain the colon that separates the parts of the id.
        afterIds.set(eventType, `after:${encodeURIComponent(String(delay))}:${node.id}`);
      }
    }
    this.afterIds = afterIds;
    const heard = this.nodes.flatMap((node) => [...(node.transitions.keys() as Iterable<string>)]);
    this.#heard = new Set(heard);
    this.#prefixes = heard.filter((type) => type.endsWith('*')).map((type) => type.slice(0, -1));
    this.#eventless = this.nodes.some((node) => node.always !== undefined);
    this.afterTypes = new Map([...afterIds].map(([type, id]) => [id, type]));
  }

  /**
   * False for events that no state handles. XState would find that out itself, but it remembers its
   * answer for each type for ever, and types come from outside. Any event may open an eventless
   * transition, so a chart that has some gets every event.
   */
  mayHear(type: string): boolean {
    if (this.#eventless || this.#heard.has(type)) return true;
    return this.#prefixes.some((prefix) => `${type}.`.startsWith(prefix));
  }

  /** By the transitions of `machine`. */
  get edges(): ReadonlyMap<unknown, Edge> {
    this.#edges ??= edgesOf(this.machine);
    return this.#edges;
  }

  get formerStructures(): readonly string[] {
    this.#formerStructures ??= formerStructures(this.authored);
    return this.#formerStructures;
  }

  declares(type: string): boolean {
    return this.nodes.some((node) => takes(node, type));
  }

  sourceOf(src: string): InvocationSource | null {
    return this.sources.get(src) ?? null;
  }

  taskLogic(src: string): unknown {
    return this.sources.get(src)?.kind === 'task' ? this.#logics[src] : undefined;
  }
}

export type Snapshot = AnyMachineSnapshot;
