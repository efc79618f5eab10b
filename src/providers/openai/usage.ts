/** The tokens that a server of chat completions counts, in each of the forms in which servers tell them. */
import type { TokenUsage } from '../../domain/catalogue.ts';
import { countIn, isFields } from './fields.ts';

/** Null where no count came. */
export function usageIn(usage: unknown): TokenUsage | null {
  if (!isFields(usage)) return null;
  const input = countIn(usage['prompt_tokens']);
  const completion = countIn(usage['completion_tokens']);
  if (input === null && completion === null) return null;
  const total = countIn(usage['total_tokens']) ?? 0;
  const inputTokens = input ?? 0;
  const of = (key: string, detail: string): number => {
    const details = usage[key];
    return isFields(details) ? (countIn(details[detail]) ?? 0) : 0;
  };
  const cacheReadTokens =
    of('prompt_tokens_details', 'cached_tokens') ||
    // DeepSeek.
    (countIn(usage['prompt_cache_hit_tokens']) ?? 0);
  // OpenRouter.
  const cacheWriteTokens = of('prompt_tokens_details', 'cache_write_tokens');
  const reasoningTokens = of('completion_tokens_details', 'reasoning_tokens');
  return {
    inputTokens,
    // Some servers count reasoning only in the total.
    outputTokens: Math.max(completion ?? 0, total - inputTokens),
    ...(cacheReadTokens > 0 ? { cacheReadTokens } : {}),
    ...(cacheWriteTokens > 0 ? { cacheWriteTokens } : {}),
    ...(reasoningTokens > 0 ? { reasoningTokens } : {}),
  };
}
