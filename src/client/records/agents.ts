/** Agents over the API: their versions, the runs on each, their charts. */
import { pathWord } from './path-word.ts';
import type { AgentInFull, AgentVersionView } from '../api-types.ts';
import type { Transport } from '../transport.ts';
import type { AgentChart } from '../types/charts.ts';
import type { AgentVersions } from '../types/agents.ts';

/** The most that the API gives at once. */
const agentsAtOnce = 100;

const at = (agent: string, rest = ''): string => `/v1/agents/${pathWord(agent)}${rest}`;
const versionAt = (agent: string, version: string, rest = ''): string =>
  at(agent, `/versions/${pathWord(version)}${rest}`);

/** Agents over the API. */
export class Agents {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Versions of agents that any replica has registered, by name and version; all pages of them. */
  async list(
    query: {
      /** The agent's name. */
      readonly agent?: string;
    } = {},
  ): Promise<readonly AgentVersionView[]> {
    type Body = { readonly agents: readonly AgentVersionView[] };
    const found: AgentVersionView[] = [];
    for (let after = {}; ;) {
      const asked = { query: { ...query, ...after, limit: agentsAtOnce }, ofTenant: false };
      const { agents } = (await this.#transport.ask<Body>('GET', '/v1/agents', asked)).body;
      found.push(...agents);
      const last = agents.at(-1);
      if (last === undefined || agents.length < agentsAtOnce) return found;
      after = { afterAgent: last.agent, afterVersion: last.version };
    }
  }

  /** Versions of an agent, with the open runs on each: of the client's tenant, or of all that its token may see. */
  async versions(
    agent: string,
    query: {
      /** For the next page: the last version of the page before. */
      readonly after?: string;
      /** How many at most. */
      readonly limit?: number;
    } = {},
  ): Promise<AgentVersions> {
    return (await this.#transport.ask<AgentVersions>('GET', at(agent, '/versions'), { query }))
      .body;
  }

  /**
   * A version of an agent: its chart's config as JSON, and the schemas of its input and events. Without a version:
   * the one that was registered last.
   */
  async get(agent: string, version?: string): Promise<AgentInFull> {
    const path = version === undefined ? at(agent) : versionAt(agent, version);
    return (await this.#transport.ask<AgentInFull>('GET', path, { ofTenant: false })).body;
  }

  /** The chart with the places of its states and edges. Without a version: as `get`. */
  async chart(
    agent: string,
    options: {
      /** The version. */
      readonly version?: string;
      /** How much room there is: below 700 px it is `narrow`. Default `wide`. */
      readonly width?: 'narrow' | 'wide';
      /** `kept`: at once, with a drawing only where one was made before. Default `wait`: until it is laid out. */
      readonly layout?: 'wait' | 'kept';
    } = {},
  ): Promise<AgentChart> {
    const { version = (await this.get(agent)).version, width = 'wide', layout = 'wait' } = options;
    const asked = { query: { width, layout }, ofTenant: false };
    const path = versionAt(agent, version, '/chart');
    return (await this.#transport.ask<AgentChart>('GET', path, asked)).body;
  }

  /** The chart as text: for Mermaid (the default), as an outline, or as JSON for Stately Sketch. Without a version: as `get`. */
  async draw(
    agent: string,
    options: {
      /** The version. */
      readonly version?: string;
      /** What it is drawn as. */
      readonly as?: 'mermaid' | 'outline' | 'sketch';
    } = {},
  ): Promise<string> {
    const { version = (await this.get(agent)).version, as = 'mermaid' } = options;
    type Body = { readonly text: string };
    const asked = { query: { as }, ofTenant: false };
    const path = versionAt(agent, version, '/drawing');
    return (await this.#transport.ask<Body>('GET', path, asked)).body.text;
  }
}
