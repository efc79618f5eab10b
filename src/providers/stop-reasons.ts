/** The words by which providers say why an answer ended, as one list of words of heddle's own. */
import type { GenerateOutput, StopReason } from '../domain/catalogue.ts';

const words: Readonly<Record<string, StopReason>> = {
  end: 'end',
  'stop-sequence': 'stop-sequence',
  'tool-calls': 'tool-calls',
  'max-tokens': 'max-tokens',
  'context-full': 'context-full',
  refusal: 'refusal',
  // Anthropic.
  end_turn: 'end',
  stop_sequence: 'stop-sequence',
  tool_use: 'tool-calls',
  max_tokens: 'max-tokens',
  model_context_window_exceeded: 'context-full',
  // Chat completions, Ollama.
  stop: 'end',
  length: 'max-tokens',
  tool_calls: 'tool-calls',
  function_call: 'tool-calls',
  content_filter: 'refusal',
  // The AI SDK.
  'content-filter': 'refusal',
};

/** Why an answer ended: a word that is not known is kept beside `other`. */
export type Stop = Pick<GenerateOutput, 'stopReason' | 'rawStopReason'>;

/**
 * `word` as the provider said it. Some providers say that an answer with tool calls has simply ended; those
 * end for their tool calls.
 */
export function stopOf(word: string, hasToolCalls: boolean): Stop {
  const stopReason = Object.hasOwn(words, word) ? words[word] : undefined;
  if (stopReason === undefined) return { stopReason: 'other', rawStopReason: word };
  return { stopReason: stopReason === 'end' && hasToolCalls ? 'tool-calls' : stopReason };
}

const cutWords: Partial<Record<StopReason, string>> = {
  'max-tokens': 'the answer was cut at the most tokens that it may have',
  'context-full': "the answer was cut because the model's context was full",
  refusal: 'the answer was refused',
};

/** Why tool calls of an answer that ended so must not be carried out; undefined when they may be. */
export function cutText(stopReason: StopReason): string | undefined {
  return cutWords[stopReason];
}
