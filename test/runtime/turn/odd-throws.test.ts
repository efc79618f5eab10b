/**
 * Whatever code that is not heddle's throws, rejects with or returns, from every place where heddle calls
 * it: the run comes to an end, its neighbour too, and the process lives (promise 13). vitest fails a
 * file in which an exception or a rejection reached the process.
 */
import { assign, setup } from 'xstate';
import { describe, expect, it } from 'vitest';
import { catalogue, task, type Provider } from '../../../src/index.ts';
import { oddKinds, oddValue, thenable } from '../../support/odd-values.ts';
import { oneReplica } from '../../support/replica.ts';

const neighbour = setup({ actors: { work: task(() => Promise.resolve(1)) } }).createMachine({
  id: 'neighbour',
  initial: 'working',
  states: {
    working: { invoke: { id: 'work', src: 'work', onDone: 'over' } },
    over: { type: 'final' },
  },
  output: 'fine',
});

/** Starts the agent beside a neighbour and gives how both ended. */
async function outcomeBeside(
  agent: object & { readonly id: string },
  providers?: readonly Provider[],
) {
  const world = await oneReplica({
    agents: [agent, neighbour],
    ...(providers === undefined ? {} : { providers }),
  });
  const runs = await world.heddle.startAll([{ agent: 'neighbour' }, { agent: agent.id }]);
  await world.clock.idle();
  const rows = await Promise.all(runs.map((run) => run.row()));
  await world.heddle.close();
  return { odd: rows[1], neighbour: rows[0] };
}

const throwing = (kind: string) => (): never => {
  throw oddValue(kind);
};

describe.each(oddKinds)('%s', (kind) => {
  const places: Record<string, () => Promise<unknown>> = {
    'is thrown by a task': throwing(kind),
    'is what a task rejects with': async () => throwing(kind)(),
    'is what a `then` of its own rejects with': () =>
      thenable((_, reject) => reject(oddValue(kind))) as Promise<unknown>,
  };
  it.each(Object.keys(places))('%s', async (place) => {
    const agent = setup({ actors: { work: task(places[place] as never) } }).createMachine({
      id: 'odd',
      context: { heard: false },
      initial: 'working',
      states: {
        working: {
          invoke: {
            id: 'work',
            src: 'work',
            onError: { target: 'over', actions: assign({ heard: true }) },
          },
        },
        over: { type: 'final' },
      },
      output: ({ context }) => context['heard'],
    });
    const { odd, neighbour: other } = await outcomeBeside(agent);
    expect(odd).toMatchObject({ status: 'completed', outputText: 'true' });
    expect(other?.status).toBe('completed');
  });

  it('is what a provider throws', async () => {
    const agent = setup({ actors: { ...catalogue } }).createMachine({
      id: 'odd',
      initial: 'asking',
      states: {
        asking: {
          invoke: { id: 'call', src: 'generate', input: { prompt: 'x' }, onError: 'over' },
        },
        over: { type: 'final' },
      },
      output: 'heard',
    });
    const provider: Provider = { name: 'odd', ceiling: 1, call: throwing(kind) };
    const { odd, neighbour: other } = await outcomeBeside(agent, [provider]);
    expect(odd).toMatchObject({ status: 'completed' });
    expect(other?.status).toBe('completed');
  });

  it('is what an action throws', async () => {
    const agent = setup({ actions: { act: throwing(kind) } }).createMachine({
      id: 'odd',
      initial: 'acting',
      states: { acting: { entry: 'act', after: { 1: 'over' } }, over: { type: 'final' } },
      output: 'fine',
    });
    const world = await oneReplica({ agents: [agent, neighbour] });
    const runs = await world.heddle.startAll([{ agent: 'neighbour' }, { agent: 'odd' }]);
    await world.clock.advance(10);
    for (const run of runs) expect(await run.status()).toBe('completed');
    expect(world.warnings.join()).toContain('an action threw');
  });

  it('is what an action rejects with, with a promise of another kind too', async () => {
    const act = () => thenable((_, reject) => reject(oddValue(kind)));
    const wait: () => unknown = async () => throwing(kind)();
    const agent = setup({
      actions: { act, wait },
    }).createMachine({
      id: 'odd',
      initial: 'over',
      states: { over: { entry: ['act', 'wait'], type: 'final' } },
      output: 'fine',
    });
    const { odd, neighbour: other } = await outcomeBeside(agent);
    expect([odd?.status, other?.status]).toEqual(['completed', 'completed']);
  });
});
