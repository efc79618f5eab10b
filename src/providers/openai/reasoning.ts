/**
 * Reasoning in chat completions. Servers put it into one of two fields, and expect it back in the same: so
 * the part's `signature` is the name of the field, by which the server knows its own reasoning again.
 */
export const reasoningFields = ['reasoning', 'reasoning_content'] as const;
export type ReasoningField = (typeof reasoningFields)[number];

/** DeepSeek's, which is the only one that is required. */
export function fieldOf(signature: string | undefined): ReasoningField {
  return reasoningFields.find((field) => field === signature) ?? 'reasoning_content';
}
