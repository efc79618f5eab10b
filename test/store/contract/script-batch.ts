/**
 * Makes a command of a script into a batch, from what the store shows just before: on two stores
 * that agree it makes the same.
 */
import type { MemoryInsert, MemoryWriter, TurnCommit } from '../../../src/store/batch.ts';
import type { ChannelReadResult, Store } from '../../../src/store/port.ts';
import type { Requested } from '../../../src/store/requests/request-rows.ts';
import type { LoadedRun, NewRun, RunAddress, StartArrival } from '../../../src/store/rows.ts';
import {
  answer,
  event,
  keyed,
  memory,
  message,
  minute,
  question,
  replicaId,
  runId,
  slot,
  turnOf,
  type BatchParts,
  type Bench,
} from './fixture.ts';
import { at, runNumbers, runOf, tenants } from './script-view.ts';
import type { CommitCommand, TurnPlan } from './script.ts';

type Place = { readonly tenant: string; readonly channel: string; readonly group: string | null };
type Sight = {
  load(run: RunAddress): LoadedRun | null;
  newest(tenant: string, key: string): number;
  stand(place: Place): ChannelReadResult;
};

/** One load and one read of all that a script can name. */
export async function see(store: Store): Promise<Sight> {
  const runs = tenants.flatMap((tenant) => runNumbers.map((n) => runOf(tenant, n)));
  const entries = tenants.flatMap((tenant) => ['k', 'l'].map((key) => ({ tenant, key })));
  const places = tenants.flatMap((tenant) =>
    ['news', 'replies'].flatMap((channel) =>
      [null, 'g', 'h'].map((group): Place => ({ tenant, channel, group })),
    ),
  );
  const [loaded, read] = await Promise.all([
    store.load(runs),
    store.read({
      memory: entries.map((entry) => {
        return { ...entry, scope: 'user', owner: 'ann', version: null, history: 0 };
      }),
      channels: places.map((place) => ({ ...place, after: null, from: 'earliest', limit: 1 })),
    }),
  ]);
  return {
    load: (run) =>
      loaded[runs.findIndex((one) => one.tenant === run.tenant && one.runId === run.runId)] ?? null,
    newest: (tenant, key) =>
      read.memory[entries.findIndex((one) => one.tenant === tenant && one.key === key)]?.newest ??
      0,
    stand: ({ tenant, channel, group }) => {
      const i = places.findIndex(
        (one) => one.tenant === tenant && one.channel === channel && one.group === group,
      );
      const result = read.channels[i];
      if (result === undefined) throw new Error(`no place ${tenant} ${channel} ${group}`);
      return result;
    },
  };
}

/**
 * Postgres judges what stands on a poison turn (the same run's status, the next version) as if that
 * turn had been written: stale or in conflict, which is the safe side. The twin judges it without,
 * so beside a poison turn there is nothing that could stand on it.
 */
function aloneWhenPoison(command: CommitCommand): CommitCommand {
  if (!command.turns.some((turn) => turn.poison)) return command;
  const turns = command.turns.map((turn) =>
    turn.poison ? { ...turn, memory: [], cursors: [] } : turn,
  );
  return { ...command, turns, statuses: [] };
}

export class BatchMaker {
  private readonly subscriptions = new Map<string, string[]>();
  /** The questions of each run under each id, the newest first. */
  private readonly asked = new Map<string, number[]>();
  private readonly written = new Map<string, number>();
  private readonly writers = new Map<string, MemoryWriter>();
  private readonly asking = new Set<string>();
  private count = 0;
  private sight: Sight;

  constructor(sight: Sight) {
    this.sight = sight;
  }

  parts(bench: Bench, drawn: CommitCommand, sight: Sight): BatchParts {
    const command = aloneWhenPoison(drawn);
    const epochs = new Map(bench.epochs);
    const spoil = (shard: number, epoch: string): void => {
      const held = epochs.get(shard) ?? 1;
      if (epoch === 'old') epochs.set(shard, held - 1);
      if (epoch === 'none') epochs.delete(shard);
    };
    const turns: TurnCommit[] = [];
    this.sight = sight;
    this.written.clear();
    this.writers.clear();
    this.asking.clear();
    for (const plan of command.turns) {
      spoil(plan.run % 3, plan.epoch);
      turns.push(this.turn(plan));
    }
    const statusChanges = [];
    for (const plan of command.statuses) {
      spoil(plan.run % 3, plan.epoch);
      const run = runOf(plan.tenant, plan.run);
      const expectedTurn = Math.max(0, (sight.load(run)?.run.turn ?? 0) + plan.offset);
      statusChanges.push({ ...at(run), expectedTurn, status: 'backoff', reason: null } as const);
    }
    const results = command.results.map(({ tenant, run, key, epoch, poison }) => {
      spoil(run % 3, epoch);
      const payloadText = poison ? '"nul \u0000"' : `{"result":${++this.count}}`;
      return { ...at(runOf(tenant, run)), key, payloadText };
    });
    const { inbox, messages } = command;
    // A run's id is its own: two starts of one batch never share it, nor a start and a child.
    const taken = new Set(turns.flatMap((one) => one.children.map((child) => child.runId)));
    const starts = command.starts
      .map(({ tenant, run, key, request }): StartArrival => {
        const start = {
          ...runOf(tenant, run, { idempotencyKey: key }),
          ...this.marked(tenant, request),
        };
        const group = { group: run % 2 };
        return key === null ? start : { ...start, ...group, startText: `hash ${run % 3}` };
      })
      .filter((run) => !taken.has(run.runId) && taken.add(run.runId).has(run.runId));
    return {
      epochs,
      turns,
      statusChanges,
      results,
      slots: command.slots.map((plan) => this.slot(command.replica, plan)),
      arrivals: {
        starts,
        inbox: [
          ...inbox.map(({ tenant, run, key, request }) => {
            const row = event(runOf(tenant, run), `e${++this.count}`, { key });
            return { ...row, ...this.marked(tenant, request) };
          }),
          ...command.answers.map((plan) => ({
            ...this.answer(plan),
            ...this.marked(plan.tenant, plan.request),
          })),
          ...command.keyed.map(({ tenant, run, key, event: type }) => {
            return keyed(runOf(tenant, run), type, key);
          }),
        ],
        messages: messages.map(({ tenant, message: plan, request }) => {
          return { ...this.message(tenant, plan), ...this.marked(tenant, request) };
        }),
        memory: command.memory.map(({ tenant, memory: plan, request }) => {
          const write = { ...this.write(tenant, plan), ...this.marked(tenant, request) };
          return plan.any ? { ...write, onAny: true } : write;
        }),
      },
    };
  }

  /**
   * What the request comes to differs each time. Of two in one batch with one key the second is told to ask again, or
   * what the first came to if that is known: so no batch has two.
   */
  private marked(tenant: string, request: CommitCommand['starts'][number]['request']): Requested {
    if (request === null || this.asking.has(`${tenant} ${request.key}`)) return {};
    const { key, asks } = request;
    this.asking.add(`${tenant} ${key}`);
    const answerText = JSON.stringify({ n: ++this.count });
    return { request: { key, route: 'POST /x', hash: asks, answerText } };
  }

  private turn(plan: TurnPlan): TurnCommit {
    const { tenant } = plan;
    const run = runOf(tenant, plan.run);
    const loaded = this.sight.load(run);
    const subscribe = plan.subscribe.map((wanted) => this.subscribe(run, wanted));
    const expectedTurn = Math.max(0, (loaded?.run.turn ?? 0) + plan.offset);
    const memoryWrites: MemoryInsert[] = [];
    for (const { offset, ...wanted } of plan.memory) {
      // A turn that contradicts itself is no case: only its first write of an entry may be off.
      const chained = memoryWrites.some((write) => write.key === wanted.key);
      const writer = { runId: run.runId, turn: plan.create ? 1 : expectedTurn + 1 };
      memoryWrites.push(this.writeOn(tenant, { ...wanted, offset: chained ? 0 : offset }, writer));
    }
    const groupCursors = plan.cursors.map(({ channel, group, offset, by }) => {
      const { cursor, cursorStored } = this.sight.stand({ tenant, channel, group });
      // Where there is no cursor, nobody can have read one: 100 is where none of a script gets to.
      const from = cursorStored ? Math.max(0, cursor + offset) : offset === 0 ? null : 100;
      return { channel, group, from, to: (from ?? 0) + by };
    });
    return turnOf(run, plan.create ? 0 : expectedTurn, {
      create: plan.create ? run : null,
      status: plan.ends ? 'completed' : plan.status,
      reason: plan.poison ? 'nul \u0000' : null,
      chartText: `{"value":${++this.count}}`,
      journalText: plan.journal ? `[{"n":${this.count}}]` : null,
      ended: plan.ends ? { outputText: `${this.count}`, error: null } : null,
      takenInbox: (loaded?.inbox ?? []).slice(0, plan.take).map((row) => row.seq),
      takenResults: plan.takeResults,
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
      conversation: plan.conversation.map((conversation, i) => {
        return { conversation, messageText: `"${this.count} ${i}"` };
      }),
      images: plan.images.map(({ name, brings }) => {
        const image = { mediaType: 'image/png', data: Buffer.from(name).toString('base64') };
        return { sha256: name.repeat(64), image: brings ? image : null };
      }),
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
      openQuestions: plan.asks.map((id) => this.ask(run, id)),
      closeQuestions: plan.closes.map(({ id, takes }) => {
        return { invocationId: id, takesAnswer: takes };
      }),
      children: plan.children.map((n) => runOf(tenant, n)),
      inbox: plan.inbox.map(({ run: n, key }) => {
        return event(runOf(tenant, n), `e${++this.count}`, { key });
      }),
    });
  }

  private ask(run: NewRun, id: string) {
    const key = `${run.tenant} ${run.runId} ${id}`;
    const incarnation = ++this.count;
    this.asked.set(key, [incarnation, ...(this.asked.get(key) ?? [])]);
    return question(incarnation, id);
  }

  /** To a question that was there or, where there was none, to one that is not. */
  private answer({ tenant, run, id, ago }: CommitCommand['answers'][number]) {
    const to = runOf(tenant, run);
    const incarnation = this.asked.get(`${tenant} ${to.runId} ${id}`)?.[ago] ?? 999_999;
    return answer(to, incarnation, { says: `${++this.count}`, invocationId: id });
  }

  private subscribe(run: NewRun, plan: TurnPlan['subscribe'][number]) {
    const subscriptionId = `s${String(++this.count).padStart(4, '0')}`;
    const known = this.subscriptions.get(`${run.tenant} ${run.runId}`) ?? [];
    this.subscriptions.set(`${run.tenant} ${run.runId}`, [...known, subscriptionId]);
    const stands = plan.at.map(({ channel, group, after }) => {
      const { head, cursor } = this.sight.stand({ tenant: run.tenant, channel, group });
      return { channel, group, after: after === 'head' ? head : cursor };
    });
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
  private write(tenant: string, plan: TurnPlan['memory'][number]): MemoryInsert {
    const { key, offset, deleted } = plan;
    const newest = this.written.get(`${tenant} ${key}`) ?? this.sight.newest(tenant, key);
    const version = Math.max(1, newest + 1 + offset);
    this.written.set(`${tenant} ${key}`, version);
    return memory(key, version, { tenant, deleted, valueText: `${++this.count}` });
  }

  /** By a turn: it stands on the turn of this batch that wrote the version before. */
  private writeOn(
    tenant: string,
    plan: TurnPlan['memory'][number],
    writer: MemoryWriter,
  ): MemoryInsert {
    const before = this.writers.get(`${tenant} ${plan.key}`);
    this.writers.set(`${tenant} ${plan.key}`, writer);
    const insert = this.write(tenant, plan);
    const isOthers = before !== undefined && before.runId !== writer.runId;
    return isOthers ? { ...insert, standsOn: before } : insert;
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
}
