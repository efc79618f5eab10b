import { describe, expect, it } from 'vitest';
import { defaultCircuits } from '../../src/circuits/settings.ts';
import { circuitsSettings, type CircuitsFlags } from '../../src/cli/circuits/circuits-flags.ts';

const noProvider = { kind: 'emulated', rateLimitedShare: 0, outages: [] };
const both = [
  { name: 'anthropic', ceiling: 120 },
  { name: 'ollama', ceiling: 120 },
];

it('has a default for everything', () => {
  expect(circuitsSettings({}, {})).toEqual({
    ...defaultCircuits,
    provider: noProvider,
    ceilings: both,
    told: true,
    resume: false,
    database: {},
  });
});

it('reads what is given', () => {
  const flags = {
    scale: '5, 20',
    circuitsPerUser: '2',
    mode: 'tool-loop',
    latencyMs: '0',
    ceiling: 'a=3,b.c=200',
    provider: 'stub',
    ceilings: 'learned',
    seed: '7',
    patienceMs: '5000',
    resume: true,
    databaseUrl: 'postgres://localhost/x',
  };
  expect(circuitsSettings(flags, {})).toEqual({
    scales: [5, 20],
    mode: 'tool-loop',
    circuitsPerUser: 2,
    latencyMs: 0,
    provider: { kind: 'stub' },
    told: false,
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
  expect(circuitsSettings({ directory: 'd' }, {}).database).toEqual({
    directory: 'd',
    databaseUrl: null,
  });
});

const real = { provider: 'anthropic', model: 'm', apiKey: 'k' };

const refused: readonly (readonly [field: string, reason: string, flags: CircuitsFlags])[] = [
  ['mode', 'must be one of', { mode: 'charts' }],
  ['provider', 'must be one of', { provider: 'stubs' }],
  ['apiKey', 'or stand in ANTHROPIC_API_KEY', { provider: 'anthropic', model: 'm' }],
  ['model', 'must be given', { provider: 'anthropic', apiKey: 'k' }],
  ['model', 'must be given', { provider: 'ollama' }],
  ['model', 'is for --provider anthropic or ollama', { model: 'm' }],
  ['apiKey', 'is for --provider anthropic', { provider: 'ollama', apiKey: 'k' }],
  ['ollamaUrl', 'is for --provider ollama', { ollamaUrl: 'http://localhost' }],
  ['ceilings', 'must be one of told, learned', { ceilings: 'guessed' }],
  ['ceilings', 'is for --provider emulated or stub', { ...real, ceilings: 'learned' }],
  ['fault429Share', 'is for --provider emulated', { provider: 'stub', fault429Share: '0.1' }],
  ['fault429Share', 'must be a share', { fault429Share: '15%' }],
  ['fault429Share', 'must be a share', { fault429Share: '1' }],
  ['outage', 'must be as in a=30000@10000', { outage: 'a=30000' }],
  ['outage', 'names c, which is none of anthropic, ollama', { outage: 'c=1@1' }],
  ['outage', 'must be one of', { outage: 'a=1@1:earthquake' }],
  ['outage', 'is for --provider emulated', { provider: 'stub', outage: 'a=1@1' }],
  ['ceiling', 'may name 3 emulated providers', { ceiling: 'a=1,b=1,c=1,d=1' }],
  ['ceiling', 'may name anthropic alone', { ...real, ceiling: 'a=1,b=1' }],
  ['ceiling', 'a socket for each call', { ceiling: 'a=2501' }],
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

describe('emulated providers', () => {
  const chosen = (flags: CircuitsFlags) => circuitsSettings(flags, {}).ceilings;

  it('take generic names in order, and their own wherever they stand', () => {
    expect(chosen({ ceiling: 'a=3,b=4' })).toEqual([
      { name: 'anthropic', ceiling: 3 },
      { name: 'ollama', ceiling: 4 },
    ]);
    expect(chosen({ ceiling: 'x=3,anthropic=4' })).toEqual([
      { name: 'ollama', ceiling: 3 },
      { name: 'anthropic', ceiling: 4 },
    ]);
    expect(chosen({ ceiling: 'ollama=3' })).toEqual([{ name: 'ollama', ceiling: 3 }]);
    expect(chosen({ ceiling: 'anthropic=3,openai=4' })).toEqual([
      { name: 'anthropic', ceiling: 3 },
      { name: 'openai', ceiling: 4 },
    ]);
  });

  it('are told of faults and outages', () => {
    const flags = { fault429Share: '0.15', outage: 'b=30000@10000, anthropic=5@0:hang' };
    expect(circuitsSettings(flags, {}).provider).toEqual({
      kind: 'emulated',
      rateLimitedShare: 0.15,
      outages: [
        { name: 'ollama', kind: 'refuse', inMs: 10_000, forMs: 30_000 },
        { name: 'anthropic', kind: 'hang', inMs: 0, forMs: 5 },
      ],
    });
  });
});

describe('real providers', () => {
  it('get key and address from a flag, else from the environment', () => {
    const environment = { ANTHROPIC_API_KEY: 'env', OLLAMA_HOST: '0.0.0.0' };
    const provider = (flags: CircuitsFlags) => circuitsSettings(flags, environment).provider;
    const claude = { provider: 'anthropic', model: 'm' };
    expect(provider(claude)).toEqual({ kind: 'anthropic', model: 'm', apiKey: 'env' });
    expect(provider({ ...claude, apiKey: 'flag', anthropicUrl: 'http://h' })).toEqual({
      kind: 'anthropic',
      model: 'm',
      apiKey: 'flag',
      baseUrl: 'http://h',
    });
    const llama = { provider: 'ollama', model: 'm' };
    expect(provider(llama)).toMatchObject({ baseUrl: 'http://0.0.0.0:11434' });
    expect(provider({ ...llama, ollamaUrl: ':5000' })).toMatchObject({
      baseUrl: 'http://127.0.0.1:5000',
    });
    expect(circuitsSettings(llama, { OLLAMA_HOST: '' }).provider).toEqual({
      kind: 'ollama',
      model: 'm',
    });
  });

  it('have a modest ceiling unless told', () => {
    expect(circuitsSettings(real, {}).ceilings).toEqual([{ name: 'anthropic', ceiling: 50 }]);
    expect(circuitsSettings({ ...real, ceiling: 'a=7' }, {}).ceilings).toEqual([
      { name: 'anthropic', ceiling: 7 },
    ]);
  });
});

describe('promise 11: it refuses by field', () => {
  it.each(refused)('%s: %s', (field, reason, flags) => {
    const refusal = expect.objectContaining({ field, reason: expect.stringContaining(reason) });
    expect(() => circuitsSettings(flags, {})).toThrow(
      expect.objectContaining({ code: 'invalid-field', detail: refusal }),
    );
  });
});
