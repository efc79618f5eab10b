/** Classes of priority, from the start of a run to the order of its calls and of admission. */
import { describe, expect, it } from 'vitest';
import { setup } from 'xstate';
import type { Json } from '../../src/index.ts';
import { oneReplica } from '../support/replica.ts';
import type { ScriptStep } from '../support/script-agent.ts';
import { scriptedProvider } from '../support/scripted-provider.ts';

const ask = (prompt: string): ScriptStep => ({ do: 'generate', with: { prompt } });
const start = (priority: 'interactive' | 'normal' | 'batch' | null, ...steps: ScriptStep[]) => ({
  agent: 'script',
  input: { steps } as unknown as Json,
  ...(priority === null ? {} : { priority }),
});

async function promptsInOrder(settings: { permitsMax?: number }, ceiling: number) {
  const provider = scriptedProvider({ ceiling });
  const { heddle, clock } = await oneReplica({ settings, providers: [provider] });
  await heddle.start('script', start(null, ask('first')));
  await clock.idle();
  await heddle.startAll([
    ...Array.from({ length: 2 }, () => start('batch', ask('batch'))),
    ...Array.from({ length: 2 }, () => start(null, ask('normal'))),
    ...Array.from({ length: 9 }, () => start('interactive', ask('interactive'))),
  ]);
  await clock.idle();
  for (let i = 0; i < 14; i++) {
    provider.calls[i]?.answer('x');
    await clock.idle();
  }
  return provider.calls.map(({ prompt }) => prompt);
}

describe('priority', () => {
  it.each([
    ['of calls', {}, 1],
    ['of admission', { permitsMax: 1 }, 10],
  ])('%s: higher classes first, and a floor for those below', async (_, settings, ceiling) => {
    const prompts = await promptsInOrder(settings, ceiling);
    expect(prompts).toHaveLength(14);
    expect(prompts.slice(1, 8)).toEqual(Array.from({ length: 7 }, () => 'interactive'));
    expect(new Set(prompts.slice(8, 10))).toEqual(new Set(['normal', 'batch']));
    expect(prompts.slice(10, 12)).toEqual(['interactive', 'interactive']);
  });

  it('is kept with the run, and inherited by its children', async () => {
    const child = setup({}).createMachine({ id: 'child', initial: 'on', states: { on: {} } });
    const parent = setup({ actors: { child } }).createMachine({
      id: 'parent',
      invoke: { id: 'one', src: 'child' },
    });
    const { heddle, clock, store } = await oneReplica({ agents: [parent, child] });
    const run = await heddle.start('parent', { priority: 'batch' });
    await clock.idle();
    expect((await run.row()).priority).toBe('batch');
    const rows = store.database.tables.runs.all();
    expect(rows.map(({ priority }) => priority)).toEqual(rows.map(() => 'batch'));
    expect(rows.length).toBeGreaterThan(1);
  });

  it('is one of three words (promise 11)', async () => {
    const { heddle } = await oneReplica();
    const odd = { ...start(null), priority: 'urgent' } as unknown as { agent: string };
    await expect(heddle.startAll([odd])).rejects.toMatchObject({
      code: 'invalid-field',
      detail: { field: 'start.priority' },
    });
  });
});
