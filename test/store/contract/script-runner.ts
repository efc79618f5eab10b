/**
 * Runs a script on one store and writes down everything that the store says. Two stores agree when
 * they say the same.
 */
import type { Batch, MemoryInsert, TurnCommit } from '../../../src/store/batch.ts';
import type { ChannelReadResult } from '../../../src/store/port.ts';
import type { LoadedRun, NewRun, RunAddress } from '../../../src/store/rows.ts';
import {
  allShards,
  Bench,
  event,
  hour,
  memory,
  message,
  minute,
  replicaId,
  runId,
  slot,
  turnOf,
  type Harness,
} from './fixture.ts';
import { addresses, at, inMinutes, leasedMessage, look, runOf, told } from './script-view.ts';
import type { Command, CommitCommand, TurnPlan } from './script.ts';

const lowShards = [0, 1];

export async function runScript(
  harness: Harness,
  script: readonly Command[],
): Promise<readonly unknown[]> {
  const runner = new Runner(harness);
  await runner.begin();
  const said: unknown[] = [];
  for (const command of script) said.push([command.kind, await runner.run(command)]);
  said.push(['end', await look(harness.store)]);
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
        return look(store);
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
      const expectedTurn = Math.max(0, ((await this.load(run))?.run.turn ?? 0) + plan.offset);
      statusChanges.push({ ...at(run), expectedTurn, status: 'backoff', reason: null } as const);
    }
    const { inbox, messages } = command;
    // A run's id is its own: two starts of one batch never share it, nor a start and a child.
    const taken = new Set(turns.flatMap((one) => one.children.map((child) => child.runId)));
    const starts = command.starts
      .map(({ tenant, run, key }) => runOf(tenant, run, { idempotencyKey: key }))
      .filter((run) => !taken.has(run.runId) && taken.add(run.runId).has(run.runId));
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
        starts,
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
    const memoryWrites: MemoryInsert[] = [];
    for (const { offset, ...wanted } of plan.memory) {
      // A turn that contradicts itself is no case: only its first write of an entry may be off.
      const chained = memoryWrites.some((write) => write.key === wanted.key);
      memoryWrites.push(
        await this.write(tenant, { ...wanted, offset: chained ? 0 : offset }, written),
      );
    }
    const groupCursors = [];
    for (const { channel, group, offset, by } of plan.cursors) {
      const { cursor, cursorStored } = await this.stand(tenant, channel, group);
      const from = cursorStored ? Math.max(0, cursor + offset) : offset === 0 ? null : 1;
      groupCursors.push({ channel, group, from, to: (from ?? 0) + by });
    }
    const expectedTurn = Math.max(0, (loaded?.run.turn ?? 0) + plan.offset);
    return turnOf(run, plan.create ? 0 : expectedTurn, {
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
}
