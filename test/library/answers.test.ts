/**
 * Promise 12: an accepted answer counts once, for the question that it was meant for: beside double
 * clicks, timeouts, events, pauses and cancels, whatever comes first.
 */
import { assign, setup } from 'xstate';
import { describe, expect, it } from 'vitest';
import { oneTenant } from '../../src/access/scopes.ts';
import { catalogue, type JournalEntry, type Run } from '../../src/index.ts';
import { limits } from '../../src/domain/limits.ts';
import { makeBatch } from '../../src/store/make-batch.ts';
import { folded } from '../support/folded.ts';
import { memoryWorld, oneReplica } from '../support/replica.ts';

/** Asks `times` times under one id; its output is what it was told. */
const asker = setup({
  types: {
    input: {} as { readonly times: number; readonly timeoutMs?: number; readonly afterMs?: number },
    context: {} as {
      readonly times: number;
      readonly timeoutMs: number | null;
      readonly afterMs: number;
      readonly said: readonly unknown[];
    },
    events: {} as { readonly type: 'skip' | 'noise' },
  },
  actors: { ...catalogue },
  delays: { patience: ({ context }) => context.afterMs },
  guards: { enough: ({ context }) => context.said.length >= context.times },
}).createMachine({
  id: 'asker',
  context: ({ input }) => ({
    times: input.times,
    timeoutMs: input.timeoutMs ?? null,
    afterMs: input.afterMs ?? 1_000_000_000,
    said: [],
  }),
  initial: 'choosing',
  states: {
    choosing: { always: [{ guard: 'enough', target: 'done' }, { target: 'asking' }] },
    asking: {
      invoke: {
        id: 'approve',
        src: 'ask',
        input: ({ context: { said, timeoutMs } }) => ({
          question: `Step ${said.length + 1}?`,
          ...(timeoutMs === null ? {} : { timeoutMs }),
        }),
        onDone: {
          target: 'choosing',
          actions: assign({
            said: ({ context, event }) => [...context.said, event.output.answer],
          }),
        },
        onError: {
          target: 'choosing',
          actions: assign({ said: ({ context }) => [...context.said, 'timeout'] }),
        },
      },
      after: {
        patience: {
          target: 'choosing',
          actions: assign({ said: ({ context }) => [...context.said, 'after'] }),
        },
      },
      on: {
        skip: {
          target: 'choosing',
          actions: assign({ said: ({ context }) => [...context.said, 'skipped'] }),
        },
      },
    },
    done: { type: 'final' },
  },
  output: ({ context }) => context.said,
});

async function asking(input: object = { times: 2 }) {
  const world = await oneReplica({ agents: [asker] });
  const run = await world.heddle.start('asker', { input });
  await world.clock.idle();
  return { ...world, run };
}

const codes = async (answers: readonly Promise<void>[]): Promise<readonly string[]> =>
  (await Promise.allSettled(answers)).map((one) =>
    one.status === 'fulfilled' ? 'accepted' : (one.reason as { code: string }).code,
  );

async function entries(run: Run): Promise<JournalEntry[]> {
  const all: JournalEntry[] = [];
  for await (const { entry } of run.journal()) all.push(entry);
  return all;
}

const dropped = async (run: Run) =>
  (await entries(run)).filter(({ kind }) => kind === 'answer-dropped');

describe('an answer is for one question', () => {
  it('a double click answers the question that was seen, and not the next', async () => {
    for (const by of ['askId', 'invocation'] as const) {
      const { run, clock } = await asking();
      const [first] = await run.questions();
      const id = by === 'askId' ? first!.askId : 'approve';
      const both = await codes([run.answer(id, true), run.answer(id, true)]);
      expect(both).toEqual(['accepted', 'ask-answered']);
      await clock.idle();
      const [second] = await run.questions();
      expect(second).toMatchObject({ question: 'Step 2?', invocationId: 'approve' });
      expect(second?.askId).not.toBe(first?.askId);
    }
  });

  it('a late answer by its name is refused, whatever is asked by then', async () => {
    const { run, clock } = await asking({ times: 2, timeoutMs: 1_000 });
    const [first] = await run.questions();
    await clock.advance(1_000);
    expect(await run.questions()).toMatchObject([{ question: 'Step 2?' }]);
    await expect(run.answer(first!.askId, 'yes')).rejects.toMatchObject({ code: 'ask-unknown' });
    await run.answer('approve', 'no');
    expect(await run.output()).toEqual(['timeout', 'no']);
  });

  it('a paused run takes one answer, and the second hears that it does not count', async () => {
    const { run, clock } = await asking();
    await run.pause('night');
    await clock.idle();
    await run.answer('approve', 1);
    expect(await codes([run.answer('approve', 2)])).toEqual(['ask-answered']);
    expect(await run.questions()).toEqual([]);
    await run.resume();
    await clock.idle();
    expect(await run.questions()).toMatchObject([{ question: 'Step 2?' }]);
    await run.answer('approve', 3);
    expect(await run.output()).toEqual([1, 3]);
  });

  it('a name of another run, or no name at all, is refused', async () => {
    const { run, heddle, clock } = await asking();
    const other = await heddle.start('asker', { input: { times: 1 } });
    await clock.idle();
    const [question] = await other.questions();
    await expect(run.answer(question!.askId, 1)).rejects.toMatchObject({ code: 'ask-unknown' });
    for (const bad of ['', 5, null, undefined, {}, 'x'.repeat(1_000)]) {
      await expect(run.answer(bad as string, 1)).rejects.toMatchObject({ code: 'invalid-field' });
    }
    expect(await heddle.questions()).toHaveLength(2);
    expect(await heddle.questions({ tenant: 'nobody' })).toEqual([]);
  });
});

describe('an accepted answer is what the chart sees', () => {
  it.each([
    ['its timeout', { times: 1, timeoutMs: 1_000 }],
    ['an `after` of its state', { times: 1, afterMs: 1_000 }],
  ])('beside %s that rings in the same moment', async (_, input) => {
    const { run, clock } = await asking(input);
    // The batch that accepts the answer is under way when the timer rings.
    const answering = run.answer('approve', 'yes');
    await clock.advance(1_000);
    expect(await codes([answering])).toEqual(['accepted']);
    expect(await run.output()).toEqual(['yes']);
  });

  it('when it came while no replica ran, and the timeout passed meanwhile', async () => {
    const world = memoryWorld();
    const first = await world.replica({ agents: [asker] });
    const inputs = [{ timeoutMs: 10_000 }, { afterMs: 10_000 }];
    const runs = await first.heddle.startAll(
      inputs.map((input) => ({ agent: 'asker', input: { times: 1, ...input } })),
    );
    await world.clock.idle();
    const before = await Promise.all(
      runs.map((run) => world.store.questions(oneTenant('default'), { runId: run.id, limit: 9 })),
    );
    first.kill();
    await world.clock.advance(9_000);
    const ids = { commit: () => '00000000-0000-7000-8000-00000000ffff' as never };
    const { replicaId } = first.runtime;
    const shards = { epoch: () => undefined };
    await world.store.commit(
      makeBatch(
        { ids, replicaId, shards },
        {
          arrivals: {
            inbox: before.flat().map(({ runId, invocationId, incarnation, tenant }) => {
              const ref = `${runId}:${invocationId}:${incarnation}`;
              const shard = world.store.database.tables.runs
                .all()
                .find((row) => row.runId === runId)!.shard;
              const once = { kind: 'answer', invocationId, incarnation } as const;
              return {
                tenant,
                runId,
                shard,
                kind: 'answer',
                ref,
                key: `answer:${ref}`,
                payloadText: '"yes"',
                once,
              } as const;
            }),
          },
        },
      ),
    );
    await world.clock.advance(20_000);
    const second = await world.replica({ agents: [asker] });
    await world.clock.advance(20_000);
    for (const run of runs) {
      expect(await (await second.heddle.run(run.id)).output()).toEqual(['yes']);
    }
  });

  it('when its timeout rang while the run was paused', async () => {
    for (const input of [{ timeoutMs: 1_000 }, { afterMs: 1_000 }]) {
      const { run, clock } = await asking({ times: 1, ...input });
      await run.pause();
      await clock.advance(60_000);
      await run.answer('approve', 'yes');
      await run.resume();
      expect(await run.output()).toEqual(['yes']);
      expect(await folded(run, asker)).toBe((await run.row()).chartText);
    }
  });

  it('behind more events than a turn takes, when its timeout rings', async () => {
    const { run, clock } = await asking({ times: 1, timeoutMs: 1_000 });
    await run.pause();
    for (let n = 0; n < limits.turnEventsMax * 2; n++) await run.send({ type: 'noise' });
    await run.answer('approve', 'yes');
    await run.resume();
    await clock.advance(1_000);
    expect(await run.output()).toEqual(['yes']);
  });

  it('around the timeout, at every instant, as often as it is accepted', async () => {
    const seen = new Set<string>();
    for (let offsetMs = -3; offsetMs <= 3; offsetMs++) {
      const { run, clock } = await asking({ times: 1, timeoutMs: 50 });
      await clock.advance(50 + offsetMs);
      const [told] = await codes([run.answer('approve', 'yes')]);
      await clock.advance(100);
      expect(await run.output()).toEqual([told === 'accepted' ? 'yes' : 'timeout']);
      seen.add(told!);
    }
    expect(seen.size).toBe(2);
  });
});

describe('an accepted answer that comes to nothing is in the journal', () => {
  it('after an event that was there before it', async () => {
    const { run, clock } = await asking();
    const [question] = await run.questions();
    await run.pause();
    await run.send({ type: 'skip' });
    await run.answer('approve', 'yes');
    await run.resume();
    await clock.idle();
    expect(await run.questions()).toMatchObject([{ question: 'Step 2?' }]);
    expect(await dropped(run)).toEqual([
      { kind: 'answer-dropped', askId: question!.askId, answer: 'yes', by: 'library' },
    ]);
    await run.answer('approve', 'two');
    expect(await run.output()).toEqual(['skipped', 'two']);
    expect(await folded(run, asker)).toBe((await run.row()).chartText);
  });

  it('behind more events than a turn takes, of which the first closed the question', async () => {
    for (const times of [1, 2]) {
      const { run, clock } = await asking({ times });
      await run.pause();
      await run.send({ type: 'skip' });
      for (let n = 0; n < limits.turnEventsMax; n++) await run.send({ type: 'noise' });
      await run.answer('approve', 'yes');
      await run.resume();
      await clock.advance(1_000);
      expect(await dropped(run)).toMatchObject([{ answer: 'yes' }]);
      expect(await run.status()).toBe(times === 1 ? 'completed' : 'waiting-on-person');
    }
  });

  it('when the run is cancelled', async () => {
    const { run, clock } = await asking();
    await run.pause();
    await run.answer('approve', 'yes');
    await run.cancel('enough');
    await clock.idle();
    expect(await run.status()).toBe('cancelled');
    expect((await entries(run)).slice(-2)).toMatchObject([
      { kind: 'cancel', reason: 'enough' },
      { kind: 'answer-dropped', answer: 'yes' },
    ]);
  });

  it('an answer after the end is refused', async () => {
    const { run, clock } = await asking({ times: 1 });
    const [question] = await run.questions();
    await run.cancel();
    await clock.idle();
    for (const id of [question!.askId, 'approve']) {
      await expect(run.answer(id, 1)).rejects.toMatchObject({ code: 'ask-unknown' });
    }
  });
});

describe('an event with a key', () => {
  it('counts once, also when it has been taken', async () => {
    const { run, clock } = await asking({ times: 3 });
    const key = { idempotencyKey: 'k1' };
    await Promise.all([run.send({ type: 'skip' }, key), run.send({ type: 'skip' }, key)]);
    await clock.idle();
    await run.send({ type: 'skip' }, key);
    await clock.idle();
    expect(await run.questions()).toMatchObject([{ question: 'Step 2?' }]);
    await run.send({ type: 'skip' }, { idempotencyKey: 'k2' });
    await run.send({ type: 'skip' });
    expect(await run.output()).toEqual(['skipped', 'skipped', 'skipped']);
    // Whoever asks again because no answer came hears that it was accepted.
    await run.send({ type: 'skip' }, key);
    await expect(run.send({ type: 'skip' })).rejects.toMatchObject({ code: 'run-ended' });
  });

  it('is the same event whatever the order of its fields, and another one is refused', async () => {
    const { run } = await asking();
    const key = { idempotencyKey: 'k' };
    await run.send({ type: 'noise', a: 1, b: { c: [1, 2], d: null } }, key);
    await run.send({ b: { d: null, c: [1, 2] }, a: 1, type: 'noise' }, key);
    for (const other of [{ type: 'noise' }, { type: 'noise', a: 1, b: { c: [2, 1], d: null } }]) {
      await expect(run.send(other, key)).rejects.toMatchObject({
        code: 'send-key-used',
        status: 409,
        detail: { key: 'k', runId: run.id },
      });
    }
  });

  it('is refused by field when the key is none (promise 11)', async () => {
    const { run } = await asking();
    for (const bad of [{ idempotencyKey: '' }, { idempotencyKey: 5 }, { key: 'k' }]) {
      await expect(run.send({ type: 'noise' }, bad as object)).rejects.toMatchObject({
        code: 'invalid-field',
      });
    }
  });
});
