/**
 * What this process can say of an agent: of its own, and of those that only other replicas have, which the
 * database knows since they were registered.
 *
 * It owns what the database has said, for `keptMs` and for at most `answersMax` questions. That nobody knows
 * an agent is not kept, because its first replica may start at any moment.
 */
import { checkName } from '../../domain/ids.ts';
import type { Json } from '../../domain/json.ts';
import type { Agent, AgentSchemas } from '../../kernel/port.ts';
import type { Store } from '../../store/port.ts';
import type { AgentRow } from '../../store/rows.ts';
import type { Agents } from '../agents.ts';
import type { Clock } from '../ports.ts';

export type KnownAgent = Pick<Agent, 'name' | 'version' | 'schemas'>;
/** A name that no agent here has. */
export type ElsewhereAgent = { readonly name: string; readonly version: null };

const keptMs = 5_000;
const answersMax = 1_000;

type KnownAgentsOptions = {
  readonly agents: Agents;
  readonly store: Pick<Store, 'agent'>;
  readonly clock: Pick<Clock, 'nowMs'>;
};
type Kept = { readonly row: Promise<AgentRow | null>; readonly untilMs: number };

export class KnownAgents {
  readonly #options: KnownAgentsOptions;
  readonly #answers = new Map<string, Kept>();

  constructor(options: KnownAgentsOptions) {
    this.#options = options;
  }

  /** The agent here that a name or a chart means. Throws as `Agents.meant`, but for a name that is not here. */
  meant(given: unknown, field: string): KnownAgent | ElsewhereAgent {
    const { agents } = this.#options;
    if (typeof given !== 'string' || agents.has(given)) return agents.meant(given, field);
    return { name: checkName(given, field), version: null };
  }

  /** The version that was registered last, on any replica. Throws `agent-unknown` when none was. */
  async newest(name: string): Promise<KnownAgent> {
    const row = await this.#ask(name, null);
    if (row === null) return this.#options.agents.newest(name);
    return { name, version: row.version, schemas: schemasIn(row) };
  }

  /** What a run of this version takes from outside; null when nobody knows the version. */
  schemas(name: string, version: string): AgentSchemas | Promise<AgentSchemas | null> {
    const own = this.#options.agents.find(name, version);
    if (own !== undefined) return own.schemas;
    return this.#ask(name, version).then((row) => (row === null ? null : schemasIn(row)));
  }

  /** The definition of this version's chart; null when nobody knows it, or it was too large to be kept. */
  async definition(name: string, version: string): Promise<Json> {
    const own = this.#options.agents.find(name, version);
    if (own !== undefined) return own.definition;
    const text = (await this.#ask(name, version))?.definitionText ?? null;
    return text === null ? null : (JSON.parse(text) as Json);
  }

  async #ask(name: string, version: string | null): Promise<AgentRow | null> {
    const { store, clock } = this.#options;
    const key = JSON.stringify([name, version]);
    const known = this.#answers.get(key);
    if (known !== undefined && known.untilMs > clock.nowMs()) return known.row;
    if (this.#answers.size >= answersMax) this.#answers.clear();
    const answer = { row: store.agent(name, version), untilMs: clock.nowMs() + keptMs };
    this.#answers.set(key, answer);
    try {
      const row = await answer.row;
      if (row === null) this.#forget(key, answer);
      return row;
    } catch (error) {
      this.#forget(key, answer);
      throw error;
    }
  }

  #forget(key: string, answer: Kept): void {
    if (this.#answers.get(key) === answer) this.#answers.delete(key);
  }
}

export function schemasIn({ inputSchemaText, eventSchemasText }: AgentRow): AgentSchemas {
  return {
    input: inputSchemaText === null ? null : (JSON.parse(inputSchemaText) as Json),
    events:
      eventSchemasText === null ? {} : (JSON.parse(eventSchemasText) as AgentSchemas['events']),
  };
}
