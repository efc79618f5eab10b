/**
 * What every contract test begins with: an empty store, one replica that owns all shards, and short
 * ways to write batches. Ids are counted, so that a failure reads the same each time.
 */
import { expect } from 'vitest';
import { askIdOf } from '../../../src/domain/ask-id.ts';
import {
  asCommitId,
  asReplicaId,
  asRunId,
  type ReplicaId,
  type RunId,
} from '../../../src/domain/ids.ts';
import type {
  Batch,
  MemoryArrival,
  MessageInsert,
  SlotWrite,
  StatusChange,
  SubscriptionInsert,
  TurnCommit,
} from '../../../src/store/batch.ts';
import { makeBatch, type BatchParts as Parts } from '../../../src/store/make-batch.ts';
import type { Store } from '../../../src/store/port.ts';
import type {
  InboxArrival,
  InboxInsert,
  InboxRow,
  LoadedRun,
  NewRun,
  RunAddress,
} from '../../../src/store/rows.ts';
import { inFull, type ToldOutcome } from '../../support/told-outcome.ts';

/** A store with nothing in it, and a hold on its surroundings. */
export type Harness = {
  readonly store: Store;
  /** Lets the store's clock go on by so much. */
  advance(ms: number): Promise<void>;
  /** Breaks whatever is under way, as a crash of the database's server would. */
  crash(): Promise<void>;
  /** Ends the connections that heartbeats have come over, as the death of their processes would. */
  endSessions(): Promise<void>;
};
export type OpenStore = () => Promise<Harness>;
/** `it` is vitest's, or collects the tests for whoever wants to see them fail. */
export type Contract = {
  readonly open: OpenStore;
  readonly it: (name: string, test: () => Promise<void>) => void;
};

export const tenant = 'acme';
export const minute = 60_000;
export const hour = 60 * minute;

const uuid = (kind: string, n: number): string =>
  `${kind.repeat(8)}-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;
export const runId = (n: number): RunId => asRunId(uuid('a', n));
export const replicaId = (n: number): ReplicaId => asReplicaId(uuid('b', n));
export const commitId = (n: number) => asCommitId(uuid('c', n));

export const newRun = (n: number, parts: Partial<NewRun> = {}): NewRun => ({
  tenant,
  runId: runId(n),
  shard: n % 32,
  agent: 'editor',
  version: '1',
  user: 'ann',
  pipeline: `pipeline-${n}`,
  parent: null,
  inputText: '{"n":1}',
  idempotencyKey: null,
  priority: 'normal',
  ...parts,
});

export const turnOf = (
  run: RunAddress,
  expectedTurn: number,
  parts: Partial<TurnCommit> = {},
): TurnCommit => ({
  tenant: run.tenant,
  runId: run.runId,
  shard: run.shard,
  create: null,
  expectedTurn,
  status: 'admitted',
  reason: null,
  build: 'build-1',
  chartText: '{"value":"a"}',
  heldText: null,
  journalText: '[]',
  ended: null,
  takenInbox: [],
  takenResults: [],
  inbox: [],
  children: [],
  messages: [],
  memory: [],
  evaluations: [],
  conversation: [],
  images: [],
  subscribe: [],
  unsubscribe: [],
  groupCursors: [],
  setTimers: [],
  clearTimers: [],
  openQuestions: [],
  closeQuestions: [],
  ...parts,
});

export const endOf = (
  run: RunAddress,
  expectedTurn: number,
  parts: Partial<TurnCommit> = {},
): TurnCommit =>
  turnOf(run, expectedTurn, {
    status: 'completed',
    ended: { outputText: '"done"', error: null },
    ...parts,
  });

export const message = (
  channel: string,
  messageId: string,
  parts: Partial<MessageInsert> = {},
): MessageInsert => ({
  tenant,
  channel,
  messageId,
  payloadText: JSON.stringify({ id: messageId }),
  delayMs: 0,
  runId: null,
  shard: 0,
  ...parts,
});

export const memory = (
  key: string,
  version: number,
  parts: Partial<MemoryArrival> = {},
): MemoryArrival => ({
  tenant,
  scope: 'user',
  owner: 'ann',
  key,
  version,
  valueText: `"v${version}"`,
  deleted: false,
  runId: null,
  turn: null,
  ...parts,
});

export const waiting = (
  subscriptionId: string,
  channels: readonly { channel: string; group?: string; after?: number }[],
): SubscriptionInsert => ({
  subscriptionId,
  invocationId: `receive-${subscriptionId}`,
  status: 'waiting',
  channels: channels.map(({ channel, group = null, after = 0 }) => ({ channel, group, after })),
  delivered: [],
});

export const event = (
  run: RunAddress,
  type: string,
  parts: Partial<InboxInsert> = {},
): InboxInsert => ({
  tenant: run.tenant,
  runId: run.runId,
  shard: run.shard,
  kind: 'event',
  ref: null,
  payloadText: `{"type":"${type}"}`,
  key: null,
  ...parts,
});

/** An answer to the question that a run asks under `ask`, or under another invocation's id. */
export const answer = (
  run: RunAddress,
  incarnation: number,
  parts: { readonly says?: string; readonly invocationId?: string } = {},
): InboxArrival => {
  const { says = 'yes', invocationId = 'ask' } = parts;
  const { tenant: of, runId: id, shard } = run;
  const ref = askIdOf({ runId: id, invocationId, incarnation });
  return {
    tenant: of,
    runId: id,
    shard,
    kind: 'answer',
    ref,
    payloadText: JSON.stringify(says),
    key: `answer:${ref}`,
    once: { kind: 'answer', invocationId, incarnation },
  };
};

export const question = (incarnation: number, invocationId = 'ask') => ({
  invocationId,
  incarnation,
  agent: 'editor',
  assignee: incarnation % 2 === 0 ? 'even' : null,
  questionText: `{"question":"${incarnation}?","schema":null}`,
});

/** An event that was sent under a key. */
export const keyed = (run: RunAddress, type: string, key: string): InboxArrival => ({
  ...event(run, type),
  once: { kind: 'event', key, eventText: `{"type":"${type}"}` },
});

export const slot = (n: number, parts: Partial<SlotWrite> = {}): SlotWrite => ({
  provider: 'stub',
  replicaId: replicaId(1),
  slot: n,
  sealed: 0,
  status: 'idle',
  call: null,
  calls: 0,
  duplicates: 0,
  rateLimited: 0,
  ...parts,
});

export type BatchParts = Parts & Partial<Pick<Batch, 'epochs'>>;

/** One replica at work on a store: its epochs, and short ways to commit and to look. */
export class Bench {
  readonly store: Store;
  readonly advance: (ms: number) => Promise<void>;
  readonly crash: () => Promise<void>;
  readonly endSessions: () => Promise<void>;
  readonly replicaId: ReplicaId;
  epochs: ReadonlyMap<number, number> = new Map();
  private commits: number;

  constructor(harness: Harness, replica: number) {
    this.store = harness.store;
    this.advance = (ms) => harness.advance(ms);
    this.crash = () => harness.crash();
    this.endSessions = () => harness.endSessions();
    this.replicaId = replicaId(replica);
    this.commits = replica * 1_000_000;
  }

  async renew(leaseMs = hour) {
    const renewal = await this.store.renew({ replicaId: this.replicaId, leaseMs });
    this.epochs = new Map(renewal.shards.map(({ shard, epoch }) => [shard, epoch]));
    return renewal;
  }

  batch(parts: BatchParts): Batch {
    const ids = { commit: () => commitId(++this.commits) };
    const shards = { epoch: (shard: number) => this.epochs.get(shard) };
    const batch = makeBatch({ ids, replicaId: this.replicaId, shards }, parts);
    return parts.epochs === undefined ? batch : { ...batch, epochs: parts.epochs };
  }

  async send(batch: Batch): Promise<ToldOutcome> {
    return inFull(batch, await this.store.commit(batch));
  }

  commit(parts: BatchParts): Promise<ToldOutcome> {
    return this.send(this.batch(parts));
  }

  /** Commits turns of which each must be committed. */
  async turns(...turns: readonly TurnCommit[]): Promise<ToldOutcome> {
    const outcome = await this.commit({ turns });
    expect(outcome.turns).toEqual(turns.map(() => ({ kind: 'committed' })));
    return outcome;
  }

  /** A run that has been accepted and has taken its `start`. */
  async started(n: number, parts: Partial<NewRun> = {}): Promise<NewRun> {
    const run = newRun(n, parts);
    await this.commit({ arrivals: { starts: [run] } });
    await this.turns(turnOf(run, 0, { takenInbox: (await this.inbox(run)).map((row) => row.seq) }));
    return run;
  }

  async publish(...messages: readonly MessageInsert[]): Promise<readonly RunAddress[]> {
    return (await this.commit({ arrivals: { messages } })).wakes;
  }

  async status(change: StatusChange) {
    return (await this.commit({ statusChanges: [change] })).statusChanges[0];
  }

  async load(run: RunAddress): Promise<LoadedRun> {
    const [loaded] = await this.store.load([run]);
    if (loaded === undefined || loaded === null) throw new Error(`run ${run.runId} is not there`);
    return loaded;
  }

  async inbox(run: RunAddress): Promise<readonly InboxRow[]> {
    return (await this.load(run)).inbox;
  }

  /** The subscriptions that a run has been woken for. */
  async wokenFor(run: RunAddress): Promise<readonly (string | null)[]> {
    const rows = await this.inbox(run);
    return rows.filter((row) => row.kind === 'messages').map((row) => row.ref);
  }

  async read(channel: string, parts: { group?: string; after?: number; limit?: number } = {}) {
    const { channels } = await this.store.read({
      memory: [],
      channels: [
        {
          tenant,
          channel,
          group: parts.group ?? null,
          after: parts.after ?? null,
          from: 'earliest',
          limit: parts.limit ?? 100,
        },
      ],
    });
    const [result] = channels;
    if (result === undefined) throw new Error('a read without result');
    return result;
  }

  async numbers(channel: string, parts: { group?: string; after?: number; limit?: number } = {}) {
    return (await this.read(channel, parts)).messages.map((row) => row.seq);
  }

  async recall(key: string, parts: { version?: number; history?: number; owner?: string } = {}) {
    const address = { tenant, scope: 'user', owner: parts.owner ?? 'ann', key };
    const { memory: results } = await this.store.read({
      memory: [{ ...address, version: parts.version ?? null, history: parts.history ?? 0 }],
      channels: [],
    });
    const [result] = results;
    if (result === undefined) throw new Error('a read without result');
    return result;
  }
}

/** An empty store with replica 1 as the owner of all shards. */
export async function begin(open: OpenStore): Promise<Bench> {
  const bench = new Bench(await open(), 1);
  const renewal = await bench.renew();
  expect(renewal.shards).toHaveLength(32);
  return bench;
}

export const allShards = Array.from({ length: 32 }, (_, shard) => shard);

export const runIds = (runs: readonly RunAddress[]): readonly string[] =>
  runs.map((run) => run.runId).sort();
