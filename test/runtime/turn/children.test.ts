/** Child runs: rows of their own, whose ends, errors and events reach the parent, and whose parent ends them. */
import { assign, sendParent, sendTo, setup } from 'xstate';
import { describe, expect, it } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import { catalogue, type Json } from '../../../src/index.ts';
import { memoryWorld, oneReplica } from '../../support/replica.ts';

/** Ends, fails, or waits for `finish`, as its input says; tells its parent that it has begun. */
const child = setup({
  types: {
    input: {} as { readonly how: 'end' | 'fail' | 'wait'; readonly n: number },
    context: {} as { readonly how: string; readonly n: number; readonly said: string },
    events: {} as { type: 'finish'; word: string },
  },
  actors: { ...catalogue },
  guards: {
    isEnd: ({ context }) => context.how === 'end',
    isFail: ({ context }) => context.how === 'fail',
  },
}).createMachine({
  id: 'child',
  context: ({ input }) => ({ ...input, said: '' }),
  entry: sendParent(({ context }) => ({ type: 'begun', n: context.n })),
  initial: 'choosing',
  states: {
    choosing: {
      always: [
        { guard: 'isEnd', target: 'ended' },
        { guard: 'isFail', target: 'failing' },
        { target: 'waiting' },
      ],
    },
    failing: {
      invoke: { id: 'bad', src: 'publish', input: { channel: '', payload: 1 } },
    },
    waiting: {
      on: { finish: { target: 'ended', actions: assign({ said: ({ event }) => event.word }) } },
    },
    ended: { type: 'final' },
  },
  output: ({ context }) => ({ n: context.n, said: context.said }),
});

type ParentContext = {
  readonly how: readonly string[];
  readonly begun: readonly number[];
  readonly results: readonly Json[];
};

const keepResult = assign({
  results: ({ context, event }: { context: ParentContext; event: unknown }) => {
    const { output, error } = event as { output?: Json; error?: Json };
    return [...context.results, error === undefined ? { done: output ?? null } : { failed: error }];
  },
});

const twin = (n: 1 | 2) => ({
  initial: 'running',
  states: {
    running: {
      invoke: {
        id: `child${n}`,
        src: 'child' as const,
        input: ({ context }: { context: ParentContext }) => ({
          how: context.how[n - 1] as 'end',
          n,
        }),
        onDone: { target: 'over', actions: 'keepResult' as const },
        onError: { target: 'over', actions: 'keepResult' as const },
      },
    },
    over: { type: 'final' as const },
  },
});

/** Two children at once; forwards `tell` to one of them, leaves both on `leave`. */
const parent = setup({
  types: {
    input: {} as { readonly how: readonly string[] },
    context: {} as ParentContext,
    events: {} as
      { type: 'begun'; n: number } | { type: 'tell'; to: string; word: string } | { type: 'leave' },
  },
  actors: { child },
  actions: {
    keepResult: keepResult as never,
    keepBegun: assign({
      begun: ({ context, event }) => (event.type === 'begun' ? [...context.begun, event.n] : []),
    }),
  },
}).createMachine({
  id: 'parent',
  context: ({ input }) => ({ how: input.how, begun: [], results: [] }),
  on: { begun: { actions: 'keepBegun' } },
  initial: 'both',
  states: {
    both: {
      type: 'parallel',
      states: { one: twin(1), two: twin(2) },
      on: {
        tell: {
          actions: sendTo(
            ({ event }) => event.to,
            ({ event }) => ({ type: 'finish', word: event.word }),
          ),
        },
        leave: 'ended',
      },
      onDone: 'ended',
    },
    ended: { type: 'final' },
  },
  output: ({ context }) => ({ begun: context.begun, results: context.results }),
});

async function family(how: readonly string[]) {
  const world = await oneReplica({ agents: [child, parent] });
  const run = await world.heddle.start('parent', { input: { how }, user: 'u', pipeline: 'p' });
  await world.clock.idle();
  const children = async () => [...(await world.heddle.runs({ agent: 'child' }))].reverse();
  return { ...world, run, children };
}

describe('children', () => {
  it('are runs of their own, of the same user and pipeline', async () => {
    const { run, children } = await family(['wait', 'wait']);
    expect(await run.status()).toBe('waiting-on-child');
    expect(await children()).toMatchObject(
      [1, 2].map((n) => ({
        agent: 'child',
        user: 'u',
        pipeline: 'p',
        parent: { runId: run.id, invocationId: `child${n}` },
        status: 'waiting-on-person',
      })),
    );
  });

  it('give the parent their outputs, their errors and their events', async () => {
    const { run } = await family(['end', 'fail']);
    const output = (await run.output()) as { begun: number[]; results: Json[] };
    expect(new Set(output.begun)).toEqual(new Set([1, 2]));
    expect(output.results).toHaveLength(2);
    expect(output.results).toEqual(
      expect.arrayContaining([
        { done: { n: 1, said: '' } },
        { failed: expect.objectContaining({ code: 'invalid-field' }) },
      ]),
    );
  });

  it('hear what the parent sends to one of them', async () => {
    const { run, children, clock } = await family(['wait', 'wait']);
    await run.send({ type: 'tell', to: 'child2', word: 'two' });
    await clock.idle();
    expect((await children()).map(({ status }) => status)).toEqual([
      'waiting-on-person',
      'completed',
    ]);
    await run.send({ type: 'tell', to: 'child1', word: 'one' });
    expect(await run.output()).toMatchObject({
      results: [{ done: { n: 2, said: 'two' } }, { done: { n: 1, said: 'one' } }],
    });
  });

  it('end when the parent goes on without them', async () => {
    const { run, children, clock } = await family(['wait', 'end']);
    await run.send({ type: 'leave' });
    expect(await run.output()).toMatchObject({ results: [{ done: { n: 2 } }] });
    await clock.idle();
    expect((await children()).map(({ status }) => status)).toEqual(['cancelled', 'completed']);
  });

  it('end when the parent is cancelled, and also when it fails', async () => {
    const { run, children, clock, runtime } = await family(['wait', 'wait']);
    await run.cancel('all of you');
    await clock.idle();
    expect((await children()).map(({ status }) => status)).toEqual(['cancelled', 'cancelled']);
    expect(runtime.stats()).toMatchObject({ permitsInUse: 0, inMemory: 0 });
  });

  it('that are cancelled alone fail the invocation and no more', async () => {
    const { run, children, heddle, clock } = await family(['wait', 'wait']);
    const [first] = await children();
    await (await heddle.run(first?.runId ?? '')).cancel('only you');
    await clock.idle();
    expect(await run.status()).toBe('waiting-on-child');
    await run.send({ type: 'tell', to: 'child2', word: 'two' });
    expect(await run.output()).toMatchObject({
      results: [{ failed: { code: 'run-cancelled' } }, { done: { said: 'two' } }],
    });
  });

  it('go on over a crash between their end and the turn of the parent (promise 5)', async () => {
    const world = memoryWorld();
    const first = await world.replica({ agents: [child, parent] });
    const run = await first.heddle.start('parent', { input: { how: ['wait', 'wait'] } });
    await world.clock.idle();
    await run.send({ type: 'tell', to: 'child1', word: 'one' });
    first.crash();
    const second = await world.replica({ agents: [child, parent] });
    await world.clock.advance(10_000);
    const same = await second.heddle.run(run.id);
    await same.send({ type: 'tell', to: 'child2', word: 'two' });
    await world.clock.idle();
    expect(await same.output()).toMatchObject({
      results: [{ done: { said: 'one' } }, { done: { said: 'two' } }],
    });
  });
});

describe('a child that nobody registered', () => {
  it('refuses its parent', async () => {
    await expect(oneReplica({ agents: [parent] })).rejects.toMatchObject({ code: 'agent-refused' });
  });
});

describe('grandchildren', () => {
  const leaf = setup({ actors: { ...catalogue } }).createMachine({
    id: 'leaf',
    initial: 'waiting',
    states: {
      waiting: { invoke: { id: 'w', src: 'receive', input: { channel: 'x' }, onDone: 'ended' } },
      ended: { type: 'final' },
    },
    output: { depth: 1 },
  });
  const nest = (id: string, inner: typeof leaf, depth: number) =>
    setup({ actors: { inner } }).createMachine({
      id,
      initial: 'waiting',
      states: {
        waiting: { invoke: { id: 'i', src: 'inner', onDone: 'ended' } },
        ended: { type: 'final' },
      },
      output: { depth },
    }) as unknown as typeof leaf;
  const middle = nest('middle', leaf, 2);
  const top = nest('top', middle, 3);
  const agents = [leaf, middle, top];

  it('end in order, from the innermost on', async () => {
    const { heddle, clock } = await oneReplica({ agents });
    const run = await heddle.start('top');
    await clock.idle();
    await heddle.publish('x', 1);
    expect(await run.output()).toEqual({ depth: 3 });
  });

  it('are all cancelled with the outermost', async () => {
    const { heddle, clock, store } = await oneReplica({ agents });
    const run = await heddle.start('top');
    await clock.idle();
    await run.cancel('the lot');
    await clock.idle();
    expect(await store.audit(oneTenant('default'))).toMatchObject({
      runs: { cancelled: 3 },
      subscriptions: { cancelled: 1 },
      orphanedSubscriptions: 0,
    });
  });

  it('fail the outermost when nobody handles what the innermost met', async () => {
    const broken = setup({ actors: { ...catalogue } }).createMachine({
      id: 'broken',
      invoke: { id: 'w', src: 'publish', input: { channel: '', payload: 1 } },
    }) as unknown as typeof leaf;
    const inner = nest('inner', broken, 2);
    const outer = nest('outer', inner, 3);
    const { heddle, clock } = await oneReplica({ agents: [broken, inner, outer] });
    const run = await heddle.start('outer');
    await clock.idle();
    await expect(run.output()).rejects.toMatchObject({ code: 'invalid-field' });
  });
});
