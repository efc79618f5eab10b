/** What the counts of an answer say of the context: whether the prompt was cut, and whether it is full. Pure. */
import type { TokenUsage } from '../../domain/catalogue.ts';
import type { OllamaBody } from './ollama-request.ts';

/** The tokens that a cutting server keeps from the beginning of the prompt, besides the half. */
const markTokens = 8;
/** Ordinary text has about 4. */
const charsPerTokenMax = 6;
/** The contexts that servers have by themselves. */
const usualTokens = [2_048, 4_096, 8_192, 16_384, 32_768];

export type Cut = {
  /** The size of the context is known. Otherwise an answer is not thrown away for it. */
  readonly isSure: boolean;
  readonly words: string;
};

/**
 * Whether the server cut the prompt. Old servers do not know `truncate` and cut it. The count of input
 * tokens shows a cut: the server has read the whole context, or half of it and a few tokens, of a
 * prompt that has far more characters than so few tokens hold. If the count leaves out what was cached, a
 * cut cannot be seen. Null where there is none.
 */
export function wasCut(body: OllamaBody, inputTokens: number): Cut | null {
  if (inputTokens === 0) return null;
  const { num_ctx: contextTokens } = body.options;
  const isLong = charsOf(body) > inputTokens * charsPerTokenMax;
  const read = `of the prompt only ${inputTokens} tokens were read`;
  if (typeof contextTokens === 'number') {
    const isCut = inputTokens >= contextTokens || (isLong && isHalf(contextTokens, inputTokens));
    return isCut ? { isSure: true, words: `${read}; raise contextTokens` } : null;
  }
  const isUsual = usualTokens.some((size) => inputTokens === size || isHalf(size, inputTokens));
  if (!isLong || !isUsual) return null;
  return { isSure: false, words: `${read}: the server seems to have cut it; give contextTokens` };
}

/** The answer has filled what the prompt left of the context. */
export function isFilled(body: OllamaBody, usage: TokenUsage): boolean {
  const { num_ctx: contextTokens, num_predict: tokensMax } = body.options;
  if (typeof contextTokens !== 'number') return false;
  const isAtBound = typeof tokensMax === 'number' && usage.outputTokens >= tokensMax;
  return !isAtBound && usage.inputTokens + usage.outputTokens >= contextTokens;
}

function isHalf(contextTokens: number, inputTokens: number): boolean {
  const half = Math.floor(contextTokens / 2);
  return inputTokens >= half && inputTokens <= half + markTokens;
}

function charsOf({ messages }: OllamaBody): number {
  return messages.reduce((sum, { content }) => sum + content.length, 0);
}
