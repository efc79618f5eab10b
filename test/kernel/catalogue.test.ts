/** heddle's actors and tasks, as authors hold them in their hands. */
import { describe, expect, it } from 'vitest';
import { createActor, fromPromise, setup, toPromise, waitFor } from 'xstate';
import type { GenerateInput, GenerateOutput } from '../../src/domain/catalogue.ts';
import { catalogueNames } from '../../src/domain/effect.ts';
import { catalogue, task, taskPolicyOf } from '../../src/kernel/catalogue.ts';
import { kernel } from './driver.ts';

describe('the catalogue', () => {
  it('has every actor', () => {
    expect(Object.keys(catalogue).sort()).toEqual([...catalogueNames].sort());
  });

  const chart = setup({
    types: { context: {} as { text: string } },
    actors: { ...catalogue },
  }).createMachine({
    id: 'asks',
    context: { text: '' },
    initial: 'asking',
    states: {
      asking: {
        invoke: {
          id: 'g',
          src: 'generate',
          input: { prompt: 'Why?' },
          onDone: { target: 'told' },
          onError: 'sorry',
        },
      },
      told: { type: 'final' },
      sorry: {},
    },
  });

  it('does nothing under plain createActor, and says how to fake it', async () => {
    const actor = createActor(catalogue.ask, { input: { question: 'Why?' } });
    actor.subscribe({ error: () => undefined });
    actor.start();
    await expect(toPromise(actor)).rejects.toThrow(
      'give a fake with machine.provide({ actors: { ask: fromPromise(…) } })',
    );
    const bare = createActor(chart).start();
    await waitFor(bare, (snapshot) => snapshot.matches('sorry'));
  });

  it('can be faked, typed', async () => {
    const fake = fromPromise<GenerateOutput, GenerateInput>(({ input }) =>
      Promise.resolve({
        text: input.prompt ?? '',
        toolCalls: [],
        stopReason: 'end',
        usage: { inputTokens: 1, outputTokens: 1 },
        provider: 'fake',
        model: 'fake',
      }),
    );
    const actor = createActor(chart.provide({ actors: { generate: fake } })).start();
    await waitFor(actor, (snapshot) => snapshot.status === 'done');
  });

  it('gives the same chart to heddle as it is', () => {
    expect(kernel.start(kernel.register(chart), null, 'r').effects).toMatchObject([
      { kind: 'invoke', id: 'g', source: { kind: 'generate' } },
    ]);
  });
});

describe('a task', () => {
  const double = task<number, number>(
    ({ input, signal, idempotencyKey }) => {
      if (signal.aborted) throw new Error('aborted');
      return Promise.resolve(input * idempotencyKey.length);
    },
    { attempts: 3, backoffMs: 10 },
  );

  it('runs under plain createActor, with its id as the key', async () => {
    const actor = createActor(double, { input: 2, id: 'key' }).start();
    await expect(toPromise(actor)).resolves.toBe(6);
  });

  it('carries its policy; other logic has none', () => {
    expect(taskPolicyOf(double)).toEqual({ attempts: 3, backoffMs: 10 });
    expect(taskPolicyOf(catalogue.ask)).toEqual({});
    expect(taskPolicyOf(null)).toEqual({});
  });
});
