/**
 * The sockets to one provider: a pool of their own, so that no other user of this process's fetch
 * takes a connection from it or is starved by it.
 *
 * It owns the sockets. It leaves the life of one request to exchange.ts.
 *
 * 1. No more than `connections` sockets are open to the provider; more requests wait.
 * 2. A redirect is never followed: the key goes to the address that was configured, and to no other.
 */
import type { Agent, Dispatcher, request as Request } from 'undici';

const connectMsMax = 10_000;
/** Under what servers and balancers allow, so that a request seldom meets a socket being closed. */
const keepAliveMs = 4_000;

export type Sent = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
};

type Options = { readonly connections: number; readonly deadlineMsMax: number };

type Open = { readonly agent: Agent; readonly request: typeof Request };

export class Connections {
  /** Begun with the provider, so that the first call does not wait for it. */
  readonly #open: Promise<Open>;

  constructor(options: Options) {
    this.#open = open(options);
    // A call hears of it.
    this.#open.catch(() => undefined);
  }

  async post({ url, headers, body, signal }: Sent): Promise<Dispatcher.ResponseData> {
    const { agent, request } = await this.#open;
    return request(url, { dispatcher: agent, method: 'POST', headers, body, signal });
  }

  /** Cuts what is under way and closes the idle sockets. */
  async close(): Promise<void> {
    const { agent } = await this.#open;
    await agent.destroy();
  }
}

/** undici is loaded by who makes a provider, and not by all who import heddle. */
async function open({ connections, deadlineMsMax }: Options): Promise<Open> {
  const { Agent: Made, request } = await import('undici');
  // undici's own limits are the second line: an exchange has ended long before them.
  const behindMs = deadlineMsMax + 60_000;
  const agent = new Made({
    connections,
    pipelining: 1,
    connect: { timeout: connectMsMax },
    keepAliveTimeout: keepAliveMs,
    headersTimeout: behindMs,
    bodyTimeout: behindMs,
  });
  return { agent, request };
}
