/**
 * Runs a script on one store and writes down everything that the store says. Two stores agree when
 * they say the same: what may differ (instants, `seq`s of inbox rows, tokens) is written as its
 * place instead.
 */
import type { Batch, BatchOutcome, TurnCommit } from '../../../src/store/batch.ts';
import type { ChannelReadResult, LeasedMessage } from '../../../src/store/port.ts';
import type { LoadedRun, NewRun, RunAddress } from '../../../src/store/rows.ts';
import {
  allShards,
  Bench,
  event,
  hour,
  memory,
  message,
  minute,
  newRun,
  replicaId,
  runId,
  slot,
  turnOf,
  type Harness,
} from './fixture.ts';
import type { Command, CommitCommand, TurnPlan } from './script.ts';

const tenants = ['acme', 'other'] as const;
const runNumbers = [0, 1, 2, 3, 4, 5] as const;
const lowShards = [0, 1];

/** Three shards for six runs, so that turns of one batch often share one. */
const runOf = (tenant: string, n: number, parts: Partial<NewRun> = {}): NewRun =>
  newRun(n, { tenant, shard: n % 3, ...parts });

export async function runScript(
  harness: Harness,
  script: readonly Command[],
): Promise<readonly unknown[]> {
  const runner = new Runner(harness);
  await runner.begin();
  const said: unknown[] = [];
  for (const command of script) said.push([command.kind, await runner.run(command)]);
  said.push(['end', await runner.look()]);
  return said;
}

class Runner {
  private readonly harness: Harness;
  private readonly benches: ReadonlyMap<number, Bench>;
  private readonly batches: Batch[] = [];
  private readonly subscriptions = new Map<string, string[]>();
  private readonly tokens: string[] = [];
  private count = 0;

  constructor(harness: Harness) {
    this.harness = harness;
    this.benches = new Map([1, 2, 3].map((n) => [n, new Bench(harness, n)]));
  }

  private bench(n: number): Bench {
    const bench = this.benches.get(n);
    if (bench === undefined) throw new Error(`no replica ${n}`);
    return bench;
  }

  async begin(): Promise<void> {
    await this.bench(1).renew(hour);
    const starts = [0, 1, 2].map((n) => runOf('acme', n));
    await this.bench(1).commit({ arrivals: { starts } });
  }

  async run(command: Command): Promise<unknown> {
    const { store } = this.harness;
    switch (command.kind) {
      case 'commit':
        return this.commit(command);
      case 'renew':
        return this.bench(command.replica).renew(command.lease * minute);
      case 'release': {
        const shards = await this.released(command.replica, command.shards);
        const { retire } = command;
        return store.release({ replicaId: replicaId(command.replica), shards, retire });
      }
      case 'advance':
        // The second keeps every deadline off the instants at which scripts look.
        return this.harness.advance(command.minutes * minute + 1_000);
      case 'release-delayed': {
        const shards = command.shards === 'all' ? allShards : lowShards;
        const { wakes, nextDueInMs } = await store.releaseDelayed({ shards, limit: command.limit });
        return { wakes: addresses(wakes), nextDueIn: inMinutes(nextDueInMs) };
      }
      case 'lease': {
        const { channel, group, from, max, lease } = command;
        const at = { tenant: 'acme', channel, group };
        const leased = await store.lease({ ...at, from, max, leaseMs: lease * minute });
        this.tokens.push(...leased.map((one) => one.token));
        return leased.map(leasedMessage);
      }
      case 'acknowledge': {
        const { channel, group } = command;
        const tokens = command.which.map((which) => this.tokens.at(-1 - which) ?? 'none');
        return store.acknowledge({ tenant: 'acme', channel, group, tokens });
      }
      case 'prune':
        return store.prune({ olderThanMs: command.minutes * minute, limit: 99 });
      case 'crash':
        return this.harness.crash();
      case 'look':
        return this.look();
    }
  }

  private async released(replica: number, which: string): Promise<readonly number[]> {
    if (which === 'all') return allShards;
    return which === 'low' ? lowShards : (await this.bench(replica).renew(5 * minute)).surplus;
  }

  private async commit(command: CommitCommand): Promise<unknown> {
    const before = this.batches.at(-1);
    if (command.again && before !== undefined) return told(await this.harness.store.commit(before));
    const bench = this.bench(command.replica);
    const batch = bench.batch(await this.parts(bench, command));
    this.batches.push(batch);
    return told(await this.harness.store.commit(batch));
  }

  private async parts(bench: Bench, command: CommitCommand): Promise<Partial<Batch>> {
    const epochs = new Map(bench.epochs);
    const spoil = (shard: number, epoch: string): void => {
      const held = epochs.get(shard) ?? 1;
      if (epoch === 'old') epochs.set(shard, held - 1);
      if (epoch === 'none') epochs.delete(shard);
    };
    const turns: TurnCommit[] = [];
    const written = new Map<string, number>();
    for (const plan of command.turns) {
      spoil(plan.run % 3, plan.epoch);
      turns.push(await this.turn(plan, written));
    }
    const statusChanges = [];
    for (const plan of command.statuses) {
      spoil(plan.run % 3, plan.epoch);
      const run = runOf(plan.tenant, plan.run);
      const expectedTurn = ((await this.load(run))?.run.turn ?? 0) + plan.offset;
      statusChanges.push({ ...at(run), expectedTurn, status: 'backoff', reason: null } as const);
    }
    const { starts, inbox, messages } = command;
    const writes = [];
    for (const { tenant, memory: plan } of command.memory) {
      writes.push(await this.write(tenant, plan, written));
    }
    return {
      epochs,
      turns,
      statusChanges,
      slots: command.slots.map((plan) => this.slot(command.replica, plan)),
      arrivals: {
        starts: starts.map(({ tenant, run, key }) => runOf(tenant, run, { idempotencyKey: key })),
        inbox: inbox.map(({ tenant, run, key }) => {
          return event(runOf(tenant, run), `e${++this.count}`, { key });
        }),
        messages: messages.map(({ tenant, message: plan }) => this.message(tenant, plan)),
        memory: writes,
      },
    };
  }

  private async turn(plan: TurnPlan, written: Map<string, number>): Promise<TurnCommit> {
    const { tenant } = plan;
    const run = runOf(tenant, plan.run);
    const loaded = await this.load(run);
    const subscribe = [];
    for (const wanted of plan.subscribe) subscribe.push(await this.subscribe(run, wanted));
    const memoryWrites = [];
    for (const wanted of plan.memory) {
      memoryWrites.push(await this.write(tenant, wanted, written));
    }
    const groupCursors = [];
    for (const { channel, group, offset, by } of plan.cursors) {
      const { cursor, cursorStored } = await this.stand(tenant, channel, group);
      const from = cursorStored ? Math.max(0, cursor + offset) : offset === 0 ? null : 1;
      groupCursors.push({ channel, group, from, to: (from ?? 0) + by });
    }
    return turnOf(run, (loaded?.run.turn ?? 0) + plan.offset, {
      create: plan.create ? run : null,
      status: plan.ends ? 'completed' : plan.status,
      reason: plan.poison ? 'nul \u0000' : null,
      chartText: `{"value":${++this.count}}`,
      journalText: plan.journal ? `[{"n":${this.count}}]` : null,
      ended: plan.ends ? { outputText: `${this.count}`, error: null } : null,
      takenInbox: (loaded?.inbox ?? []).slice(0, plan.take).map((row) => row.seq),
      messages: plan.messages.map((wanted) => this.message(tenant, wanted)),
      memory: memoryWrites,
      evaluations: plan.evaluations.map(({ id, subject }) => ({
        tenant,
        evaluationId: `e${id}`,
        subjectRunId: runId(subject),
        evaluatorRunId: run.runId,
        score: id / 10,
        rationale: `${this.count}`,
      })),
      subscribe,
      unsubscribe: plan.unsubscribe.flatMap(({ which, took }) =>
        this.unsubscribe(run, which, took),
      ),
      groupCursors,
      setTimers: plan.setTimers.map(({ id, delay }) => ({
        timerId: id,
        generation: this.count,
        delayMs: delay * minute,
      })),
      clearTimers: plan.clearTimers,
      children: plan.children.map((n) => runOf(tenant, n)),
      inbox: plan.inbox.map(({ run: n, key }) => {
        return event(runOf(tenant, n), `e${++this.count}`, { key });
      }),
    });
  }

  private async subscribe(run: NewRun, plan: TurnPlan['subscribe'][number]) {
    const subscriptionId = `s${String(++this.count).padStart(4, '0')}`;
    const known = this.subscriptions.get(`${run.tenant} ${run.runId}`) ?? [];
    this.subscriptions.set(`${run.tenant} ${run.runId}`, [...known, subscriptionId]);
    const stands = await Promise.all(
      plan.at.map(async ({ channel, group, after }) => {
        const { head, cursor } = await this.stand(run.tenant, channel, group);
        return { channel, group, after: after === 'head' ? head : cursor };
      }),
    );
    const delivered = stands
      .slice(0, plan.served)
      .map(({ channel, after }) => ({ channel, seq: after + 1 }));
    return {
      subscriptionId,
      invocationId: 'receive',
      status: delivered.length === 0 ? ('waiting' as const) : ('delivered' as const),
      channels: stands,
      delivered,
    };
  }

  private unsubscribe(run: NewRun, which: number, took: number) {
    const known = this.subscriptions.get(`${run.tenant} ${run.runId}`) ?? [];
    const subscriptionId = known.at(-1 - which);
    if (subscriptionId === undefined) return [];
    const delivered = Array.from({ length: took }, (_, i) => ({ channel: 'news', seq: i + 1 }));
    const status = took === 0 ? ('cancelled' as const) : ('delivered' as const);
    return [{ subscriptionId, status, delivered }];
  }

  private message(tenant: string, plan: { readonly channel: string; readonly delay: number }) {
    return message(plan.channel, `m${++this.count}`, {
      tenant,
      delayMs: plan.delay * minute,
      shard: this.count % 3,
    });
  }

  /** The version after the newest, or after what this batch has written so far. */
  private async write(
    tenant: string,
    plan: TurnPlan['memory'][number],
    written: Map<string, number>,
  ) {
    const { key, offset, deleted } = plan;
    const read = { tenant, scope: 'user', owner: 'ann', key, version: null, history: 0 };
    const { memory: found } = await this.harness.store.read({ memory: [read], channels: [] });
    const newest = written.get(`${tenant} ${key}`) ?? found[0]?.newest ?? 0;
    const version = Math.max(1, newest + 1 + offset);
    written.set(`${tenant} ${key}`, version);
    return memory(key, version, { tenant, deleted, valueText: `${++this.count}` });
  }

  private slot(replica: number, plan: CommitCommand['slots'][number]) {
    const { provider, call } = plan;
    const run = call === null ? null : runOf('acme', call);
    return slot(plan.slot, {
      provider,
      replicaId: replicaId(replica),
      status: run === null ? 'idle' : 'calling',
      call:
        run === null
          ? null
          : { ...at(run), invocationId: 'g', incarnation: 1, attempt: this.count },
      calls: run === null ? 0 : 1,
    });
  }

  private async load(run: RunAddress): Promise<LoadedRun | null> {
    return (await this.harness.store.load([run]))[0] ?? null;
  }

  private async stand(
    tenant: string,
    channel: string,
    group: string | null,
  ): Promise<ChannelReadResult> {
    const read = { tenant, channel, group, after: null, from: 'earliest', limit: 99 } as const;
    const { channels } = await this.harness.store.read({ memory: [], channels: [read] });
    const [result] = channels;
    if (result === undefined) throw new Error('a read without result');
    return result;
  }

  /** Everything that the store can be asked. */
  async look(): Promise<unknown> {
    const { store } = this.harness;
    const shards = allShards;
    const timers = await store.timers({ shards, horizonMs: hour, limit: 99 });
    const pending = await store.pending({ shards, afterSeq: null, limit: 999 });
    const statuses = ['admitted', 'calling-provider', 'backoff'] as const;
    const open = await store.open({ shards, statuses, afterRunId: null, limit: 99 });
    return {
      timers: sorted(timers.map((timer) => ({ ...timer, dueInMs: inMinutes(timer.dueInMs) }))),
      pending: sorted(pending.runs.map((run) => ({ ...run, createdAtMs: 0 }))),
      morePending: pending.nextSeq,
      open: addresses(open),
      slots: await store.slots(shards),
      totals: await store.providerTotals(),
      tenants: await Promise.all(tenants.map((tenant) => this.lookAt(tenant))),
    };
  }

  private async lookAt(tenant: string): Promise<unknown> {
    const { store } = this.harness;
    const loaded = await store.load(runNumbers.map((n) => runOf(tenant, n)));
    const newestFirst = { tenant, statuses: null, agent: null, pipeline: null, beforeRunId: null };
    const read = await store.read({
      memory: ['k', 'l'].map((key) => {
        return { tenant, scope: 'user', owner: 'ann', key, version: null, history: 99 };
      }),
      channels: ['news', 'replies'].flatMap((channel) =>
        [null, 'g', 'h', 'outside'].map((group) => {
          return { tenant, channel, group, after: null, from: 'earliest' as const, limit: 99 };
        }),
      ),
    });
    return {
      loaded: loaded.map((one) => one && loadedRun(one)),
      list: (await store.runs({ ...newestFirst, limit: 4 })).map((run) => run.runId),
      journals: await Promise.all(
        runNumbers.map(async (n) => {
          const rows = await store.journal({ tenant, runId: runId(n), afterTurn: 0, limit: 99 });
          return rows.map(({ turn, entriesText }) => [turn, entriesText]);
        }),
      ),
      evaluations: await Promise.all(
        runNumbers.map((n) => store.evaluations({ tenant, subjectRunId: runId(n), limit: 99 })),
      ),
      memory: read.memory.map(({ newest, versions }) => ({
        newest,
        versions: versions.map((version) => ({ ...version, createdAtMs: 0 })),
      })),
      channels: read.channels.map(({ messages, ...rest }) => ({
        ...rest,
        messages: messages.map((row) => ({ ...row, publishedAtMs: 0 })),
      })),
      usage: await store.usage(tenant),
      audit: await store.audit(tenant),
    };
  }
}

const at = ({ tenant, runId: id, shard }: RunAddress) => ({ tenant, runId: id, shard });
const addresses = (runs: readonly RunAddress[]) => sorted(runs.map(at));
const inMinutes = (ms: number | null) => (ms === null ? null : Math.round(ms / minute));

function sorted<Item>(items: readonly Item[]): Item[] {
  const keyed = items.map((item) => ({ item, key: JSON.stringify(item) }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ item }) => item);
}

/** Outcomes without the words in which a store explains them. */
function told({ wakes, ...outcome }: BatchOutcome): unknown {
  return {
    ...outcome,
    turns: outcome.turns.map((turn) => turn.kind),
    statusChanges: outcome.statusChanges.map((change) => change.kind),
    wakes: addresses(wakes),
  };
}

function loadedRun({ run, inbox }: LoadedRun): unknown {
  const { createdAtMs, endedAtMs, ...rest } = run;
  return {
    ...rest,
    created: createdAtMs > 0,
    ended: endedAtMs !== null,
    inbox: inbox.map((row, place) => ({ ...row, seq: place })),
  };
}

function leasedMessage({ token, publishedAtMs, ...rest }: LeasedMessage): unknown {
  return { ...rest, token: token.length > 0, published: publishedAtMs > 0 };
}
