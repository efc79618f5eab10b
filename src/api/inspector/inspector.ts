/**
 * All inspectors of one server.
 *
 * It owns their connections and the definitions of charts that they were told. Nothing is read while there is none.
 *
 * 1. An inspector is of one tenant, and sees what a token with the scope `inspect` may see.
 * 2. A close tells every client that the server goes, and waits for none of them longer than `lingerMs`.
 */
import type { WebSocket } from 'ws';
import { tenantScopeOf, type Principal } from '../../access/principal.ts';
import { tenantIn } from '../../access/scopes.ts';
import { HeddleError, heddleError } from '../../domain/errors.ts';
import type { RunId } from '../../domain/ids.ts';
import type { Heddle } from '../../library/library.ts';
import type { Streams } from '../streams/streams.ts';
import { inspectAsked } from './asked.ts';
import { FrameSocket, type SocketTimes } from './follow/frame-socket.ts';
import { actorsMax } from './follow/members.ts';
import { refuseSocket } from './follow/refusals.ts';
import { InspectorSession } from './follow/session.ts';
import type { Inspecting } from './settings.ts';

const clientsMax = 50;
const definitionsMax = 200;
const generationsMax = 16;
const defaultTimes: SocketTimes = { pingMs: 15_000, stallMs: 30_000, lingerMs: 2_000 };

export type InspectorOptions = {
  readonly heddle: Heddle;
  readonly streams: Streams;
  readonly inspecting: Inspecting;
  readonly times?: Partial<SocketTimes>;
};

/** Who has connected, and what for. */
export type Connected = {
  readonly principal: Principal;
  readonly query: unknown;
  /** Rejects when the caller may see this no more. */
  readonly allowed: () => Promise<unknown>;
};

export class Inspector {
  readonly #options: InspectorOptions;
  readonly #sessions = new Map<InspectorSession, Promise<void>>();
  readonly #definitions = new Map<string, Promise<unknown>>();
  #isClosing = false;

  constructor(options: InspectorOptions) {
    this.#options = options;
  }

  get inspecting(): Inspecting {
    return this.#options.inspecting;
  }

  /** How many are connected. */
  get size(): number {
    return this.#sessions.size;
  }

  serve(webSocket: WebSocket, connected: Connected): void {
    const { followed } = this.#options.streams;
    const times = { ...defaultTimes, ...this.#options.times };
    const socket = new FrameSocket(webSocket, { clock: followed.live.clock, times });
    try {
      if (this.#sessions.size >= clientsMax) {
        throw heddleError('streams-full', {
          max: clientsMax,
          to: 'to inspectors',
          retryAfterMs: 5_000,
        });
      }
      const session = this.#session(socket, connected);
      if (this.#isClosing) return session.close();
      const running = session.run().finally(() => this.#sessions.delete(session));
      this.#sessions.set(session, running);
    } catch (error) {
      refuseSocket(socket, error);
    }
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    for (const session of this.#sessions.keys()) session.close();
    await Promise.all(this.#sessions.values());
  }

  #session(socket: FrameSocket, { principal, query, allowed }: Connected): InspectorSession {
    const { heddle, streams, inspecting } = this.#options;
    const asked = inspectAsked(query, inspecting.context);
    const scope = tenantIn(tenantScopeOf(principal), asked.tenant);
    const { tenant } = scope;
    const below = async (runId: RunId): Promise<readonly RunId[]> => {
      const of = { tenant, depth: generationsMax, limit: actorsMax };
      const { runs } = await heddle.listing.children(runId, of);
      return runs.map((run) => run.runId);
    };
    return new InspectorSession({
      socket,
      asked,
      scope,
      showing: asked.context ? inspecting.shown : null,
      ...streams.followed,
      definition: (agent, version) => this.#definition(agent, version),
      checkAgent: (agent) => heddle.agent(agent),
      below,
      allowed,
    });
  }

  /** A version's definition never changes, so it is read once. */
  #definition(agent: string, version: string): Promise<unknown> {
    const key = JSON.stringify([agent, version]);
    const known = this.#definitions.get(key);
    if (known !== undefined) return known;
    if (this.#definitions.size >= definitionsMax) this.#definitions.clear();
    const asked = this.#options.heddle.agent(agent, version).then(
      ({ definition }) => definition,
      (error: unknown) => {
        this.#definitions.delete(key);
        if (error instanceof HeddleError && error.code === 'agent-unknown') return null;
        throw error;
      },
    );
    this.#definitions.set(key, asked);
    return asked;
  }
}
