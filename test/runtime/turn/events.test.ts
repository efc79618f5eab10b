/** Events from outside: durable when accepted, taken in order, none skipped, whatever the run does. */
import { assign, setup } from 'xstate';
import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/domain/limits.ts';
import { catalogue } from '../../../src/index.ts';
import { memoryWorld, oneReplica } from '../../support/replica.ts';
import { scriptedProvider } from '../../support/scripted-provider.ts';

/** Notes every number that it is sent, until `end`. */
const listener = setup({
  types: {
    context: {} as { readonly heard: readonly number[] },
    events: {} as { type: 'say'; n: number } | { type: 'end' },
  },
  actions: {
    note: assign({
      heard: ({ context, event }) =>
        event.type === 'say' ? [...context.heard, event.n] : context.heard,
    }),
  },
}).createMachine({
  id: 'listener',
  context: { heard: [] },
  initial: 'listening',
  states: {
    listening: { on: { say: { actions: 'note' }, end: 'ended' } },
    ended: { type: 'final' },
  },
  output: ({ context }) => context.heard,
});

/** The same while a call is under way, whose end ends it. */
const busyListener = setup({
  types: {
    context: {} as { readonly heard: readonly number[] },
    events: {} as { type: 'say'; n: number },
  },
  actors: { ...catalogue },
  actions: {
    note: assign({ heard: ({ context, event }) => [...context.heard, event.n] }),
  },
}).createMachine({
  id: 'busyListener',
  context: { heard: [] },
  initial: 'calling',
  states: {
    calling: {
      on: { say: { actions: 'note' } },
      invoke: { id: 'call', src: 'generate', input: { prompt: 'why?' }, onDone: 'ended' },
    },
    ended: { type: 'final' },
  },
  output: ({ context }) => context.heard,
});

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe('events', () => {
  it('are taken in the order in which they were sent', async () => {
    const { heddle } = await oneReplica({ agents: [listener] });
    const run = await heddle.start('listener');
    for (const n of numbers(10)) await run.send({ type: 'say', n });
    await run.send({ type: 'end' });
    expect(await run.output()).toEqual(numbers(10));
  });

  it('are all taken, in more than one turn when there are many', async () => {
    const { heddle } = await oneReplica({ agents: [listener] });
    const run = await heddle.start('listener');
    const count = limits.turnEventsMax * 3 + 7;
    await Promise.all(numbers(count).map((n) => run.send({ type: 'say', n })));
    await run.send({ type: 'end' });
    expect(await run.output()).toEqual(numbers(count));
  });

  it.each([5, limits.turnEventsMax * 2 + 7])(
    'are all taken while a call is under way, and do not hide its end: %d of them',
    async (count) => {
      const provider = scriptedProvider();
      const { heddle, clock } = await oneReplica({ agents: [busyListener], providers: [provider] });
      const run = await heddle.start('busyListener');
      await clock.idle();
      await Promise.all(numbers(count).map((n) => run.send({ type: 'say', n })));
      await clock.idle();
      provider.last().answer('because');
      expect(await run.output()).toEqual(numbers(count));
      expect(provider.calls).toHaveLength(1);
    },
  );

  it('to a run that has not begun wait for it', async () => {
    const { heddle, clock } = await oneReplica({ agents: [listener], settings: { permitsMax: 1 } });
    const runs = await heddle.startAll(numbers(5).map(() => ({ agent: 'listener' })));
    await Promise.all(runs.map((run, n) => run.send({ type: 'say', n })));
    await clock.idle();
    for (const [n, run] of runs.entries()) {
      await run.send({ type: 'end' });
      expect(await run.output()).toEqual([n]);
    }
  });

  it('that no state hears change nothing', async () => {
    const { heddle } = await oneReplica({ agents: [listener] });
    const run = await heddle.start('listener');
    await run.send({ type: 'whisper', n: 1 });
    await run.send({ type: 'end' });
    expect(await run.output()).toEqual([]);
  });

  it('after the end are refused, and so are those behind it in the queue', async () => {
    const { heddle, clock } = await oneReplica({ agents: [listener] });
    const run = await heddle.start('listener');
    await Promise.all([run.send({ type: 'end' }), run.send({ type: 'say', n: 1 })]);
    expect(await run.output()).toEqual([]);
    await clock.idle();
    for (const late of [run.send({ type: 'say', n: 2 }), run.cancel(), run.pause(), run.resume()]) {
      await expect(late).rejects.toMatchObject({ code: 'run-ended', status: 409 });
    }
  });

  it('survive a crash before they were taken (promise 5)', async () => {
    const world = memoryWorld();
    const first = await world.replica({ agents: [listener] });
    const run = await first.heddle.start('listener');
    await world.clock.idle();
    await Promise.all(numbers(5).map((n) => run.send({ type: 'say', n })));
    first.crash();
    const second = await world.replica({ agents: [listener] });
    await world.clock.advance(10_000);
    const same = await second.heddle.run(run.id);
    await same.send({ type: 'end' });
    expect(await same.output()).toEqual(numbers(5));
  });
});

describe('events that are refused', () => {
  it('name the field and change nothing (promise 11)', async () => {
    const { heddle, clock } = await oneReplica({ agents: [listener] });
    const run = await heddle.start('listener');
    await clock.idle();
    const { turn } = await run.row();
    const bad: [unknown, string, string][] = [
      [{ type: '' }, 'invalid-field', 'event.type'],
      [{ type: 7 }, 'invalid-field', 'event.type'],
      [{ type: 'xstate.done.actor.x' }, 'invalid-field', 'event.type'],
      [{ type: 'x'.repeat(257) }, 'invalid-field', 'event.type'],
      [{}, 'invalid-field', 'event.type'],
      ['say', 'invalid-field', 'event'],
      [null, 'invalid-field', 'event'],
      [{ type: 'say', n: '\u0000' }, 'invalid-json', 'event.n'],
      [{ type: 'say', n: { deep: ['\udc00'] } }, 'invalid-json', 'event.n.deep[0]'],
      [{ type: 'say', n: JSON.parse('{"__proto__":1}') }, 'invalid-json', 'event.n.__proto__'],
      [{ type: 'say', n: 'x'.repeat(2_000_000) }, 'payload-too-large', 'event'],
    ];
    for (const [event, code, field] of bad) {
      await expect(run.send(event as { type: string })).rejects.toMatchObject({
        code,
        detail: { field },
      });
    }
    await clock.idle();
    expect((await run.row()).turn).toBe(turn);
  });

  it('say which run nobody knows', async () => {
    const { heddle } = await oneReplica({ agents: [listener] });
    const nobody = '00000000-0000-7000-8000-00000000ffff';
    await expect(heddle.run(nobody)).rejects.toMatchObject({ code: 'run-unknown', status: 404 });
    await expect(heddle.run('me')).rejects.toMatchObject({ code: 'invalid-field' });
    const run = await heddle.start('listener', { tenant: 'a' });
    await expect(heddle.run(run.id, { tenant: 'b' })).rejects.toMatchObject({
      code: 'run-unknown',
    });
  });
});
