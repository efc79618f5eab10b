/**
 * The sockets to one provider. They are a pool of their own, so that other code in this process that
 * uses fetch neither takes a connection from it nor is starved by it.
 *
 * It owns the sockets. It leaves the life of one request to exchange.ts.
 *
 * 1. No more than `connections` sockets are open to the provider; further requests wait.
 * 2. A redirect is never followed: the key goes only to the configured address.
 */
import type { Agent, Dispatcher, request as Request } from 'undici';

const connectMsMax = 10_000;
/**
 * Shorter than servers and balancers allow, so that a request seldom uses a socket that is being
 * closed.
 */
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
  /** Opened when the provider is made, so that the first call does not wait for it. */
  readonly #open: Promise<Open>;

  constructor(options: Options) {
    this.#open = open(options);
    // `post` reports the failure to the call.
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

/** undici is loaded when a provider is made, not whenever heddle is imported. */
async function open({ connections, deadlineMsMax }: Options): Promise<Open> {
  const { Agent: Made, request } = await import('./undici.ts');
  // undici's own limits are a second guard: an exchange has ended long before them.
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
