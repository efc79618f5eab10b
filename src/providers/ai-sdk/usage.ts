/** The token counts of an AI SDK model, flat as in V2 or nested as since V3. Any count may be missing. */
import type { TokenUsage } from '../../domain/catalogue.ts';
import { capacityDefaults } from '../../domain/capacity-settings.ts';
import { propertyOf } from '../../domain/thrown.ts';

const { charsPerToken } = capacityDefaults.given;

type Counted = { readonly usage: TokenUsage; readonly isEstimated: boolean };

/** A count of input or output that is missing is estimated from characters, so that budgets count it. */
export function usageOf(
  usage: unknown,
  { inputChars, outputChars }: { readonly inputChars: number; readonly outputChars: number },
): Counted {
  const input = propertyOf(usage, 'inputTokens');
  const output = propertyOf(usage, 'outputTokens');
  const sent = countOf(input) ?? countOf(propertyOf(input, 'total'));
  const made = countOf(output) ?? countOf(propertyOf(output, 'total'));
  const some = (key: keyof TokenUsage, count: number | undefined): Partial<TokenUsage> =>
    count === undefined || count === 0 ? {} : { [key]: count };
  const read =
    countOf(propertyOf(usage, 'cachedInputTokens')) ?? countOf(propertyOf(input, 'cacheRead'));
  const thought =
    countOf(propertyOf(usage, 'reasoningTokens')) ?? countOf(propertyOf(output, 'reasoning'));
  return {
    usage: {
      inputTokens: sent ?? Math.ceil(inputChars / charsPerToken),
      outputTokens: made ?? Math.ceil(outputChars / charsPerToken),
      ...some('cacheReadTokens', read),
      ...some('cacheWriteTokens', countOf(propertyOf(input, 'cacheWrite'))),
      ...some('reasoningTokens', thought),
    },
    isEstimated: sent === undefined || made === undefined,
  };
}

function countOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
