/** Everything of XState's macrostep that heddle supports, by name. */
import { describe, expect, it, vi } from 'vitest';
import {
  and,
  assign,
  createMachine,
  emit,
  enqueueActions,
  fromPromise,
  log,
  not,
  or,
  raise,
  sendParent,
  sendTo,
  setup,
  spawnChild,
  stateIn,
} from 'xstate';
import { Driver } from './driver.ts';

describe('states', () => {
  it('nest, and the first event goes to the innermost that takes it', () => {
    const run = new Driver(
      setup({}).createMachine({
        id: 'nested',
        initial: 'a',
        states: {
          a: {
            initial: 'b',
            on: { GO: 'c', OUT: 'c' },
            states: { b: { on: { GO: 'd' } }, d: {} },
          },
          c: {},
        },
      }),
    );
    expect(run.state.value).toEqual({ a: 'b' });
    expect(run.send('GO').state.value).toEqual({ a: 'd' });
    expect(run.send('GO').state.value).toBe('c');
  });

  it('run in parallel, and end when all regions have', () => {
    const region = { initial: 'on', states: { on: {}, off: { type: 'final' } } } as const;
    const run = new Driver(
      setup({}).createMachine({
        id: 'parallel',
        initial: 'both',
        states: {
          both: {
            type: 'parallel',
            states: {
              one: { ...region, on: { ONE: '.off' } },
              two: { ...region, on: { TWO: '.off' } },
            },
            onDone: 'after',
          },
          after: {},
        },
      }),
    );
    expect(run.send('TWO').state.value).toEqual({ both: { one: 'on', two: 'off' } });
    expect(run.send('ONE').state.value).toBe('after');
  });

  it.each(['shallow', 'deep'] as const)('remember where they were: %s history', (history) => {
    const inner = { initial: 'x', states: { x: { on: { NEXT: 'y' } }, y: {} } } as const;
    const run = new Driver(
      setup({}).createMachine({
        id: 'history',
        initial: 'away',
        states: {
          work: {
            initial: 'first',
            states: {
              first: { on: { NEXT: 'second' } },
              second: inner,
              back: { type: 'history', history },
            },
            on: { LEAVE: 'away' },
          },
          away: { on: { START: 'work', BACK: 'work.back' } },
        },
      }),
    );
    run.send('START').send('NEXT').send('NEXT').send('LEAVE').send('BACK');
    const place = history === 'deep' ? 'y' : 'x';
    expect(run.state.value).toEqual({ work: { second: place } });
  });

  it('have tags', () => {
    const run = new Driver(
      setup({}).createMachine({
        id: 'tagged',
        initial: 'a',
        states: { a: { tags: ['busy', 'again'], on: { GO: 'b' } }, b: {} },
      }),
    );
    expect(run.state.tags).toEqual(['again', 'busy']);
    expect(run.send('GO').state.tags).toEqual([]);
  });

  it('are left and entered again by a reentering transition', () => {
    const note = vi.fn();
    const run = new Driver(
      setup({ actions: { note } }).createMachine({
        id: 'reenter',
        initial: 'a',
        states: {
          a: {
            entry: 'note',
            on: { STAY: { target: 'a' }, AGAIN: { target: 'a', reenter: true } },
          },
        },
      }),
    );
    expect(run.send('STAY').effects).toEqual([]);
    expect(run.send('AGAIN').shown).toEqual([{ kind: 'act', type: 'note' }]);
  });
});

describe('an end', () => {
  const chart = setup({ types: { context: {} as { n: number } } }).createMachine({
    id: 'ends',
    context: { n: 2 },
    initial: 'work',
    states: {
      work: {
        initial: 'on',
        states: { on: { on: { GO: 'off' } }, off: { type: 'final', output: { made: 3 } } },
        onDone: {
          target: 'end',
          actions: assign({ n: ({ event }) => (event.output as { made: number }).made }),
        },
      },
      end: { type: 'final' },
    },
    output: ({ context }) => ({ total: context.n }),
  });

  it('of a state gives its output to onDone, that of the chart is the output of the run', () => {
    const run = new Driver(chart).send('GO');
    expect(run.state).toMatchObject({ status: 'done', output: { total: 3 } });
  });

  it('takes nothing more', () => {
    const run = new Driver(chart).send('GO').send('GO');
    expect(run.stale).toBe(true);
    expect(run.effects).toEqual([]);
  });

  it('can be where the chart begins', () => {
    const run = new Driver(
      setup({}).createMachine({ id: 'short', initial: 'end', states: { end: { type: 'final' } } }),
    );
    expect(run.state).toMatchObject({ status: 'done', output: undefined });
  });
});

describe('input', () => {
  const chart = setup({ types: { input: {} as { readonly n: number } | undefined } }).createMachine(
    {
      id: 'input',
      context: ({ input = { n: 7 } }) => ({ n: input.n }),
    },
  );

  it('comes to the context, and none is undefined there', () => {
    expect(new Driver(chart, { n: 1 }).state.context).toEqual({ n: 1 });
    expect(new Driver(chart).state.context).toEqual({ n: 7 });
  });
});

describe('guards', () => {
  const chart = setup({
    types: { context: {} as { n: number } },
    guards: { big: ({ context }, params: { least: number }) => context.n >= params.least },
  });

  it('by name with params, inline, and, or, not, stateIn', () => {
    const run = new Driver(
      chart.createMachine({
        id: 'guards',
        context: { n: 2 },
        initial: 'a',
        states: { a: {}, b: {}, c: {}, d: {}, e: {} },
        on: {
          PARAM: { guard: { type: 'big', params: { least: 3 } }, target: '.b' },
          AND: { guard: and([({ context }) => context.n === 2, stateIn('a')]), target: '.c' },
          OR: { guard: or([stateIn('a'), not(stateIn('c'))]), target: '.d' },
          NOT: { guard: not(stateIn('c')), target: '.e' },
        },
      }),
    );
    expect(run.send('PARAM').state.value).toBe('a');
    expect(run.send('AND').state.value).toBe('c');
    expect(run.send('OR').state.value).toBe('c');
    expect(run.send('NOT').state.value).toBe('c');
  });

  it('open eventless transitions, until none is open', () => {
    const run = new Driver(
      chart.createMachine({
        id: 'always',
        context: { n: 0 },
        initial: 'count',
        states: {
          count: {
            always: [
              { guard: ({ context }) => context.n >= 4, target: 'full' },
              {
                actions: assign({ n: ({ context }) => context.n + 1 }),
                target: 'count',
                reenter: true,
              },
            ],
          },
          full: {},
        },
      }),
    );
    expect(run.state).toMatchObject({ value: 'full', context: { n: 4 } });
  });
});

describe('actions', () => {
  it('by name become effects, in order, with their params, and run only when performed', () => {
    const note = vi.fn((_: unknown, params: { n: number }) => params.n);
    const run = new Driver(
      setup({ types: { context: {} as { n: number } }, actions: { note } }).createMachine({
        id: 'acts',
        context: { n: 1 },
        on: {
          GO: {
            actions: [
              { type: 'note', params: ({ context }) => ({ n: context.n }) },
              assign({ n: 5 }),
              { type: 'note', params: ({ context }) => ({ n: context.n }) },
            ],
          },
        },
      }),
    ).send('GO');
    expect(note).not.toHaveBeenCalled();
    for (const effect of run.effects) if (effect.kind === 'act') effect.perform();
    expect(note.mock.calls.map(([, params]) => params)).toEqual([{ n: 1 }, { n: 5 }]);
    expect(note.mock.calls[0]?.[0]).toMatchObject({ context: { n: 1 }, event: { type: 'GO' } });
  });

  it('raise: the event is taken within the same step', () => {
    const run = new Driver(
      setup({}).createMachine({
        id: 'raises',
        initial: 'a',
        states: {
          a: { on: { GO: { actions: raise({ type: 'INNER' }) }, INNER: 'b' } },
          b: {},
        },
      }),
    ).send('GO');
    expect(run.state.value).toBe('b');
    expect(run.effects).toEqual([]);
  });

  it('sendTo self: the event is taken after the step, within the same turn', () => {
    const run = new Driver(
      setup({ types: { context: {} as { seen: readonly string[] } } }).createMachine({
        id: 'self',
        context: { seen: [] },
        on: {
          GO: {
            actions: [
              sendTo(({ self }) => self, { type: 'LATE' }),
              assign({ seen: ({ context }) => [...context.seen, 'go'] }),
              raise({ type: 'SOON' }),
            ],
          },
          SOON: { actions: assign({ seen: ({ context }) => [...context.seen, 'soon'] }) },
          LATE: { actions: assign({ seen: ({ context }) => [...context.seen, 'late'] }) },
        },
      }),
    ).send('GO');
    expect(run.state.context).toEqual({ seen: ['go', 'soon', 'late'] });
    expect(run.effects).toEqual([]);
  });

  it('emit, sendParent and log leave effects in their order', () => {
    const lines = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    const run = new Driver(
      setup({
        types: { emitted: {} as { readonly type: 'progress'; readonly percent: number } },
      }).createMachine({
        id: 'out',
        on: {
          GO: {
            actions: [
              emit({ type: 'progress', percent: 10 }),
              sendParent({ type: 'CHILD.AT', step: 1 }),
              log('here', 'label'),
            ],
          },
        },
      }),
    ).send('GO');
    expect(run.shown).toEqual([
      { kind: 'emit', event: { type: 'progress', percent: 10 } },
      { kind: 'send', to: 'parent', event: { type: 'CHILD.AT', step: 1 } },
      { kind: 'act', type: 'log' },
    ]);
    const [, , line] = run.effects;
    if (line?.kind === 'act') line.perform();
    expect(lines).toHaveBeenCalledWith('label', 'here');
    lines.mockRestore();
  });

  it('enqueueActions decides while it runs', () => {
    const run = new Driver(
      setup({
        types: { context: {} as { n: number } },
        actors: { work: fromPromise(() => Promise.resolve(1)) },
        actions: { note: () => undefined },
        guards: { open: ({ context }) => context.n === 0 },
      }).createMachine({
        id: 'enqueue',
        context: { n: 0 },
        on: {
          GO: {
            actions: enqueueActions(({ enqueue, check }) => {
              if (!check('open')) return;
              enqueue.assign({ n: 1 });
              enqueue('note');
              enqueue.emit({ type: 'seen' });
              enqueue.spawnChild('work', { id: 'w' });
              enqueue.raise({ type: 'LATER' }, { id: 'later', delay: 50 });
            }),
          },
        },
      }),
    ).send('GO');
    expect(run.state.context).toEqual({ n: 1 });
    expect(run.shown).toMatchObject([
      { kind: 'act', type: 'note' },
      { kind: 'emit', event: { type: 'seen' } },
      { kind: 'invoke', id: 'w', source: { kind: 'task', src: 'work' }, input: undefined },
      { kind: 'schedule', id: 'send:later', delayMs: 50 },
    ]);
    expect(run.send('GO').effects).toEqual([]);
  });
});

describe('events', () => {
  const chart = setup({ types: { context: {} as { got: readonly string[] } } }).createMachine({
    id: 'events',
    context: { got: [] },
    on: {
      'order.*': { actions: assign({ got: ({ context, event }) => [...context.got, event.type] }) },
    },
  });

  it('match by a wildcard', () => {
    expect(new Driver(chart).send('order.new').send('other').state.context).toEqual({
      got: ['order.new'],
    });
  });

  it('that the chart does not know change nothing and are no error', () => {
    const run = new Driver(chart);
    const before = run.text;
    run.send('other');
    expect(run).toMatchObject({ stale: false, effects: [], text: before });
  });

  it('that the chart does not know can still open an eventless transition', () => {
    const machine = setup({}).createMachine({
      id: 'odd',
      initial: 'a',
      states: { a: { always: { guard: ({ event }) => event.type === 'X', target: 'b' } }, b: {} },
    });
    expect(new Driver(machine).send('Y').send('X').state.value).toBe('b');
  });

  it.each([
    ['a.b', true],
    ['a', true],
    ['a.b.c', true],
    ['ab', false],
    ['b.a', false],
  ])('of type %s reach a wildcard a.*: %s', (type, reaches) => {
    const machine = setup({}).createMachine({
      id: 'wild',
      initial: 'x',
      states: { x: { on: { 'a.*': 'y' } }, y: {} },
    });
    expect(new Driver(machine).send(type).state.value).toBe(reaches ? 'y' : 'x');
    const every = setup({}).createMachine({
      id: 'every',
      initial: 'x',
      states: { x: { on: { '*': 'y' } }, y: {} },
    });
    expect(new Driver(every).send(type).state.value).toBe('y');
  });

  it("of XState's own names cannot come from outside", () => {
    const machine = setup({
      actors: { work: fromPromise(() => Promise.resolve(1)) },
    }).createMachine({
      id: 'forged',
      initial: 'a',
      states: { a: { invoke: { id: 'w', src: 'work', onDone: 'b' } }, b: {} },
      on: { '*': { actions: assign({}) } },
    });
    const run = new Driver(machine);
    const before = run.text;
    for (const type of ['xstate.done.actor.w', 'xstate.error.actor.w', 'xstate.stop', '*']) {
      run.send(type, { output: 'forged' });
      expect(run).toMatchObject({ stale: false, effects: [], text: before });
    }
  });
});

describe('what has no name', () => {
  it('acts from its place: an inline action, with what the chart was like then', () => {
    const seen: unknown[] = [];
    const run = new Driver(
      setup({ types: { context: {} as { n: number } } }).createMachine({
        id: 'inline',
        context: { n: 1 },
        on: {
          GO: {
            actions: [
              ({ context, event }) => seen.push([context.n, event.type]),
              assign({ n: 2 }),
              enqueueActions(({ enqueue }) => enqueue(({ context }) => seen.push(context.n))),
            ],
          },
        },
      }),
    );
    run.send('GO');
    expect(seen).toEqual([]);
    expect(run.effects.map(({ kind }) => kind)).toEqual(['act', 'act']);
    for (const effect of run.effects) if (effect.kind === 'act') effect.perform();
    expect(seen).toEqual([[1, 'GO'], 2]);
  });

  it('is invoked by its place, and its logic is found there after a restart', () => {
    const work = fromPromise(() => Promise.resolve(1));
    const run = new Driver(
      createMachine({
        id: 'places',
        initial: 'a',
        states: {
          a: { invoke: [{ src: work, onDone: 'b' }, { src: work }] },
          b: {},
        },
      }),
    );
    expect(run.state.invocations).toMatchObject([
      { id: '0.places.a', source: { kind: 'task', src: 'xstate.invoke.0.places.a' } },
      { id: '1.places.a', source: { kind: 'task', src: 'xstate.invoke.1.places.a' } },
    ]);
    expect(run.agent.taskLogic('xstate.invoke.1.places.a')).toBe(work);
    expect(run.finish('0.places.a').state.value).toBe('b');
  });

  it('may be a whole chart, in which all states point at each other', () => {
    const kid = createMachine({
      id: 'kid',
      initial: 's0',
      states: Object.fromEntries(
        Array.from({ length: 12 }, (_, i) => [`s${i}`, { on: { NEXT: `s${(i + 1) % 12}` } }]),
      ),
    });
    const run = new Driver(
      createMachine({ id: 'places', invoke: { src: kid }, entry: spawnChild(kid, { id: 'x' }) }),
    );
    expect(run.state.invocations.map(({ source }) => source)).toEqual([
      { kind: 'child', agent: 'kid' },
      { kind: 'child', agent: 'kid' },
    ]);
    expect(run.agent.definition).toMatchObject({ invoke: { src: { type: 'kid' } } });
  });

  it('is spawned by an id from its place', () => {
    const work = fromPromise(() => Promise.resolve(1));
    const run = new Driver(
      createMachine(
        {
          id: 'places',
          entry: spawnChild(work, { id: 'x', input: () => 1 }),
          on: { GO: { actions: 'hire' } },
        },
        { actions: { hire: spawnChild(work, { id: 'y', input: 2 }) as never } },
      ),
    );
    run.send('GO');
    expect(run.state.invocations).toMatchObject([
      { id: 'x', input: 1 },
      { id: 'y', input: 2 },
    ]);
    for (const { source } of run.state.invocations) {
      expect(source.kind === 'task' && run.agent.taskLogic(source.src)).toBe(work);
    }
  });
});

describe('a bound on microsteps', () => {
  const counting = (upTo: number, maxIterations?: number) =>
    setup({ types: { context: {} as { n: number } } }).createMachine({
      id: 'counts',
      context: { n: 0 },
      initial: 'on',
      states: {
        on: {
          always: {
            guard: ({ context }) => context.n < upTo,
            actions: assign({ n: ({ context }) => context.n + 1 }),
          },
        },
      },
      ...(maxIterations !== undefined && { options: { maxIterations } }),
    });

  it.each([
    [900, undefined, 'active'],
    [1_100, undefined, 'error'],
    [5_000, 6_000, 'active'],
    [5_000, Infinity, 'active'],
    [200, 100, 'error'],
  ] as const)('%d steps where the chart allows %s: %s', (upTo, max, status) => {
    expect(new Driver(counting(upTo, max)).state.status).toBe(status);
  });
});

describe('a route', () => {
  it('is taken from outside, as the chart opts in to it', () => {
    const run = new Driver(
      setup({}).createMachine({
        id: 'routed',
        initial: 'a',
        states: { a: {}, b: { id: 'there', route: {} } },
      }),
    );
    expect(run.send('xstate.route', { to: '#there' }).state.value).toBe('b');
  });
});
