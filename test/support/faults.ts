/**
 * Known mistakes of stores, planted on the twin, so that tests can show that they would notice
 * them. Each is a wrapper that does with the tables what a store with this mistake would do; the
 * twin itself holds none of it.
 *
 * Gotchas: `journal-after-commit` loses something only when `restart` is called between a commit
 * and the next call: simulations call it wherever a process dies.
 */
import { askIdOf } from '../../src/domain/ask-id.ts';
import type { Arrivals, Batch, TurnCommit } from '../../src/store/batch.ts';
import { Fates, type BatchOutcome } from '../../src/store/fates.ts';
import { channelKey, groupKey, runKey } from '../../src/store/memory/stored-rows.ts';
import type { InboxArrival } from '../../src/store/rows.ts';
import { createMemoryStore, type MemoryStore } from '../../src/store/memory/memory-store.ts';
import { moveHead } from '../../src/store/memory/subscriptions.ts';
import { join } from '../../src/store/memory/table.ts';

export const storeFaults = [
  /** A commit is not checked against the shard's owner and epoch. */
  'no-epoch-check',
  /** A commit is not checked against the run's turn. */
  'no-version-check',
  /** A registration does not look whether its channel has moved since it was read. */
  'scan-before-register',
  /** A message's number is drawn when its batch arrives; every second batch commits later. */
  'bigserial-cursor',
  /** Who takes a shard over counts the delays of its timers anew. */
  'timer-rearmed',
  /** A group's cursor moves when it is read, not with the turn that takes the messages. */
  'cursor-outside-turn',
  /** A turn's journal row is written in a step of its own, which a crash can lose. */
  'journal-after-commit',
  /** A version fits when its number does, whoever has written the version before it. */
  'memory-by-number',
  /** A turn closes a question whether or not it has an answer that the turn has not taken. */
  'close-past-answer',
  /** An answer is for whatever question is open under its invocation's id. */
  'answer-without-incarnation',
  /** A question takes one answer after another. */
  'answered-again',
  /** A key is known only as long as its event waits in the inbox. */
  'key-in-inbox',
  /** The request of an effect is not written with it. */
  'request-unkept',
] as const;
export type StoreFault = (typeof storeFaults)[number];

/** How a fault waits while others go on; a simulation makes it a point of its own in its order. */
type Pause = () => Promise<void>;

const planted: Readonly<Record<StoreFault, (store: MemoryStore, pause: Pause) => MemoryStore>> = {
  'no-epoch-check': noEpochCheck,
  'no-version-check': noVersionCheck,
  'scan-before-register': scanBeforeRegister,
  'bigserial-cursor': bigserialCursor,
  'timer-rearmed': timerRearmed,
  'cursor-outside-turn': cursorOutsideTurn,
  'journal-after-commit': journalAfterCommit,
  'memory-by-number': memoryByNumber,
  'close-past-answer': closePastAnswer,
  'answer-without-incarnation': answerWithoutIncarnation,
  'answered-again': answeredAgain,
  'key-in-inbox': keyInInbox,
  'request-unkept': requestUnkept,
};

export function withFaults(
  store: MemoryStore,
  faults: readonly StoreFault[],
  pause: Pause = () => microtasks(100),
): MemoryStore {
  return faults.reduce((wrapped, fault) => planted[fault](wrapped, pause), store);
}

export function faultyStore(
  options: Parameters<typeof createMemoryStore>[0] & { readonly faults: readonly StoreFault[] },
): MemoryStore {
  return withFaults(createMemoryStore(options), options.faults);
}

function committed(batch: Batch, outcome: BatchOutcome): readonly TurnCommit[] {
  return new Fates(outcome.fates).without('turns', batch.turns);
}

function noEpochCheck(store: MemoryStore): MemoryStore {
  const { database: db } = store;
  return {
    ...store,
    commit: (batch) => {
      const rows = db.tables.shards.all();
      const owned = rows.map((row) => ({ ...row, owner: batch.replicaId }));
      db.transaction(() => owned.forEach((row) => db.tables.shards.put(row)));
      const epochs = new Map(rows.map((row) => [row.shard, row.epoch]));
      // The commit has taken effect when it returns, so the owners can have their shards back.
      const outcome = store.commit({ ...batch, epochs });
      db.transaction(() => rows.forEach((row) => db.tables.shards.put(row)));
      return outcome;
    },
  };
}

function noVersionCheck(store: MemoryStore): MemoryStore {
  const { runs } = store.database.tables;
  return {
    ...store,
    commit: (batch) => {
      const turns = batch.turns.map((turn) => ({
        ...turn,
        expectedTurn: runs.get(runKey(turn))?.turn ?? turn.expectedTurn,
      }));
      return store.commit({ ...batch, turns });
    },
  };
}

function scanBeforeRegister(store: MemoryStore): MemoryStore {
  const { database: db } = store;
  return {
    ...store,
    commit: async (batch) => {
      const outcome = await store.commit(batch);
      const asleep = committed(batch, outcome).flatMap((turn) =>
        turn.subscribe.flatMap(({ subscriptionId }) =>
          db.tables.inbox.by('key', join(turn.tenant, turn.runId, `messages:${subscriptionId}`)),
        ),
      );
      db.transaction(() => asleep.forEach((row) => db.tables.inbox.remove(row.seq)));
      const wakes = outcome.wakes.filter((run) => db.tables.inbox.count('run', runKey(run)) > 0);
      return { ...outcome, wakes };
    },
  };
}

function bigserialCursor(store: MemoryStore, pause: Pause): MemoryStore {
  const { database: db } = store;
  const { channels } = db.tables;
  const drawn = new Map<string, number>();
  let batches = 0;
  const headOf = (key: string): number => channels.get(key)?.head ?? 0;
  return {
    ...store,
    commit: async (batch) => {
      const inserts = [...batch.turns.flatMap((turn) => turn.messages), ...batch.arrivals.messages];
      const first = new Map<string, { tenant: string; channel: string; number: number }>();
      for (const insert of inserts.filter((message) => message.delayMs === 0)) {
        const key = channelKey(insert);
        const number = Math.max(drawn.get(key) ?? 0, headOf(key)) + 1;
        drawn.set(key, number);
        const { tenant, channel } = insert;
        if (!first.has(key)) first.set(key, { tenant, channel, number });
      }
      if (first.size > 0 && batches++ % 2 === 0) await pause();
      const heads = [...first.values()].map(({ tenant, channel, number }) => {
        const head = headOf(channelKey({ tenant, channel }));
        db.transaction(() => moveHead(db, { tenant, channel }, number - 1));
        return { tenant, channel, head };
      });
      const outcome = store.commit(batch);
      for (const { tenant, channel, head } of heads) {
        const highest = Math.max(head, headOf(channelKey({ tenant, channel })));
        db.transaction(() => moveHead(db, { tenant, channel }, highest));
      }
      return outcome;
    },
  };
}

async function microtasks(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await Promise.resolve();
}

function timerRearmed(store: MemoryStore): MemoryStore {
  const { database: db } = store;
  const delays = new Map<string, number>();
  const keyOf = (run: { tenant: string; runId: string }, timerId: string): string =>
    join(run.tenant, run.runId, timerId);
  return {
    ...store,
    commit: async (batch) => {
      const outcome = await store.commit(batch);
      for (const turn of committed(batch, outcome)) {
        for (const timer of turn.setTimers) delays.set(keyOf(turn, timer.timerId), timer.delayMs);
      }
      return outcome;
    },
    renew: async (replica) => {
      const before = new Map(db.tables.shards.all().map((row) => [row.shard, row.epoch]));
      const renewal = await store.renew(replica);
      const taken = renewal.shards.filter(({ shard, epoch }) => epoch !== before.get(shard));
      const timers = taken.flatMap(({ shard }) => db.tables.timers.by('shard', String(shard)));
      db.transaction(() => {
        for (const timer of timers) {
          const delayMs = delays.get(keyOf(timer, timer.timerId)) ?? 0;
          db.tables.timers.put({ ...timer, dueAtMs: db.now() + delayMs });
        }
      });
      return renewal;
    },
  };
}

function cursorOutsideTurn(store: MemoryStore): MemoryStore {
  const { database: db } = store;
  return {
    ...store,
    read: async (set) => {
      const results = await store.read(set);
      db.transaction(() => {
        for (const [i, { tenant, channel, group }] of set.channels.entries()) {
          const cursor = results.channels[i]?.messages.at(-1)?.seq;
          if (group === null || cursor === undefined) continue;
          db.tables.cursors.put({ tenant, channel, group, cursor });
        }
      });
      return results;
    },
    commit: (batch) => {
      const turns = batch.turns.map((turn) => {
        const groupCursors = turn.groupCursors.map((move) => {
          const at = db.tables.cursors.get(groupKey({ ...move, tenant: turn.tenant }));
          return { ...move, from: at?.cursor ?? null, to: at?.cursor ?? move.to };
        });
        return { ...turn, groupCursors };
      });
      return store.commit({ ...batch, turns });
    },
  };
}

function journalAfterCommit(store: MemoryStore): MemoryStore {
  const { database: db } = store;
  const { journal } = db.tables;
  let late: Parameters<typeof journal.put>[0][] = [];
  const second = (): void => {
    const rows = late;
    late = [];
    db.transaction(() => rows.forEach((row) => journal.put(row)));
  };
  const wrapped = Object.entries(store).map(([name, member]: [string, unknown]) => {
    if (typeof member !== 'function') return [name, member];
    return [
      name,
      (...args: readonly unknown[]): unknown => {
        second();
        return Reflect.apply(member, undefined, args);
      },
    ];
  });
  return {
    ...(Object.fromEntries(wrapped) as MemoryStore),
    commit: async (batch) => {
      second();
      const turns = batch.turns.map((turn) => ({ ...turn, journalText: null }));
      const outcome = await store.commit({ ...batch, turns });
      for (const turn of committed(batch, outcome)) {
        const { tenant, runId, expectedTurn, build, status, journalText } = turn;
        if (journalText === null) continue;
        const at = { tenant, runId, turn: expectedTurn + 1 };
        const row = { ...at, build, entriesText: journalText, status };
        late.push({ ...row, atMs: db.now() });
      }
      return outcome;
    },
    restart: () => {
      late = [];
      store.restart();
    },
  };
}

/** A turn of no batch, so it is never left out. */
const nobody = { runId: 'nobody', turn: 0 };

function memoryByNumber(store: MemoryStore): MemoryStore {
  return {
    ...store,
    commit: (batch) => {
      const turns = batch.turns.map((turn) => ({
        ...turn,
        memory: turn.memory.map((insert) => ({ ...insert, standsOn: nobody })),
      }));
      return store.commit({ ...batch, turns });
    },
  };
}

function closePastAnswer(store: MemoryStore): MemoryStore {
  const past = (turn: TurnCommit): TurnCommit => ({
    ...turn,
    closeQuestions: turn.closeQuestions.map((end) => ({ ...end, takesAnswer: true })),
  });
  return { ...store, commit: (batch) => store.commit({ ...batch, turns: batch.turns.map(past) }) };
}

function withInbox(
  store: MemoryStore,
  change: (row: InboxArrival) => InboxArrival,
): MemoryStore['commit'] {
  return (batch) => {
    const { arrivals } = batch;
    const inbox = arrivals.inbox.map(change);
    return store.commit({ ...batch, arrivals: { ...arrivals, inbox } });
  };
}

function answerWithoutIncarnation(store: MemoryStore): MemoryStore {
  const { questions } = store.database.tables;
  const commit = withInbox(store, (row) => {
    if (row.once?.kind !== 'answer') return row;
    const open = questions.get(join(row.tenant, row.runId, row.once.invocationId));
    if (open === undefined) return row;
    const ref = askIdOf(open);
    return { ...row, ref, once: { ...row.once, incarnation: open.incarnation } };
  });
  return { ...store, commit };
}

function answeredAgain(store: MemoryStore): MemoryStore {
  const { database: db } = store;
  let count = 0;
  const commit = withInbox(store, (row) => {
    if (row.once?.kind !== 'answer') return row;
    const open = db.tables.questions.get(join(row.tenant, row.runId, row.once.invocationId));
    if (open?.answered === true) {
      db.transaction(() => db.tables.questions.put({ ...open, answered: false }));
    }
    count += 1;
    return { ...row, key: `${row.key ?? ''}:${count}` };
  });
  return { ...store, commit };
}

function keyInInbox(store: MemoryStore): MemoryStore {
  const commit = withInbox(store, (row) => {
    if (row.once?.kind !== 'event') return row;
    const { once, ...rest } = row;
    return { ...rest, key: `sent:${once.key}` };
  });
  return { ...store, commit };
}

function requestUnkept(store: MemoryStore): MemoryStore {
  return {
    ...store,
    commit: (batch) => store.commit({ ...batch, arrivals: bare(batch.arrivals) }),
  };
}

function bare({ starts, inbox, messages, memory }: Arrivals): Arrivals {
  return {
    starts: unmarked(starts),
    inbox: unmarked(inbox),
    messages: unmarked(messages),
    memory: unmarked(memory),
  };
}

const unmarked = <Part extends object>(parts: readonly Part[]): Part[] =>
  parts.map((part) => {
    const { request: _, ...rest } = part as { readonly request?: unknown };
    return rest as Part;
  });
