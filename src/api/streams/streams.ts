/**
 * All streams of one server: what its clients follow, and what other replicas hear from it.
 *
 * It owns the streams that are open. Nothing is read, listened to or connected to while there is none.
 *
 * 1. A stream is of one tenant, that of its client's scope, and a run of another tenant is not there.
 * 2. `close` tells every client that the server goes, and waits `lingerMs` at most.
 */
import type { ServerResponse } from 'node:http';
import { heddleError } from '../../domain/errors.ts';
import { refuseField } from '../../domain/field.ts';
import type { OneTenant } from '../../domain/scope.ts';
import { Live } from '../../library/live/live.ts';
import type { Heddle } from '../../library/library.ts';
import { relayPath } from '../../library/relay/owners.ts';
import { SharedReads } from '../../library/relay/shared.ts';
import { ChannelTopic } from './logs/channel-topic.ts';
import { LogReader } from './logs/log-reader.ts';
import { RunTopic } from './logs/run-topic.ts';
import { NewsBoard } from './news-board.ts';
import { placesOf, type Places } from './places.ts';
import { Peers } from './relay/peers.ts';
import { RelayDoor } from './relay/relay-door.ts';
import { SseWriter, type WriterTimes } from './sse/writer.ts';
import { Stream } from './stream.ts';
import { ActivityTopic } from './states/activity-topic.ts';
import { Gates, GatesTopic } from './states/gates.ts';
import { Projection } from './states/projection.ts';
import { RunsTopic } from './states/runs-topic.ts';
import { isLog, turnMax, type TopicAsked } from './topics-asked.ts';
import type { Topic } from './topic.ts';

const streamsMax = 10_000;
/** So that one token does not take all of them. */
const tokenStreamsMax = 2_500;
const defaultTimes: WriterTimes = { heartbeatMs: 15_000, stallMs: 30_000, lingerMs: 2_000 };

export type StreamAsked = {
  /** The name of the token; null: somebody at this machine, who needs none. */
  readonly token: string | null;
  /** The tenant whose runs and channels the client may see. */
  readonly scope: OneTenant;
  readonly topics: readonly TopicAsked[];
  /** The id of the last frame that the client has seen. */
  readonly lastEventId: string | undefined;
  /** Rejects when the caller may see this no more. */
  readonly allowed: () => Promise<unknown>;
  /** False: turns come without the events that they took. */
  readonly inspects: boolean;
  /** False: `activity` comes without the gates, which all tenants share. */
  readonly seesGates: boolean;
};

export class Streams {
  readonly relay: RelayDoor;
  readonly #live: Live;
  readonly #board: NewsBoard;
  readonly #reader: LogReader;
  readonly #peers: Peers;
  readonly #projection: Projection;
  readonly #gates: Gates;
  readonly #times: WriterTimes;
  readonly #open = new Map<Stream, Promise<void>>();
  /** How many of them each token follows. */
  readonly #byToken = new Map<string, number>();
  readonly #tokenMax: number;
  #isClosing = false;

  constructor(
    heddle: Pick<Heddle, 'runtime'>,
    times: Partial<WriterTimes> = {},
    tokenMax = tokenStreamsMax,
  ) {
    this.#tokenMax = tokenMax;
    this.#live = new Live(heddle.runtime);
    this.#times = { ...defaultTimes, ...times };
    this.#board = new NewsBoard(this.#live);
    this.#reader = new LogReader(this.#live);
    this.#peers = new Peers({ live: this.#live, board: this.#board, path: relayPath });
    const reach = this.#peers;
    this.#projection = new Projection({ live: this.#live, board: this.#board, reach });
    this.#gates = new Gates(this.#live, this.#board);
    const shared = new SharedReads(() => this.#live.peers(), this.#live.clock);
    this.relay = new RelayDoor({ live: this.#live, shared });
  }

  /** Where other replicas reach this server; null: they do not. */
  reachedAt(address: string | null): void {
    this.#live.reachedAt(address);
  }

  /** Of what those are made that follow runs in another way. */
  get followed(): { readonly live: Live; readonly projection: Projection } {
    return { live: this.#live, projection: this.#projection };
  }

  /** How many are open. */
  get size(): number {
    return this.#open.size;
  }

  /**
   * Refuses what cannot be followed before anything is sent. What it returns sends the stream; it throws, and has sent
   * nothing, where there is no room for it.
   */
  async open(asked: StreamAsked): Promise<(response: ServerResponse) => Promise<void>> {
    this.#checkRoom(asked);
    const places = startsOf(asked);
    await this.#checkRuns(asked);
    return (response) => {
      // Others may have come while the database was asked: nothing is awaited between this look and the taking.
      this.#checkRoom(asked);
      return this.#serve(asked, places, response);
    };
  }

  #checkRoom({ token }: StreamAsked): void {
    // Another replica takes the client, or this one when it has begun again.
    if (this.#isClosing)
      throw heddleError('overloaded', { what: 'it closes', retryAfterMs: 1_000 });
    if (this.#open.size >= streamsMax) {
      throw heddleError('streams-full', { max: streamsMax, to: 'in all', retryAfterMs: 5_000 });
    }
    const max = this.#tokenMax;
    if (token !== null && (this.#byToken.get(token) ?? 0) >= max)
      throw heddleError('streams-full', { max, to: 'to one token', retryAfterMs: 5_000 });
  }

  /** Lets go of all clients, which come again elsewhere. */
  async close(): Promise<void> {
    this.#isClosing = true;
    for (const stream of this.#open.keys()) stream.close('stop');
    await Promise.all(this.#open.values());
    this.relay.close();
    this.#peers.close();
    this.#reader.close();
    this.#live.reachedAt(null);
  }

  async #checkRuns({ scope, topics }: StreamAsked): Promise<void> {
    const runs = topics.flatMap((topic) => (topic.kind === 'run' ? [topic.runId] : []));
    if (runs.length === 0) return;
    const reads = runs.map((runId) => ({ scope, runId, afterTurn: 0, limit: 0 }));
    const logs = await this.#live.reads.runLogs(reads);
    runs.forEach((runId, i) => {
      if ((logs[i] ?? null) === null) throw heddleError('run-unknown', { runId });
    });
  }

  async #serve(asked: StreamAsked, places: Places, response: ServerResponse): Promise<void> {
    const { clock, log } = this.#live;
    const writer = new SseWriter(response, { clock, times: this.#times });
    const topics = asked.topics.map((topic, i) => this.#topic(asked, topic, places[i] ?? null));
    const { allowed } = asked;
    const stream = new Stream({ writer, topics, allowed, clock, log }, places);
    writer.open();
    const running = stream.run();
    this.#open.set(stream, running);
    this.#count(asked.token, 1);
    await running;
    this.#open.delete(stream);
    this.#count(asked.token, -1);
  }

  #count(token: string | null, by: 1 | -1): void {
    if (token === null) return;
    const now = (this.#byToken.get(token) ?? 0) + by;
    if (now > 0) this.#byToken.set(token, now);
    else this.#byToken.delete(token);
  }

  #topic(
    { scope, inspects, seesGates }: StreamAsked,
    topic: TopicAsked,
    after: number | null,
  ): Topic {
    const parts = { scope, board: this.#board, reader: this.#reader };
    const states = { scope, projection: this.#projection, clock: this.#live.clock };
    switch (topic.kind) {
      case 'run': {
        const { runId, text } = topic;
        const of = { runId, text, after: after ?? 0, entries: inspects };
        return new RunTopic({ ...parts, ...of, reach: this.#peers });
      }
      case 'channel':
        return new ChannelTopic({ ...parts, channel: topic.channel, after });
      case 'runs':
        return new RunsTopic({ ...states, filter: topic.filter });
      case 'providers':
        return new GatesTopic(this.#gates);
      case 'activity':
        return new ActivityTopic({ ...states, gates: seesGates ? this.#gates : null });
    }
  }
}

/** By index of the topics: where each begins. */
function startsOf({ topics, lastEventId }: StreamAsked): Places {
  const given = topics.map((topic) => (isLog(topic) ? topic.after : null));
  const logs = topics.flatMap((topic, i) => (isLog(topic) ? [i] : []));
  if (lastEventId === undefined || lastEventId === '' || logs.length === 0) return given;
  placesOf(lastEventId, logs.length).forEach((place, at) => {
    const index = logs[at];
    if (index === undefined || place === null) return;
    if (topics[index]?.kind === 'run' && place > turnMax) {
      refuseField('Last-Event-ID', 'has a turn that no run has');
    }
    given[index] = place;
  });
  return given;
}
