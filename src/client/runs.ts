/** Runs over the API: begun, followed, steered. */
import type { AbortLike } from './fetch-like.ts';
import type { Transport } from './transport.ts';
import { HeddleRequestError } from './problem.ts';
import { RunRecords } from './records/run-records.ts';
import type {
  Json,
  Outcome,
  Page,
  Question,
  RunInFull,
  RunInside,
  Start,
  Started,
  StartOptions,
  Turn,
  Why,
} from './api-types.ts';
import type {
  BulkCommand,
  BulkDone,
  BulkRequest,
  ListedRun,
  OpenRunsFilter,
  RunChildren,
  RunFacets,
  RunsFilter,
  RunsQuery,
} from './types/listing.ts';

/** `idempotencyKey`: this request counts once, however often it is sent with the key. Default: a key of its own. */
export type Once = {
  /** The key. */
  readonly idempotencyKey?: string;
};

/** How long `output` waits. */
export type Waiting = {
  /** In ms, over all of its requests. Default: no limit. */
  readonly timeoutMs?: number;
  /** Ends the request. */
  readonly signal?: AbortLike;
};

/** The longest wait that the API takes in one request. */
const longPollMs = 25_000;
/** How often a run that is followed is looked at, and how many of its turns are read at once. */
const followMs = 1_000;
const turnsAtOnce = 200;

const at = (runId: string, rest = ''): string => `/v1/runs/${encodeURIComponent(runId)}${rest}`;

/** Runs over the API. */
export class Runs extends RunRecords {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    super(transport);
    this.#transport = transport;
  }

  /** Starts a run. It is durable when this resolves. */
  async start(agent: string, options: StartOptions & Once = {}): Promise<Started> {
    const { idempotencyKey, ...rest } = options;
    const asked = { body: { agent, ...rest }, idempotencyKey };
    return (await this.#transport.ask<Started>('POST', '/v1/runs', asked)).body;
  }

  /** Starts all of these runs, or none. */
  async startAll(starts: readonly Start[]): Promise<readonly Started[]> {
    const asked = { body: { starts } };
    type Body = {
      readonly runs: readonly Started[];
    };
    return (await this.#transport.ask<Body>('POST', '/v1/runs/batch', asked)).body.runs;
  }

  /** The run in full. */
  async get(runId: string): Promise<RunInFull> {
    return (await this.#transport.ask<RunInFull>('GET', at(runId))).body;
  }

  /** Where its chart stands, and what it has open. Needs the scope `inspect`. */
  async inside(runId: string): Promise<RunInside> {
    return (await this.#transport.ask<RunInside>('GET', at(runId, '/inside'))).body;
  }

  /** Why the run is where it is, as data and in words. */
  async why(runId: string): Promise<Why> {
    return (await this.#transport.ask<Why>('GET', at(runId, '/why'))).body;
  }

  /** A page of runs, newest first. It may be short, or empty, and not be the last: see its cursor. */
  async list(query: RunsQuery = {}): Promise<Page<ListedRun>> {
    type Body = {
      readonly runs: readonly ListedRun[];
      readonly cursor: string;
    };
    const { runs, cursor } = (await this.#transport.ask<Body>('GET', '/v1/runs', { query })).body;
    return { items: runs, cursor };
  }

  /** All runs that the query means, page by page. */
  async *listAll(query: RunsQuery = {}): AsyncGenerator<ListedRun, void, undefined> {
    for (let cursor = query.cursor; ;) {
      const page = await this.list({ ...query, ...(cursor === undefined ? {} : { cursor }) });
      yield* page.items;
      if (page.cursor === '') return;
      cursor = page.cursor;
    }
  }

  /** How many runs the filter means, by status, agent, user and code: exact up to 10,000 runs. */
  async facets(query: RunsFilter = {}): Promise<RunFacets> {
    return (await this.#transport.ask<RunFacets>('GET', '/v1/runs/facets', { query })).body;
  }

  /** The runs that the run has started, and those that these have started. */
  async children(
    runId: string,
    query: {
      /** Generations below the run, 1 to 16. Default 4. */
      readonly depth?: number;
      /** How many runs at most, 1 to 1,000. Default 200. */
      readonly limit?: number;
    } = {},
  ): Promise<RunChildren> {
    return (await this.#transport.ask<RunChildren>('GET', at(runId, '/children'), { query })).body;
  }

  /** Starts the run once more on the newest version of its agent, with its input or another. */
  async rerun(
    runId: string,
    options: {
      /** In place of the input of the run before. */
      readonly input?: Json;
    } & Once = {},
  ): Promise<Started> {
    const { idempotencyKey, ...body } = options;
    const asked = { body, repeat: 'by-key', idempotencyKey } as const;
    return (await this.#transport.ask<Started>('POST', at(runId, '/rerun'), asked)).body;
  }

  /** How many open runs the command would reach. Nothing is done. */
  async meant(command: BulkCommand, filter: OpenRunsFilter): Promise<number> {
    const asked = { body: { command, filter }, repeat: 'harmless' } as const;
    type Body = { readonly matches: number };
    return (await this.#transport.ask<Body>('POST', '/v1/runs/commands/count', asked)).body.matches;
  }

  /**
   * Gives the command to the open runs that the filter means: to 1,000 at most, the oldest; the rest is `left`. Refused
   * as `more-match`, and nothing is done, when more match than `matches`.
   */
  async command(
    command: BulkCommand,
    filter: OpenRunsFilter,
    request: BulkRequest,
  ): Promise<BulkDone> {
    const asked = { body: { command, filter, ...request }, repeat: 'by-key' } as const;
    return (await this.#transport.ask<BulkDone>('POST', '/v1/runs/commands', asked)).body;
  }

  /**
   * What the run came to, when it has ended. Its failure is an outcome, not an error. Throws `run-not-finished`
   * after `timeoutMs`; the run goes on.
   */
  async output(runId: string, { timeoutMs, signal }: Waiting = {}): Promise<Outcome> {
    const untilMs = timeoutMs === undefined ? Number.POSITIVE_INFINITY : Date.now() + timeoutMs;
    for (;;) {
      const leftMs = Math.max(untilMs - Date.now(), 0);
      const waitMs = Math.min(longPollMs, leftMs);
      const { status, body } = await this.#transport.ask<Outcome>('GET', at(runId, '/output'), {
        query: { waitMs: Math.floor(waitMs) },
        signal,
      });
      if (status === 200) return body;
      if (leftMs <= waitMs) {
        const detail = `Run ${runId} has not ended within ${timeoutMs} ms; it goes on.`;
        throw new HeddleRequestError({ code: 'run-not-finished', detail, status, retryable: true });
      }
    }
  }

  /** The turns of the run above `after`, in order, as they are committed; ends with the run. */
  async *follow(
    runId: string,
    {
      after = 0,
      signal,
    }: {
      /** The place after which it begins. */
      readonly after?: number;
      /** Ends the request. */
      readonly signal?: AbortLike;
    } = {},
  ): AsyncGenerator<Turn, void, undefined> {
    let last = after;
    for (let waitMs = 0; ; waitMs = followMs) {
      // Asked before the turns are read, so that the last of them is among those.
      const query = { waitMs };
      const { status } = await this.#transport.ask('GET', at(runId, '/output'), { query, signal });
      for (let isFull = true; isFull;) {
        const turns = await this.journal(runId, { after: last, limit: turnsAtOnce });
        for (const turn of turns) {
          yield turn;
          last = turn.turn;
        }
        isFull = turns.length === turnsAtOnce;
      }
      if (status === 200) return;
    }
  }

  /** Sends an event to the run's chart. */
  async send(
    runId: string,
    event: { readonly type: string; readonly [key: string]: Json },
    once: Once = {},
  ): Promise<void> {
    await this.#transport.ask('POST', at(runId, '/events'), {
      body: event,
      ...once,
    });
  }

  /** Answers a question of the run. */
  async answer(runId: string, askId: string, answer: Json): Promise<void> {
    await this.#transport.ask('POST', at(runId, '/answers'), { body: { askId, answer } });
  }

  /** Ends the run, with its children, calls, tasks and waits. */
  cancel(runId: string, reason?: string): Promise<void> {
    return this.#command(runId, 'cancel', reason);
  }

  /** Pauses the run: it takes no event until it is resumed. */
  pause(runId: string, reason?: string): Promise<void> {
    return this.#command(runId, 'pause', reason);
  }

  /** Undoes a pause. */
  resume(runId: string, reason?: string): Promise<void> {
    return this.#command(runId, 'resume', reason);
  }

  async #command(runId: string, kind: string, reason: string | undefined): Promise<void> {
    const body = reason === undefined ? {} : { reason };
    await this.#transport.ask('POST', at(runId, `/${kind}`), { body });
  }

  /** What the run asks and nobody has answered. */
  async questions(runId: string): Promise<readonly Question[]> {
    type Body = { readonly questions: readonly Question[] };
    return (await this.#transport.ask<Body>('GET', at(runId, '/questions'))).body.questions;
  }
}
