/** What `createHeddle` is told wrongly is refused by field, before anything is opened. */
import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { createMachine } from 'xstate';
import { createHeddle, type HeddleOptions } from '../../src/index.ts';

afterEach(() => vi.unstubAllEnvs());
const directory = await mkdtemp(join(tmpdir(), 'heddle-options-'));

async function refusedField(options: unknown): Promise<string> {
  try {
    await (await createHeddle(options as HeddleOptions)).close();
  } catch (error) {
    const { code, detail } = error as { code?: string; detail?: { field?: string } };
    expect(code).toBe('invalid-field');
    return detail?.field ?? '';
  }
  return 'nothing';
}

it.each([
  [null, 'options'],
  ['postgres://u@h/d', 'options'],
  [[], 'options'],
  [new Date(), 'options'],
  [{ databaseURL: 'postgres://u@h/d' }, 'options.databaseURL'],
  [{ database: 'postgres://u@h/d' }, 'options.database'],
  [{ databaseURL: undefined }, 'options.databaseURL'],
  [{ databaseUrl: '' }, 'databaseUrl'],
  [{ databaseUrl: '  ' }, 'databaseUrl'],
  [{ databaseUrl: 5 }, 'databaseUrl'],
  [{ databaseUrl: 'mysql://u@h/d' }, 'databaseUrl'],
  [{ databaseUrl: 'localhost' }, 'databaseUrl'],
  [{ databaseUrl: 'postgres://u:%zz@h:port/d' }, 'databaseUrl'],
  [{ directory: '' }, 'directory'],
  [{ directory: 5 }, 'directory'],
  [{ agents: 'editor' }, 'agents'],
  [{ agents: null }, 'agents'],
  [{ providers: 'stub' }, 'providers'],
  [{ replica: 'no' }, 'replica'],
  [{ settings: 3 }, 'settings'],
  [{ settings: null }, 'settings'],
  [{ budgets: [] }, 'budgets'],
  [{ tenantWeights: 'acme' }, 'tenantWeights'],
])('%o', async (options, field) => {
  const given = field === 'options' ? options : { directory, ...(options as object) };
  expect(await refusedField(given)).toBe(field);
  expect(await readdir(directory)).toEqual([]);
});

const editor = createMachine({ id: 'editor' });

it.each([
  ['one chart alone', editor, 'agents'],
  ['a chart under another name', { edtior: editor }, 'agents.edtior'],
])('agents: %s', async (_, agents, field) => {
  expect(await refusedField({ directory, agents })).toBe(field);
  expect(await readdir(directory)).toEqual([]);
});

it.each(['', ' ', 'mysql://u@h/d'])('DATABASE_URL=%o', async (value) => {
  vi.stubEnv('DATABASE_URL', value);
  expect(await refusedField({ directory })).toBe('DATABASE_URL');
  expect(await readdir(directory)).toEqual([]);
});
