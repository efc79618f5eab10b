/** Models of the AI SDK for tests: real adapters of versions 5 and 6, and one of V4 written by hand. */
import type { LanguageModel } from '../../../src/index.ts';

/** What a model of the hand gives: parts of a stream, or an error that its `doStream` rejects with. */
export type Given = readonly object[] | Error;

export type HandModel = LanguageModel & {
  /** The options of every call. */
  readonly asked: readonly Record<string, never>[];
};

/** Each call gives the next of these; the last one again and again. */
export function handModel(
  version: LanguageModel['specificationVersion'],
  ...given: readonly Given[]
): HandModel {
  const asked: Record<string, never>[] = [];
  const next = (options: unknown): Given => {
    asked.push(options as Record<string, never>);
    return given[Math.min(asked.length, given.length) - 1] ?? [];
  };
  return {
    specificationVersion: version,
    provider: 'hand',
    modelId: 'made',
    asked,
    doStream: async (options: never) => {
      const parts = next(options);
      if (parts instanceof Error) throw parts;
      return Promise.resolve({ stream: streamOf(parts) });
    },
    doGenerate: async (options: never) => {
      const result = next(options);
      if (result instanceof Error) throw result;
      return Promise.resolve(result[0]);
    },
  };
}

function streamOf(parts: readonly object[]): ReadableStream<unknown> {
  return new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(part);
      controller.close();
    },
  });
}

/** The usage of a version, with counts of every kind. */
function usage(version: LanguageModel['specificationVersion']): object {
  if (version === 'v2') {
    return {
      inputTokens: 10,
      outputTokens: 6,
      totalTokens: 16,
      reasoningTokens: 4,
      cachedInputTokens: 3,
    };
  }
  const inputTokens = { total: 10, noCache: 5, cacheRead: 3, cacheWrite: 2 };
  return { inputTokens, outputTokens: { total: 6, text: 2, reasoning: 4 } };
}

export function finish(version: LanguageModel['specificationVersion'], word = 'stop'): object {
  const finishReason = version === 'v2' ? word : { unified: word, raw: `raw-${word}` };
  return { type: 'finish', finishReason, usage: usage(version) };
}
