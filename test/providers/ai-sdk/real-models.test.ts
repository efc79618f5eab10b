/** Real models of AI SDK 5 and 6 as providers, over an emulator's sockets; their types fit as they come. */
import { MockLanguageModelV2 } from 'ai-v5/test';
import { MockLanguageModelV3 } from 'ai-v6/test';
import { createAnthropic as anthropicV2 } from 'ai-anthropic-v2';
import { createAnthropic as anthropicV3 } from 'ai-anthropic-v3';
import { expect, it } from 'vitest';
import { languageModel, type LanguageModel, type Provider } from '../../../src/index.ts';
import type { PartialScript } from '../../../src/emulators/emulator.ts';
import { asAnswer } from '../../../src/providers/check-answer.ts';
import { begun } from '../../emulators/started.ts';

/** Compiles only if the models fit as they come. */
const mocks: readonly LanguageModel[] = [new MockLanguageModelV2(), new MockLanguageModelV3()];

it('takes the models of both versions by their types', () => {
  expect(mocks.map((model) => languageModel(model).name)).toEqual([
    'mock-provider:mock-model-id',
    'mock-provider:mock-model-id',
  ]);
});

const makers = [
  ['5', anthropicV2],
  ['6', anthropicV3],
] as const;

async function emulated(
  make: (typeof makers)[number][1],
  script: PartialScript = {},
): Promise<Provider> {
  const emulator = await begun({ protocol: 'anthropic', script });
  const made = make({ apiKey: 'key-of-the-test', baseURL: `${emulator.url}/v1` });
  return languageModel(made('claude-sonnet-4-5'), { name: 'far', ceiling: 2 });
}

it.each(makers)('answers through AI SDK %s', async (_version, make) => {
  const provider = await emulated(make);
  const { signal } = new AbortController();
  const texts: string[] = [];
  const input = { prompt: 'What is heddle?' };
  const given = await provider.call({
    input,
    idempotencyKey: 'k',
    attempt: 1,
    signal,
    onDelta: (delta) => delta.type === 'text' && texts.push(delta.text),
  });
  const answer = asAnswer(provider, input, given);
  expect(answer.stopReason).toBe('end');
  expect(answer.text).not.toBe('');
  expect(texts.join('')).toBe(answer.text);
  expect(answer.usage.outputTokens).toBeGreaterThan(0);
});

it.each(makers)('waits as the provider asks, through AI SDK %s', async (_version, make) => {
  const provider = await emulated(make, { ceiling: 1, latencyMs: 500 });
  const { signal } = new AbortController();
  const call = (idempotencyKey: string) =>
    provider.call({ input: { prompt: 'q' }, idempotencyKey, attempt: 1, signal });
  const first = call('one');
  await new Promise((resolve) => setTimeout(resolve, 150));
  await expect(call('two')).rejects.toMatchObject({
    kind: 'rate-limited',
    retryAfterMs: expect.any(Number) as number,
  });
  await first;
});
