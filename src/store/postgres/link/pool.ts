/**
 * Connections of one kind, made when they are first needed. It owns which run uses which link; a run
 * that finds all links busy waits its turn.
 *
 * Invariants:
 * 1. At most `size` links exist, each used by one run at a time.
 * 2. Waiting is bounded: for a link by `checkoutMsMax`, for a server that cannot be reached by
 *    `patienceMs`; both end as `store-unavailable`. `close` ends within `closeMsMax` and a goodbye.
 * 3. When a server says that it takes no writes any more, no link that was made before is used again,
 *    in any pool that shares `server`. Those links lead to the same server, and reads over them would
 *    go on without an error, from rows that no commit changes any more.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { HeddleError, heddleError } from '../../../domain/errors.ts';
import { failureKind, portError, unavailable } from './failure.ts';
import { Link, type LinkOptions, type Results } from './link.ts';
import { isReadOnly } from './session-end.ts';
import type { Call, Fields } from './statement.ts';

/** Shared by the pools that lead to one server: how often that server has ceased to take writes. */
export type Server = { generation: number };

export type PoolOptions = LinkOptions & {
  readonly server: Server;
  readonly size: number;
  readonly checkoutMsMax: number;
  /** How long the pool tries a server that refuses connections. */
  readonly patienceMs: number;
  /** Called when a connection has ended that this pool did not close. */
  readonly onLost?: () => void;
};

const triesMax = 3;
/** How long a close waits for work that is under way, before it cuts it off. */
const closeMsMax = 5_000;

type Waiter = { readonly give: (link: Link | null) => void };

export class Pool {
  private readonly options: PoolOptions;
  private idle: Link[] = [];
  private count = 0;
  private waiting: Waiter[] = [];
  /** Each link with the server's generation at which it was made. */
  private readonly links = new Map<Link, number>();
  private readonly ending = new AbortController();

  constructor(options: PoolOptions) {
    this.options = options;
  }

  /** Takes a link that was made with this pool's options. */
  adopt(link: Link): void {
    this.count++;
    this.keep(link, this.options.server.generation);
    this.put(link);
  }

  /** Links that are open or being made, those of them that no run uses, and runs that wait for one. */
  get connections(): { readonly total: number; readonly idle: number; readonly waiting: number } {
    return { total: this.count, idle: this.idle.length, waiting: this.waiting.length };
  }

  /** One transaction on a link of this pool. */
  async run(calls: readonly Call[]): Promise<Results> {
    const link = await this.take();
    try {
      return await link.run(calls);
    } catch (error) {
      const { server } = this.options;
      if (isReadOnly(error) && this.links.get(link) === server.generation) server.generation++;
      throw error;
    } finally {
      this.put(link);
    }
  }

  /** For reads and for work that may happen twice: tried again if the connection was lost. */
  async read(calls: readonly Call[]): Promise<Results> {
    return this.tried(calls, () => true);
  }

  /** The rows that one call gives, read in the same way. */
  async rows(call: Call): Promise<readonly Fields[]> {
    return (await this.read([call])).get(call) ?? [];
  }

  /**
   * For work that must not happen twice: a lost reply is `store-unavailable`. If the server gave a
   * reason for closing the connection, it has not committed, and the work is tried again.
   */
  async once(calls: readonly Call[]): Promise<Results> {
    return this.tried(calls, saysGoodbye);
  }

  private async tried(
    calls: readonly Call[],
    again: (error: unknown) => boolean,
  ): Promise<Results> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.run(calls);
      } catch (error) {
        if (error instanceof HeddleError) throw error;
        const kind = failureKind(error);
        const isTransient = kind === 'again' || kind === 'lost';
        if (isTransient && this.ending.signal.aborted) throw heddleError('closed');
        const retry = kind === 'again' || (kind === 'lost' && again(error));
        if (attempt >= triesMax || !retry) throw portError(error);
        await pause(attempt);
      }
    }
  }

  /** Lets work that is under way end first. Work that still goes on at the deadline ends as `closed`. */
  async close(): Promise<void> {
    this.ending.abort();
    for (const { give } of this.waiting.splice(0)) give(null);
    const until = performance.now() + closeMsMax;
    while (this.idle.length < this.count && performance.now() < until) await sleep(5);
    await Promise.all([...this.links.keys()].map((link) => link.close()));
  }

  private async take(): Promise<Link> {
    if (this.ending.signal.aborted) throw heddleError('closed');
    for (;;) {
      const link = this.idle.pop();
      if (link === undefined) break;
      if (this.isOfUse(link)) return link;
      this.forget(link);
    }
    if (this.count < this.options.size) return this.connect();
    const given = await this.wait();
    if (given !== null && this.isOfUse(given)) return given;
    if (given !== null) this.forget(given);
    return this.take();
  }

  private isOfUse(link: Link): boolean {
    return !link.broken && this.links.get(link) === this.options.server.generation;
  }

  private wait(): Promise<Link | null> {
    return new Promise((resolve, reject) => {
      const waiter = {
        give: (link: Link | null) => {
          clearTimeout(timer);
          resolve(link);
        },
      };
      const timer = setTimeout(() => {
        this.waiting = this.waiting.filter((other) => other !== waiter);
        reject(unavailable(new Error('every connection is in use')));
      }, this.options.checkoutMsMax);
      this.waiting.push(waiter);
    });
  }

  private put(link: Link): void {
    const next = this.waiting.shift();
    if (!this.isOfUse(link)) {
      this.forget(link);
      // The waiting run makes a new link.
      next?.give(null);
    } else if (next === undefined) this.idle.push(link);
    else next.give(link);
  }

  private forget(link: Link): void {
    this.count--;
    this.links.delete(link);
    void link.close();
  }

  private keep(link: Link, generation: number): void {
    this.links.set(link, generation);
    link.onBroken(() => {
      if (!this.ending.signal.aborted) this.options.onLost?.();
    });
  }

  private async connect(): Promise<Link> {
    this.count++;
    const until = performance.now() + this.options.patienceMs;
    for (let attempt = 1; ; attempt++) {
      try {
        if (this.ending.signal.aborted) throw heddleError('closed');
        const { generation } = this.options.server;
        const link = await Link.open(this.options, this.ending.signal);
        if (this.ending.signal.aborted) {
          await link.close();
          throw heddleError('closed');
        }
        this.keep(link, generation);
        return link;
      } catch (error) {
        const retry = ['lost', 'busy'].includes(failureKind(error)) && !refusesForGood(error);
        if (!retry || this.ending.signal.aborted || performance.now() > until) {
          this.count--;
          this.waiting.shift()?.give(null);
          throw this.ending.signal.aborted ? heddleError('closed') : unavailable(error);
        }
        await pause(attempt);
      }
    }
  }
}

function saysGoodbye(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === '57P01' || code === '57P03' || code === '25006';
}

/** A wrong host name, password or database does not pass by itself. */
function refusesForGood(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === 'ENOTFOUND' || /password|SASL|SCRAM/i.test(String(error));
}

/** Full jitter, so that replicas which lost the same server do not all come back at the same moment. */
export async function pause(attempt: number): Promise<void> {
  await sleep(Math.random() * Math.min(1_000, 10 * 2 ** attempt));
}
