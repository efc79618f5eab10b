/**
 * The sockets to one provider: a pool of their own, so that no other user of this process's fetch
 * takes a connection from it or is starved by it.
 *
 * It owns the sockets. It leaves the life of one request to exchange.ts.
 *
 * 1. No more than `connections` sockets are open to the provider; more requests wait.
 * 2. A redirect is never followed: the key goes to the address that was configured, and to no other.
 */
import { Agent, request, type Dispatcher } from 'undici';

const connectMsMax = 10_000;
/** Under what servers and balancers allow, so that a request seldom meets a socket being closed. */
const keepAliveMs = 4_000;

export type Sent = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
};

export class Connections {
  readonly #agent: Agent;

  constructor(options: { readonly connections: number; readonly deadlineMsMax: number }) {
    // undici's own limits are the second line: an exchange has ended long before them.
    const behindMs = options.deadlineMsMax + 60_000;
    this.#agent = new Agent({
      connections: options.connections,
      pipelining: 1,
      connect: { timeout: connectMsMax },
      keepAliveTimeout: keepAliveMs,
      headersTimeout: behindMs,
      bodyTimeout: behindMs,
    });
  }

  async post({ url, headers, body, signal }: Sent): Promise<Dispatcher.ResponseData> {
    return request(url, { dispatcher: this.#agent, method: 'POST', headers, body, signal });
  }

  /** Cuts what is under way and closes the idle sockets. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}
