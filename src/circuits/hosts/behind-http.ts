/**
 * Circuits on a heddle that serves. Each agent of a circuit is started by a POST of its own; one stream of the
 * tenant's runs tells of the ends. Nothing but the client is spoken.
 *
 * 1. `atOnce` circuits are being started at a time: a client has so many sockets, and a server too.
 * 2. An end that the stream has not told, because more changed than a stream holds, is read from the list.
 * 3. Of a circuit whose start was refused no run goes on: the others are cancelled.
 */
import { randomUUID } from 'node:crypto';
import { createClient, type Client, type Json, type StreamEvent } from '../../client/index.ts';
import type { AuditFacts } from '../../store/caller-port.ts';
import type { RunStatus } from '../../index.ts';
import type { CircuitStart } from '../circuit.ts';
import type { CircuitsHost, CostReport, EndHeard, Stretch } from './circuits-host.ts';
import { nodeFetch } from './node-fetch.ts';

export type Server = {
  readonly url: string;
  readonly token?: string | undefined;
};

const atOnce = 64;
/** How often ends are read from the list at most. */
const readMs = 500;
const pageRuns = 1_000;

const ends = ['completed', 'failed', 'cancelled'] as const satisfies readonly RunStatus[];

export class CircuitsBehindHttp implements CircuitsHost {
  readonly #server: Server;
  readonly #note: (line: string) => void;
  /** A circuit's three starts, the stream, and reads beside them. */
  readonly #http = nodeFetch({ socketsMax: atOnce * 3 + 8 });
  readonly #waiting: (() => void)[] = [];
  #starting = 0;
  #calling = 0;
  #calls = 0;

  constructor(server: Server, note: (line: string) => void) {
    this.#server = server;
    this.#note = note;
  }

  close(): void {
    this.#http.close();
  }

  /** The agents that a server must have. Rejects when it cannot be asked. */
  async agents(): Promise<readonly string[]> {
    const list = await this.#client().agents.list();
    return list.map(({ agent }) => agent);
  }

  /** UUID version 7 as far as its order goes. */
  startId(): string {
    const time = Date.now().toString(16).padStart(12, '0');
    return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
  }

  begin(): Promise<Stretch> {
    const unknown: CostReport = {
      providers: [],
      capacity_efficiency: null,
      slot_use_under_demand: null,
      postgres: null,
      rss_mb: null,
    };
    return Promise.resolve({ sample: () => undefined, end: () => Promise.resolve(unknown) });
  }

  async start(tenant: string, starts: readonly CircuitStart[]): Promise<readonly string[]> {
    if (this.#starting >= atOnce) await new Promise<void>((go) => this.#waiting.push(go));
    else this.#starting += 1;
    try {
      return await this.#startNow(this.#client(tenant), starts);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#starting -= 1;
      else next();
    }
  }

  async #startNow({ runs }: Client, starts: readonly CircuitStart[]): Promise<readonly string[]> {
    const begun = await Promise.allSettled(
      starts.map(({ agent, input, user, pipeline }) =>
        runs.start(agent, {
          input: input as Json,
          ...(user === undefined ? {} : { user }),
          ...(pipeline === undefined ? {} : { pipeline }),
        }),
      ),
    );
    const accepted = begun.flatMap((one) => (one.status === 'fulfilled' ? [one.value.id] : []));
    const refused = begun.find((one) => one.status === 'rejected');
    if (refused === undefined) return accepted;
    await Promise.allSettled(accepted.map((id) => runs.cancel(id, 'half a circuit')));
    throw refused.reason;
  }

  async hear(tenant: string, ended: EndHeard): Promise<() => void> {
    const abort = new AbortController();
    const frames = this.#client(tenant).stream([{ kind: 'runs' }], { signal: abort.signal });
    // Nothing is started before the stream has begun, so that it tells of every run.
    const first = await untilReset(frames);
    if (first === null)
      this.#note('The stream of runs has ended; their ends are read at intervals.');
    const reader = new EndsReader(() => this.look(tenant, 0, ended), abort.signal);
    void this.#hearAll(frames, { ended, reader }).catch((error: unknown) => {
      if (abort.signal.aborted) return;
      this.#note(`The stream of runs has ended, and ends are read at intervals: ${String(error)}`);
    });
    return () => abort.abort();
  }

  async #hearAll(
    frames: AsyncIterable<StreamEvent>,
    { ended, reader }: { readonly ended: EndHeard; readonly reader: EndsReader },
  ): Promise<void> {
    for await (const { event, data } of frames) {
      if (event === 'reset') reader.soon();
      if (event !== 'reset' && event !== 'states') continue;
      const { runs, counts } = data as unknown as States;
      this.#calling = counts['calling-provider'] ?? 0;
      this.#calls += runs.length;
      for (const { runId, status, endedAtMs } of runs) if (endedAtMs !== null) ended(runId, status);
    }
  }

  async look(tenant: string, _openRuns: number, ended: EndHeard): Promise<void> {
    const query = { status: ends, limit: pageRuns };
    for await (const { id, status } of this.#client(tenant).runs.listAll(query)) ended(id, status);
  }

  get calling(): number {
    return this.#calling;
  }

  get calls(): number {
    return this.#calls;
  }

  async audit(tenant: string): Promise<AuditFacts> {
    const { isWhole, rows, ...facts } = await this.#client(tenant).operator.audit();
    if (isWhole === true) return facts as unknown as AuditFacts;
    throw new Error(
      `the server audits no tenant with as many rows as ${tenant} (${JSON.stringify(rows)})`,
    );
  }

  #client(tenant?: string): Client {
    const { url, token } = this.#server;
    return createClient({
      url,
      fetch: this.#http.fetch,
      ...(token === undefined ? {} : { token }),
      ...(tenant === undefined ? {} : { tenant }),
    });
  }
}

type States = {
  readonly runs: readonly {
    readonly runId: string;
    readonly status: RunStatus;
    readonly endedAtMs: number | null;
  }[];
  readonly counts: Readonly<Record<string, number>>;
};

async function untilReset(frames: AsyncGenerator<StreamEvent, void>): Promise<StreamEvent | null> {
  for (;;) {
    const next = await frames.next();
    if (next.done === true) return null;
    if (next.value.event === 'reset') return next.value;
  }
}

/** Reads ends soon, one reading at a time, and not more often than every `readMs`. */
class EndsReader {
  readonly #read: () => Promise<void>;
  readonly #signal: AbortSignal;
  #isAsked = false;
  #isBusy = false;

  constructor(read: () => Promise<void>, signal: AbortSignal) {
    this.#read = read;
    this.#signal = signal;
  }

  soon(): void {
    this.#isAsked = true;
    if (this.#isBusy) return;
    this.#isBusy = true;
    setTimeout(() => void this.#now(), readMs).unref();
  }

  async #now(): Promise<void> {
    this.#isAsked = false;
    // A reading that fails now may succeed at the next look, for which the scale's patience is the bound.
    if (!this.#signal.aborted) await this.#read().catch(() => undefined);
    this.#isBusy = false;
    if (this.#isAsked && !this.#signal.aborted) this.soon();
  }
}
