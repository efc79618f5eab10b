/** The edges that a step has taken, eventless ones too, and their ids. */
import { describe, expect, it } from 'vitest';
import { assign, createMachine, fromPromise, raise, sendTo } from 'xstate';
import type { RunEvent } from '../../src/domain/event.ts';
import { createKernel } from '../../src/kernel/kernel.ts';
import type { TracedStep } from '../../src/kernel/port.ts';

const kernel = createKernel();

/** The ids of the edges of each step, the first step before. */
function takenBy(machine: unknown, events: readonly (string | RunEvent)[]): string[][] {
  const agent = kernel.register(machine);
  let step: TracedStep = kernel.startTraced(agent, undefined, 'run');
  const taken = [step.edges];
  for (const given of events) {
    const event: RunEvent =
      typeof given === 'string' ? { kind: 'event', event: { type: given } } : given;
    step = kernel.stepTraced(agent, step.state, event, 'run');
    taken.push(step.edges);
  }
  return taken.map((edges) => edges.map(({ id }) => id));
}

describe('the edges of a step', () => {
  it('are those of its event, of the eventless ones after it, and of what it raised or sent itself', () => {
    const door = createMachine({
      id: 'door',
      context: { n: 0 },
      initial: 'shut',
      states: {
        shut: {
          always: [{ guard: ({ context }) => context['n'] > 9, target: 'open' }],
          on: {
            KNOCK: [
              { guard: () => false, target: 'open' },
              { actions: [assign({ n: 10 }), raise({ type: 'RING' })] },
            ],
          },
        },
        open: { on: { RING: 'ajar', '*': 'shut' } },
        ajar: { entry: sendTo(({ self }) => self, { type: '@BACK' }), on: { '@BACK': 'lost' } },
        lost: {},
      },
    });
    expect(takenBy(door, ['KNOCK', 'NOBODY'])).toEqual([
      [],
      [
        'door.shut:KNOCK:1:',
        'door.shut:@always:0:door.open',
        'door.open:RING:0:door.ajar',
        'door.ajar:@@BACK:0:door.lost',
      ],
      [],
    ]);
  });

  it('name completions, timers and the ends of states as the chart does', () => {
    const chart = createMachine({
      id: 'm',
      initial: 'calls',
      states: {
        calls: {
          invoke: { id: 'ask', src: fromPromise(async () => 1), onDone: 'inner', onError: {} },
        },
        inner: {
          initial: 'a',
          states: { a: { after: { 500: 'b' } }, b: { type: 'final' } },
          onDone: 'end',
        },
        end: {},
      },
    });
    expect(
      takenBy(chart, [
        { kind: 'done', id: 'ask', incarnation: 1 },
        { kind: 'timer', id: 'after:500:m.inner.a', generation: 2 },
      ]),
    ).toEqual([
      [],
      ['m.calls:@done.ask:0:m.inner'],
      ['m.inner.a:@after.500:0:m.inner.b', 'm.inner:@done:0:m.end'],
    ]);
  });

  it('begin with the eventless ones of the start', () => {
    const chart = createMachine({
      id: 'm',
      initial: 'a',
      states: { a: { always: 'b' }, b: { id: 'own' } },
    });
    expect(takenBy(chart, [])).toEqual([['m.a:@always:0:m.b']]);
  });

  it('hold no transition that another of its region has kept from being taken', () => {
    const did: string[] = [];
    const act = (name: string) => () => void did.push(name);
    const chart = createMachine({
      id: 'm',
      initial: 'p',
      states: {
        p: {
          type: 'parallel',
          on: { OUT: { target: 'away', actions: act('p') } },
          states: {
            one: {
              initial: 'x',
              states: {
                x: {
                  on: {
                    OUT: { target: '#m.away', actions: act('one') },
                    STAY: { actions: act('stay one') },
                  },
                },
              },
            },
            two: {
              initial: 'x',
              states: {
                x: { on: { OUT: { target: 'y', actions: act('two') }, STAY: 'y' } },
                y: {},
              },
            },
            three: { initial: 'x', states: { x: { on: { OUT: { target: '#m.away' } } } } },
          },
        },
        away: {},
      },
    });
    expect(takenBy(chart, ['STAY'])[1]).toEqual([
      'm.p.one.x:STAY:0:',
      'm.p.two.x:STAY:0:m.p.two.y',
    ]);
    const agent = kernel.register(chart);
    const start = kernel.start(agent, undefined, 'run');
    const step = kernel.stepTraced(
      agent,
      start.state,
      { kind: 'event', event: { type: 'OUT' } },
      'run',
    );
    for (const effect of step.effects) if (effect.kind === 'act') effect.perform();
    // XState itself took the transition of the first region alone.
    expect(did).toEqual(['one']);
    expect(step.state.value).toBe('away');
    expect(step.edges.map(({ id }) => id)).toEqual(['m.p.one.x:OUT:0:m.away']);
  });

  it('hold none that conflicts in the first step of a chart either', () => {
    const did: string[] = [];
    const act = (name: string) => () => void did.push(name);
    const region = (name: string, id: string) => ({
      initial: 'past',
      states: {
        past: { type: 'history' as const, target: `#${id}` },
        deep: {
          initial: 'x',
          states: { x: { id, on: { OUT: { target: '#away', actions: act(name) } } } },
        },
      },
    });
    const chart = createMachine({
      id: 'm',
      initial: 'p',
      states: {
        p: {
          type: 'parallel',
          entry: raise({ type: 'OUT' }),
          states: { one: region('one', 'x1'), two: region('two', 'x2') },
        },
        away: { id: 'away' },
      },
    });
    const step = kernel.startTraced(kernel.register(chart), undefined, 'run');
    for (const effect of step.effects) if (effect.kind === 'act') effect.perform();
    expect(did).toEqual(['one']);
    expect(step.state.value).toBe('away');
    expect(step.edges.map(({ id }) => id)).toEqual(['m.p.one.deep.x:OUT:0:m.away']);
  });

  it('hold nothing of a macrostep that threw', () => {
    const chart = createMachine({
      id: 'm',
      initial: 'a',
      states: {
        a: { on: { GO: { target: 'b', actions: sendTo(({ self }) => self, { type: 'BREAK' }) } } },
        b: {
          on: {
            BREAK: {
              target: 'a',
              actions: assign(() => {
                throw new Error('no');
              }),
            },
          },
        },
      },
    });
    expect(takenBy(chart, ['GO'])[1]).toEqual(['m.a:GO:0:m.b']);
  });
});
