/**
 * Who goes first, from the start of a run to the order of its calls and of admission: classes of
 * priority, and tenants by their weights.
 */
import { describe, expect, it } from 'vitest';
import { setup } from 'xstate';
import { createHeddle, type Json } from '../../../src/index.ts';
import { oneReplica } from '../../support/replica.ts';
import type { ScriptStep } from '../../support/script-agent.ts';
import { scriptedProvider } from '../../support/scripted-provider.ts';

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
    ['of calls beside one permit', { permitsMax: 1 }, 10],
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
      detail: { field: 'starts[0].priority' },
    });
  });
});

/** Reserves a hundred tokens, which is what the answer below uses. */
const hundred = (tenant: string): ScriptStep => ({
  do: 'generate',
  with: { prompt: tenant.padEnd(20, '.'), maxTokens: 95 },
});

async function tenantsInOrder(
  tenantWeights: Readonly<Record<string, number>>,
  of: { readonly permitsMax: number; readonly ceiling: number },
) {
  const provider = scriptedProvider({ ceiling: of.ceiling });
  const settings = { permitsMax: of.permitsMax };
  const { heddle, clock } = await oneReplica({ settings, providers: [provider], tenantWeights });
  const startOf = (tenant: string) => ({ ...start(null, hundred(tenant)), tenant });
  const runs = 60;
  await heddle.startAll(Array.from({ length: runs }, () => startOf('small')));
  await heddle.startAll(Array.from({ length: runs }, () => startOf('acme')));
  await clock.idle();
  for (let i = 0; i < runs * 2; i++) {
    provider.calls[i]?.answer('x', { usage: { inputTokens: 5, outputTokens: 95 } });
    await clock.idle();
  }
  return provider.calls.map(({ prompt }) => prompt.replaceAll('.', ''));
}

describe('the weight of a tenant', () => {
  const countOf = (tenants: readonly string[]) => tenants.filter((one) => one === 'acme').length;

  it.each([
    ['of calls', { permitsMax: 1_000, ceiling: 4 }],
    ['of admission', { permitsMax: 4, ceiling: 100 }],
  ])('is its share while others wait too: %s (promise 9)', async (_what, of) => {
    const tenants = await tenantsInOrder({ acme: 3 }, of);
    expect(tenants).toHaveLength(120);
    // The first slots were taken before anybody else was there.
    for (const from of [4, 12, 20, 28, 36, 44, 52, 60]) {
      const acme = countOf(tenants.slice(from, from + 16));
      expect(acme, `from ${from}`).toBeGreaterThanOrEqual(11);
      expect(acme, `from ${from}`).toBeLessThanOrEqual(13);
    }
    // Alone it has everything, whatever its weight.
    expect(countOf(tenants)).toBe(60);
  });

  it.each([
    ['of calls', { permitsMax: 1_000, ceiling: 4 }],
    ['of admission', { permitsMax: 4, ceiling: 100 }],
  ])('is 1 where none is given: %s', async (_what, of) => {
    const tenants = await tenantsInOrder({ acme: 1 }, of);
    expect(countOf(tenants.slice(4, 44))).toBe(20);
  });

  it.each([0, -1, 0.0001, 1_001, Number.NaN, Number.POSITIVE_INFINITY, '3', null])(
    'is refused by field when it is %s (promise 11)',
    async (weight) => {
      const tenantWeights = { other: 2, acme: weight as number };
      // A directory that cannot be: nothing is opened for it.
      const odd = createHeddle({ tenantWeights, directory: '/dev/null/heddle' });
      await expect(odd).rejects.toMatchObject({
        code: 'invalid-field',
        detail: { field: 'tenantWeights.acme' },
      });
    },
  );
});
