/**
 * `heddle/client`: heddle's API from any program with `fetch`. It has no dependency and imports nothing of heddle.
 *
 * Each method is one request, or a few where it says so. A refusal is a `HeddleRequestError`.
 */
import { Runs } from './runs.ts';
import { Agents } from './records/agents.ts';
import { Channels } from './records/channels.ts';
import { Evaluations } from './records/evaluations.ts';
import { Memory } from './records/memory.ts';
import { Operator } from './operator.ts';
import { Questions } from './questions.ts';
import { follow, type StreamEvent, type StreamOptions, type Topic } from './stream.ts';
import type { FetchLike } from './fetch-like.ts';
import { checkMs, Transport } from './transport.ts';

/** Options of `createClient`. Each may be left out. */
export type ClientOptions = {
  /** Where heddle listens. Default `http://127.0.0.1:7070`. */
  readonly url?: string;
  /** A bearer token. On loopback none is needed by default. */
  readonly token?: string;
  /** The tenant of all requests. Default: the token's own, or `default`. */
  readonly tenant?: string;
  /** Default: the global `fetch`. */
  readonly fetch?: FetchLike;
  /** How long one try may take, in ms. Default 40,000. */
  readonly timeoutMs?: number;
  /** For how long a request is sent again that may be, in ms. Default 30,000; 0: never again. */
  readonly retryMs?: number;
};

/** heddle's API. */
export type Client = {
  /** Runs: begun, followed, steered. */
  readonly runs: Runs;
  /** The channels. */
  readonly channels: Channels;
  /** Evaluations of runs. */
  readonly evaluations: Evaluations;
  /** Memory entries. */
  readonly memory: Memory;
  /** What runs ask people. */
  readonly questions: Questions;
  /** The agents. */
  readonly agents: Agents;
  /** Budgets, providers, the audit. */
  readonly operator: Operator;
  /**
   * Follows topics over one connection, and comes again where it was cut: each turn and each message of a log comes
   * once and in order. Ends when nothing more will come, or with the signal; throws when it is refused, or when the
   * token does not allow it any more.
   */
  stream(
    topics: readonly Topic[],
    options?: StreamOptions,
  ): AsyncGenerator<StreamEvent, void, undefined>;
};

/** A request to what is no address would be sent again and again until its time is over. */
function checkUrl(given: unknown): void {
  if (typeof given === 'string' && /^https?:\/\/./i.test(given) && URL.canParse(given)) return;
  throw new RangeError(
    `url must be an address such as http://127.0.0.1:7070, not ${String(given)}`,
  );
}

export function createClient(options: ClientOptions = {}): Client {
  const {
    url = 'http://127.0.0.1:7070',
    token,
    tenant,
    timeoutMs = 40_000,
    retryMs = 30_000,
  } = options;
  checkUrl(url);
  checkMs(timeoutMs, 'timeoutMs');
  checkMs(retryMs, 'retryMs');
  const transport = new Transport({
    url: url.replace(/\/+$/, ''),
    token,
    tenant,
    fetch: options.fetch ?? ((at, init) => fetch(at, init as RequestInit)),
    timeoutMs,
    retryMs,
  });
  return {
    runs: new Runs(transport),
    channels: new Channels(transport),
    evaluations: new Evaluations(transport),
    memory: new Memory(transport),
    questions: new Questions(transport),
    agents: new Agents(transport),
    operator: new Operator(transport),
    stream: (topics, given) => follow(transport, topics, given),
  };
}
