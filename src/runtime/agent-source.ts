/** Checks, by field, what a host gives as an agent: a chart, or a chart with its version and its schemas. */
import { HeddleError } from '../domain/errors.ts';
import { onlyKeys, refuseField } from '../domain/field.ts';
import { checkName } from '../domain/ids.ts';
import { limits } from '../domain/limits.ts';
import { asList } from '../domain/options.ts';
import type { StandardSchema } from '../domain/standard-schema.ts';
import type { Agent, Kernel } from '../kernel/port.ts';
import { checkEventTypes, schemasOf } from './registry/agent-schemas.ts';

/**
 * Any chart that XState's `createMachine` gives. XState's `AnyStateMachine` is narrower: it refuses
 * charts whose states are not known to their type.
 */
export type AnyChart = {
  /** The agent's name. */
  readonly id: string;
  /** Its tree of states. */
  readonly root: object;
  /** The config of the chart, as its author wrote it. */
  readonly config: object;
  /** Its actions, guards, delays and actors. */
  readonly implementations: object;
};

/**
 * A schema of zod, valibot, arktype or another library of https://standardschema.dev that can say itself as JSON
 * Schema; or a JSON Schema, also one of TypeBox.
 */
export type AgentSchema = StandardSchema | object;

/**
 * A chart, the version that its runs keep, the versions whose runs it takes over, and the schemas of what its
 * runs take from outside.
 */
export type AgentVersion = {
  /** A chart made by `setup(…).createMachine(…)`. Its id is the agent's name. */
  readonly machine: AnyChart;
  /** Default: a hash of the chart's structure. */
  readonly version?: string;
  /**
   * Versions whose open runs this chart takes up, as far as they fit it; runs that do not fit are
   * stalled and say what is missing. When its own version is among them, the chart takes the place of
   * the structure that is stored under that version, even while runs are open.
   */
  readonly adopts?: readonly string[];
  /** What `start` takes as the input of a run: another input is refused as `invalid-input`. Default: any. */
  readonly input?: AgentSchema;
  /**
   * By event type: what `send` takes beside the event's `type`; another event of the type is refused as
   * `invalid-event`. Events that are not named here are not checked.
   */
  readonly events?: Readonly<Record<string, AgentSchema>>;
};

/** A chart, or a chart with its version. */
export type AgentSource = AnyChart | AgentVersion;

/**
 * The agents for `createHeddle`: a list, or an object by name. A list may hold several versions of
 * one agent; new runs begin with the last. A name is the chart's id.
 */
export type AgentSources = readonly AgentSource[] | Readonly<Record<string, AgentSource>>;

type Given = { readonly machine: unknown } & {
  readonly [Key in 'version' | 'adopts' | 'input' | 'events']?: unknown;
};

/**
 * Registers all agents that a host gave, in its order. In an object, each key must be the name of its
 * agent.
 */
export function registerSources(kernel: Kernel, sources: AgentSources = []): Agent[] {
  return sourcesOf(sources).map(([key, source]) => {
    const agent = registerSource(kernel, source);
    if (key !== null && agent.name !== key) {
      const field = `agents.${key.slice(0, limits.nameCharsMax)}`;
      refuseField(field, `is agent ${agent.name}: its key must be its name`);
    }
    return agent;
  });
}

/** Reads once what was given. In a list the keys are null. */
function sourcesOf(given: AgentSources): (readonly [key: string | null, AgentSource])[] {
  try {
    if (Array.isArray(given)) {
      const list = asList(given, 'agents', { max: agentsMax, what: 'agents' });
      return list.map((source) => [null, source as AgentSource]);
    }
    const isNamed = typeof given === 'object' && given !== null && !('root' in given);
    if (!isNamed) refuseField('agents', 'must be a list of charts, or an object of them by name');
    const named = Object.entries(given);
    if (named.length > agentsMax) refuseField('agents', `must be at most ${agentsMax} agents`);
    return named;
  } catch (error) {
    if (error instanceof HeddleError) throw error;
    return refuseField('agents', 'cannot be read');
  }
}

/**
 * Throws `agent-refused` for a chart that cannot be durable, `invalid-field` for a wrong version, schema or
 * `adopts`.
 */
export function registerSource(kernel: Kernel, source: AgentSource): Agent {
  if (!isGiven(source)) return kernel.register(source);
  onlyKeys({ ...source } as never, 'agents', ['machine', 'version', 'adopts', 'input', 'events']);
  const { machine, version, adopts, input, events } = source;
  const schemas = schemasOf({ input, events }, 'agents');
  const agent = kernel.register(machine, {
    ...(version === undefined ? {} : { version: checkName(version, 'agents.version') }),
    ...(adopts === undefined ? {} : { adopts: names(adopts) }),
    schemas,
  });
  checkEventTypes(agent, 'agents.events');
  return agent;
}

/** True for a chart with its version. A bare chart of XState's has a `root`, which the other has not. */
function isGiven(source: unknown): source is Given {
  return (
    typeof source === 'object' && source !== null && 'machine' in source && !('root' in source)
  );
}

function names(value: unknown): string[] {
  const field = 'agents.adopts';
  if (!Array.isArray(value)) refuseField(field, 'must be a list of versions');
  if (value.length > adoptsMax) refuseField(field, `must name at most ${adoptsMax} versions`);
  return value.map((one, i) => checkName(one, `${field}[${i}]`));
}

const adoptsMax = 1_000;
const agentsMax = 10_000;
