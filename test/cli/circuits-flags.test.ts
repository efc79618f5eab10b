import { describe, expect, it } from 'vitest';
import { defaultCircuits } from '../../src/circuits/settings.ts';
import { circuitsSettings, type CircuitsFlags } from '../../src/cli/circuits-flags.ts';

it('has a default for everything', () => {
  expect(circuitsSettings({})).toEqual({ ...defaultCircuits, resume: false, database: {} });
});

it('reads what is given', () => {
  const flags = {
    scale: '5, 20',
    circuitsPerUser: '2',
    mode: 'tool-loop',
    latencyMs: '0',
    ceiling: 'a=3,b.c=200',
    provider: 'stub',
    seed: '7',
    patienceMs: '5000',
    resume: true,
    databaseUrl: 'postgres://localhost/x',
  };
  expect(circuitsSettings(flags)).toEqual({
    scales: [5, 20],
    mode: 'tool-loop',
    circuitsPerUser: 2,
    latencyMs: 0,
    ceilings: [
      { name: 'a', ceiling: 3 },
      { name: 'b.c', ceiling: 200 },
    ],
    seed: 7,
    patienceMs: 5_000,
    resume: true,
    database: { databaseUrl: 'postgres://localhost/x' },
  });
});

it('lets a directory go before the environment', () => {
  expect(circuitsSettings({ directory: 'd' }).database).toEqual({
    directory: 'd',
    databaseUrl: '',
  });
});

const refused: readonly (readonly [field: string, reason: string, flags: CircuitsFlags])[] = [
  ['mode', 'must be one of', { mode: 'charts' }],
  ['provider', 'emulated is not built yet', { provider: 'emulated' }],
  ['provider', 'anthropic is not built yet', { provider: 'anthropic' }],
  ['provider', 'ollama is not built yet', { provider: 'ollama' }],
  ['provider', 'must be one of', { provider: 'stubs' }],
  ['scale', 'must be a whole number', { scale: '10,,50' }],
  ['scale', 'must be a whole number', { scale: '' }],
  ['scale', 'must be a whole number', { scale: '1e3' }],
  ['scale', 'must be from 1', { scale: '0' }],
  ['scale', 'must be from 1', { scale: '99999999' }],
  ['circuitsPerUser', 'must be from 1', { circuitsPerUser: '0' }],
  ['latencyMs', 'must be a whole number', { latencyMs: '-1' }],
  ['latencyMs', 'must be a whole number', { latencyMs: '0.5' }],
  ['seed', 'must be a whole number', { seed: 'x' }],
  ['patienceMs', 'must be from 1000', { patienceMs: '1' }],
  ['ceiling', 'must be names with numbers', { ceiling: 'a' }],
  ['ceiling', 'must be names with numbers', { ceiling: '=5' }],
  ['ceiling', 'must be a whole number', { ceiling: 'a=many' }],
  ['ceiling', 'must be from 1', { ceiling: 'a=0' }],
  ['ceiling', 'names a twice', { ceiling: 'a=1,a=2' }],
  ['directory', 'must not be given beside databaseUrl', { directory: 'd', databaseUrl: 'u' }],
];

describe('promise 11: it refuses by field', () => {
  it.each(refused)('%s: %s', (field, reason, flags) => {
    const refusal = expect.objectContaining({ field, reason: expect.stringContaining(reason) });
    expect(() => circuitsSettings(flags)).toThrow(
      expect.objectContaining({ code: 'invalid-field', detail: refusal }),
    );
  });
});
