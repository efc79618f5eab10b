/** What charts cannot do without end: each bound fails the run with a code that says which. */
import { assign, emit, raise, setup } from 'xstate';
import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/domain/limits.ts';
import { catalogue } from '../../../src/index.ts';
import { oneReplica } from '../../support/replica.ts';

async function fate(machine: { readonly id: string }, input: unknown = null): Promise<unknown> {
  const { heddle, clock, runtime } = await oneReplica({ agents: [machine] });
  const run = await heddle.start(machine.id, { input });
  await clock.idle();
  const outcome = await run.output().catch((error: unknown) => error);
  await clock.idle();
  expect(runtime.stats()).toMatchObject({ permitsInUse: 0, inMemory: 0 });
  return outcome;
}

describe('a chart without end', () => {
  it('always: fails with always-cycle', async () => {
    const machine = setup({}).createMachine({
      id: 'dizzy',
      initial: 'a',
      states: { a: { always: 'b' }, b: { always: 'a' } },
    });
    expect(await fate(machine)).toMatchObject({ code: 'always-cycle' });
  });

  it('raising to itself: fails with always-cycle', async () => {
    const machine = setup({}).createMachine({
      id: 'echo',
      entry: raise({ type: 'again' }),
      on: { again: { actions: raise({ type: 'again' }) } },
    });
    expect(await fate(machine)).toMatchObject({ code: 'always-cycle' });
  });

  it('one effect after the other in one turn: fails with turn-too-long', async () => {
    const machine = setup({ actors: { ...catalogue } }).createMachine({
      id: 'chatter',
      initial: 'talking',
      states: {
        talking: {
          invoke: {
            id: 'p',
            src: 'publish',
            input: { channel: 'a', payload: 1 },
            onDone: { target: 'talking', reenter: true },
            onError: { target: 'talking', reenter: true },
          },
        },
      },
    });
    expect(await fate(machine)).toMatchObject({ code: 'turn-too-long' });
  });

  it('so many effects are let through, and one more is an error that the chart may handle', async () => {
    const machine = setup({
      types: { context: {} as { count: number } },
      actors: { ...catalogue },
      guards: { isEnough: ({ context }) => context.count >= limits.turnEffectsMax },
    }).createMachine({
      id: 'counter',
      context: { count: 0 },
      initial: 'talking',
      states: {
        talking: {
          always: { guard: 'isEnough', target: 'more' },
          invoke: {
            id: 'r',
            src: 'recall',
            input: { scope: 'user', key: 'k' },
            onDone: {
              target: 'talking',
              reenter: true,
              actions: assign({ count: ({ context }) => context.count + 1 }),
            },
          },
        },
        more: {
          invoke: {
            id: 'm',
            src: 'recall',
            input: { scope: 'user', key: 'k' },
            onError: 'refused',
          },
        },
        refused: { type: 'final' },
      },
      output: ({ context }) => context.count,
    });
    expect(await fate(machine)).toBe(limits.turnEffectsMax);
  });

  it('more invocations than one run may hold: fails with invocation-limit', async () => {
    const states = Object.fromEntries(
      Array.from({ length: limits.invocationsMax + 1 }, (_, i) => [
        `s${i}`,
        { invoke: { id: `r${i}`, src: 'receive' as const, input: { channel: `c${i}` } } },
      ]),
    );
    const chart = setup({ actors: { ...catalogue } });
    const machine = chart.createMachine({ id: 'hydra', type: 'parallel', states } as never);
    expect(await fate(machine)).toMatchObject({ code: 'invocation-limit' });
  });

  it('a context beyond the bound: fails with snapshot-too-large', async () => {
    const machine = setup({ types: { context: {} as { parts: string[] } } }).createMachine({
      id: 'hoarder',
      context: { parts: [] },
      initial: 'hoarding',
      states: {
        hoarding: {
          entry: assign({ parts: () => Array.from({ length: 5 }, () => 'x'.repeat(1_000_000)) }),
        },
      },
    });
    expect(await fate(machine)).toMatchObject({ code: 'snapshot-too-large' });
  });
});

describe('a chart that throws', () => {
  it('fails its run with what was thrown, and no other', async () => {
    const machine = setup({
      types: { input: {} as { bad: boolean }, context: {} as { bad: boolean } },
      guards: {
        explodes: ({ context }) => {
          if (context.bad) throw new Error('boom');
          return true;
        },
      },
    }).createMachine({
      id: 'moody',
      context: ({ input }) => ({ bad: input.bad }),
      initial: 'a',
      states: { a: { always: { guard: 'explodes', target: 'b' } }, b: { type: 'final' } },
    });
    const { heddle } = await oneReplica({ agents: [machine] });
    const runs = await heddle.startAll(
      [false, true, false].map((bad) => ({ agent: 'moody', input: { bad } })),
    );
    const [first, second, third] = runs;
    expect([await first?.output(), await third?.output()]).toEqual([null, null]);
    await expect(second?.output()).rejects.toMatchObject({
      code: 'run-failed',
      message: expect.stringContaining('boom'),
    });
    expect(await second?.row()).toMatchObject({ status: 'failed', error: { code: 'run-failed' } });
  });
});

describe('actions', () => {
  const noisy = (perform: () => unknown) =>
    setup({
      types: { emitted: {} as { type: 'said'; n: number }, events: {} as { type: 'go' | 'end' } },
      actions: {
        perform: () => {
          void perform();
        },
        // oxlint-disable-next-line typescript/no-misused-promises -- authors write actions that reject
        fail: async () => {
          throw new Error('later');
        },
      },
    }).createMachine({
      id: 'noisy',
      on: {
        go: { actions: ['perform', emit({ type: 'said', n: 1 })] },
        end: '.ended',
      },
      initial: 'waiting',
      states: { waiting: {}, ended: { entry: 'fail', type: 'final' } },
    });

  it('are performed once, after the commit that they belong to', async () => {
    let performed = 0;
    const heard: unknown[] = [];
    const made = await oneReplica({ agents: [noisy(() => (performed += 1))] });
    const run = await made.heddle.start('noisy');
    made.runtime.runEvents.run(run.id, ({ emitted }) => heard.push(...emitted));
    await run.send({ type: 'go' });
    await made.clock.idle();
    expect(performed).toBe(1);
    expect(heard).toEqual([{ type: 'said', n: 1 }]);
    made.crash();
    await made.replica({ agents: [noisy(() => (performed += 1))] });
    await made.clock.advance(20_000);
    expect(performed).toBe(1);
  });

  it('that throw, at once or later, harm nothing', async () => {
    const agent = noisy(() => {
      throw new Error('at once');
    });
    const { heddle, clock, warnings } = await oneReplica({ agents: [agent] });
    const run = await heddle.start('noisy');
    await run.send({ type: 'go' });
    await clock.idle();
    await run.send({ type: 'end' });
    expect(await run.output()).toBeNull();
    await clock.idle();
    expect(warnings.filter((line) => line.startsWith('an action threw'))).toHaveLength(2);
  });
});
