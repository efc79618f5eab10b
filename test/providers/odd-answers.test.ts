/**
 * Providers are other people's code: their shape is refused by field at the start, and an answer that
 * cannot be taken ends its call alone, and gives its slot on.
 */
import { assign, setup } from 'xstate';
import { describe, expect, it } from 'vitest';
import { catalogue, type Provider } from '../../src/index.ts';
import { createHeddle } from '../../src/heddle.ts';
import { asFault, checkProviders } from '../../src/providers/check-provider.ts';
import { ProviderFault } from '../../src/providers/port.ts';
import { oddKinds, oddValue } from '../support/odd-values.ts';
import { oneReplica } from '../support/replica.ts';

const call = () => Promise.reject(new Error('not asked'));
const good = { name: 'p', ceiling: 1, call };

const refused: readonly (readonly [unknown, string])[] = [
  [{}, 'providers must be'],
  [[null], 'providers[0] must be'],
  [[() => 1], 'providers[0] must be'],
  [[good, { ...good, name: undefined }], 'providers[1].name must be'],
  [[{ ...good, name: '' }], 'providers[0].name must be'],
  [[{ ...good, ceiling: undefined }], 'providers[0].ceiling must be'],
  [[{ ...good, ceiling: Number.NaN }], 'providers[0].ceiling must be'],
  [[{ ...good, ceiling: 0 }], 'providers[0].ceiling must be'],
  [[{ ...good, ceiling: '5' }], 'providers[0].ceiling must be'],
  [[{ ...good, ceiling: Infinity }], 'providers[0].ceiling must be'],
  [[{ ...good, startsAt: -1 }], 'providers[0].startsAt must be'],
  [[{ ...good, call: 'https://a' }], 'providers[0].call must be'],
  [[{ ...good, close: true }], 'providers[0].close must be'],
  [[{ ...good, models: 'one' }], 'providers[0].models must be'],
  [[{ ...good, models: [1] }], 'providers[0].models[0] must be'],
  [[{ ...good, tiers: { small: 1 } }], 'providers[0].tiers.small must be'],
];

describe('a provider', () => {
  it.each(refused)('of another shape is refused by its field: %o', (providers, words) => {
    const refusal = expect.objectContaining({
      code: 'invalid-field',
      message: expect.stringContaining(words),
    });
    expect(() => checkProviders(providers)).toThrow(refusal);
  });
  it.each(oddKinds)('is refused when it is %s', (kind) => {
    expect(() => checkProviders([oddValue(kind)])).toThrow(
      expect.objectContaining({ code: 'invalid-field' }),
    );
  });
  it('is looked at before anything is opened', async () => {
    const options = { providers: [{ ...good, ceiling: Number.NaN }], directory: '/nowhere/at/all' };
    await expect(createHeddle(options)).rejects.toThrow('providers[0].ceiling must be');
  });
});

const answer = {
  text: 'fine',
  toolCalls: [],
  stopReason: 'end',
  usage: { inputTokens: 1, outputTokens: 1 },
  provider: 'odd',
  model: 'm',
};
const asking = setup({ actors: { ...catalogue } }).createMachine({
  id: 'asking',
  context: { heard: null },
  initial: 'asking',
  states: {
    asking: {
      invoke: {
        id: 'call',
        src: 'generate',
        input: { prompt: 'x' },
        onDone: { target: 'over', actions: assign({ heard: ({ event }) => event.output.text }) },
        onError: { target: 'over', actions: assign({ heard: ({ event }) => event.error }) },
      },
    },
    over: { type: 'final' },
  },
  output: ({ context }) => context['heard'] as unknown,
});

/** Two runs, one slot: the first is given `first`, the second a good answer. */
async function inTurn(first: () => unknown) {
  const answers = [first, () => answer];
  const provider = {
    name: 'odd',
    ceiling: 1,
    call: async () => answers.shift()?.(),
  } as unknown as Provider;
  const { heddle, clock } = await oneReplica({ agents: [asking], providers: [provider] });
  const runs = await heddle.startAll([{ agent: 'asking' }, { agent: 'asking' }]);
  await clock.advance(1_000);
  return Promise.all(runs.map((run) => run.output({ timeoutMs: 0 })));
}

const broken: Record<string, () => unknown> = {
  'without usage': () => ({ ...answer, usage: undefined }),
  'with usage that is no number': () => ({
    ...answer,
    usage: { inputTokens: NaN, outputTokens: 1 },
  }),
  'without tool calls': () => ({ ...answer, toolCalls: undefined }),
  'with a tool call without name': () => ({ ...answer, toolCalls: [{ id: 'a', input: {} }] }),
  'without text': () => ({ ...answer, text: undefined }),
  'without a reason to stop': () => ({ ...answer, stopReason: 7 }),
};

describe('an answer', () => {
  it.each([...Object.keys(broken), ...oddKinds])(
    'that is %s ends its call, and its slot goes on',
    async (kind) => {
      const [odd, next] = await inTurn(
        broken[kind] ?? (() => ({ in: oddValue(kind), usage: oddValue(kind) })),
      );
      expect(odd).toMatchObject({ name: 'HeddleError', code: 'provider-answer-invalid' });
      expect(next).toBe('fine');
    },
  );
});

describe('a fault', () => {
  it('of no known kind is none, and an odd wait is none', () => {
    expect(asFault(new ProviderFault('weird' as never, 'x'))).toBeNull();
    expect(asFault(new ProviderFault('rate-limited', 'x', Number.NaN))?.retryAfterMs).toBeNull();
    for (const kind of oddKinds) expect(asFault(oddValue(kind))).toBeNull();
  });
});
