/**
 * One connection. It owns the socket, the settings of its session and the names of the statements that
 * are prepared on it. pool.ts decides which run uses it; session-end.ts, which errors end a session.
 *
 * Invariants:
 * 1. The calls of one `run` are one transaction: they leave in one write and end with one Sync, so
 *    Postgres begins at the first call and commits at the Sync, or rolls back all. Measured for nine
 *    small statements: 3.2 times faster than BEGIN, queries and COMMIT sent one by one through pg,
 *    with 2.8 times less CPU in node and 2.0 in Postgres. Against pg's own pipeline mode, which sends
 *    and answers a Sync for each query, the factors are 1.9, 1.5 and 1.15.
 * 2. Between two runs no transaction is open: a link that is not running is idle.
 * 3. A link is broken after an answer that did not come, or an error that ends the session. A broken
 *    link is never used again.
 * 4. Every wait for the server is bounded: the connect, its first settings, each exchange and the
 *    goodbye. If the server is silent for longer, the socket is destroyed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Names } from './refusals.ts';
import { endsSession, readOnlyServer } from './session-end.ts';
import { sessionSettings } from './session-settings.ts';
import type { Call, Fields } from './statement.ts';
import { Wire } from './wire.ts';

export type LinkOptions = {
  readonly connection: pg.ClientConfig;
  /** Sent once, before anything else. */
  readonly settings: Readonly<Record<string, string>>;
  /** The last bound, for a server that neither answers nor closes the connection. */
  readonly answerMsMax: number;
  /**
   * False for a look at a server that may be read-only: start.ts reports that with an error of its
   * own.
   */
  readonly mustWrite?: boolean;
};

export type Results = ReadonlyMap<Call, readonly Fields[]>;

/** From the first packet until the server would take a statement. */
const connectMsMax = 5_000;
/** For requests that are no work for the server: the first settings, LISTEN, a ping. */
const shortMsMax = 5_000;
/** From the goodbye until the server has closed the connection; after that the socket is destroyed. */
const goodbyeMsMax = 500;

export class Link {
  private readonly client: pg.Client;
  private readonly options: LinkOptions;
  private readonly prepared = new Set<string>();
  private parsing: string[] = [];
  private connection: pg.Connection | null = null;
  private sizeHint = 4_096;
  readonly names: Names;
  broken = false;

  private constructor(options: LinkOptions) {
    this.options = options;
    this.client = new pg.Client({
      application_name: 'heddle',
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      ...options.connection,
      connectionTimeoutMillis: connectMsMax,
    });
    const { user = '', database = '', host } = this.client;
    this.names = { role: user, database, host };
    // Without a listener a dropped idle connection would end the process.
    this.client.on('error', () => {
      this.broken = true;
    });
    this.client.on('end', () => {
      this.broken = true;
    });
  }

  /** `ending` stops a connect that is under way. The host's name is resolved anew for each link. */
  static async open(options: LinkOptions, ending?: AbortSignal): Promise<Link> {
    const link = new Link(options);
    const stop = (): void => link.cut('the connection is not wanted any more');
    ending?.addEventListener('abort', stop, { once: true });
    try {
      await link.client.connect();
      await link.begin();
    } catch (error) {
      await link.close();
      throw error;
    } finally {
      ending?.removeEventListener('abort', stop);
    }
    return link;
  }

  /** One round trip: sets the session's settings, and asks whether this server takes writes at all. */
  private async begin(): Promise<void> {
    const sets = sessionSettings(this.options.settings);
    const answers: unknown = await this.simple(`${sets}; show transaction_read_only`);
    const last = (answers as readonly pg.QueryResult<Record<string, string>>[]).at(-1);
    const isReadOnly = last?.rows[0]?.['transaction_read_only'] === 'on';
    if (isReadOnly && this.options.mustWrite !== false) throw readOnlyServer();
  }

  /**
   * Runs the calls as one transaction, which is committed when the promise resolves. Results by call.
   */
  run(calls: readonly Call[]): Promise<Results> {
    const wire = new Wire(this.sizeHint);
    const parsing: string[] = [];
    for (const { statement, params } of calls) {
      const { name } = statement;
      if (!this.prepared.has(name) && !parsing.includes(name)) {
        wire.parse(name, statement.text);
        parsing.push(name);
      }
      wire.execute(name, params.length, () => {
        for (const put of params) put(wire);
      });
    }
    wire.sync();
    const bytes = wire.bytes();
    this.sizeHint = Math.min(bytes.length + 4_096, 1 << 23);
    return new Promise((resolve, reject) => {
      const timer = this.limit(this.options.answerMsMax);
      const exchange = new Exchange(
        calls,
        (connection) => {
          this.watch(connection);
          this.parsing = parsing;
          connection.stream.write(bytes);
        },
        (error, results) => {
          clearTimeout(timer);
          if (error === null) return resolve(results);
          this.parsing = [];
          if (endsSession(error)) this.broken = true;
          reject(error);
        },
      );
      this.client.query(exchange);
    });
  }

  /** For rare requests, in the simple protocol: several statements give several results. */
  async simple(text: string, answerMsMax: number = shortMsMax): Promise<pg.QueryResult> {
    const timer = this.limit(answerMsMax);
    try {
      return await this.client.query(text);
    } catch (error) {
      if (endsSession(error)) this.broken = true;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  onNotification(heard: (payload: string) => void): void {
    this.client.on('notification', (message) => heard(message.payload ?? ''));
  }

  onBroken(tell: () => void): void {
    this.client.once('end', tell);
  }

  /** Ends within `goodbyeMsMax`, whatever the server does; work that is under way is cut off. */
  async close(): Promise<void> {
    this.broken = true;
    const ended = this.client.end().catch(() => undefined);
    const late = new AbortController();
    const tooLate = sleep(goodbyeMsMax, undefined, { signal: late.signal }).catch(() => undefined);
    await Promise.race([ended, tooLate]);
    late.abort();
    this.cut('the connection was closed');
  }

  /** Cuts the socket when the time is over. A call that waits for an answer rejects with this error. */
  private limit(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.cut('Postgres gave no answer in time'), ms);
  }

  /** Ends the socket at once. Calls that wait for an answer reject with `reason`. */
  cut(reason: string): void {
    this.broken = true;
    // pg's types leave out a client's connection, which holds the socket (TLS or not).
    const { connection } = this.client as unknown as { readonly connection: pg.Connection };
    if (connection.stream.destroyed) return;
    connection.stream.destroy(Object.assign(new Error(reason), { code: 'ETIMEDOUT' }));
  }

  /** ParseComplete comes once for each Parse, in order, until an error makes Postgres skip the rest. */
  private watch(connection: pg.Connection): void {
    if (this.connection !== null) return;
    this.connection = connection;
    connection.on('parseComplete', () => {
      const name = this.parsing.shift();
      if (name !== undefined) this.prepared.add(name);
    });
  }
}

/** The methods that pg's client calls on a query: see `Client` in pg/lib/client.js. */
class Exchange implements pg.Submittable {
  private readonly calls: readonly Call[];
  private readonly send: (connection: pg.Connection) => void;
  private readonly done: (error: Error | null, results: Results) => void;
  private readonly results = new Map<Call, readonly Fields[]>();
  private rows: Fields[] = [];
  private at = 0;

  constructor(
    calls: readonly Call[],
    send: (connection: pg.Connection) => void,
    done: (error: Error | null, results: Results) => void,
  ) {
    this.calls = calls;
    this.send = send;
    this.done = done;
  }

  submit(connection: pg.Connection): void {
    this.send(connection);
  }

  handleDataRow(message: { readonly fields: Fields }): void {
    this.rows.push(message.fields);
  }

  handleCommandComplete(): void {
    const call = this.calls[this.at++];
    if (call !== undefined) this.results.set(call, this.rows);
    this.rows = [];
  }

  handleReadyForQuery(): void {
    this.done(null, this.results);
  }

  handleError(error: Error): void {
    this.done(error, this.results);
  }

  handleRowDescription(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
  handleCopyInResponse(): void {}
  handleCopyData(): void {}
}
