/** Thinking: how it is asked for, and how it comes back. */
import { takesAdaptive, takesBudget, takesTemperature, thinksUnasked } from './anthropic-models.ts';
import type { AnthropicBlock, AnthropicMessage } from './anthropic-messages.ts';
import { type Fields, fieldsAt, oneOfAt, refuse, textAt, wholeAt } from './refusal.ts';
import { digestOf, type Seal, unsealed } from './sealed-reasoning.ts';

export type Thinking = 'budget' | 'adaptive' | 'off';

const budgetMin = 1_024;

/** How the request lets the model think, with all that must then stand beside it. */
export function thinkingIn(body: Fields): Thinking {
  const model = textAt(body['model'], 'model');
  const how = howIn(body, model);
  const { temperature, tool_choice: choice } = body;
  if (temperature !== undefined && temperature !== 1) {
    if (how !== 'off') refuse('`temperature` may only be set to 1 when thinking is enabled.');
    if (!takesTemperature(model)) refuse('`temperature` is deprecated for this model.');
  }
  if (choice !== undefined && how !== 'off') {
    const { type } = fieldsAt(choice, 'tool_choice');
    if (type === 'any' || type === 'tool') {
      refuse('Thinking may not be enabled when tool_choice forces tool use.');
    }
  }
  return how;
}

function howIn(body: Fields, model: string): Thinking {
  if (body['thinking'] === undefined) return thinksUnasked(model) ? 'adaptive' : 'off';
  const thinking = fieldsAt(body['thinking'], 'thinking');
  const types = ['enabled', 'adaptive', 'between_tools', 'disabled'] as const;
  const type = oneOfAt(thinking['type'], 'thinking.type', types);
  if (type === 'disabled') return 'off';
  if (type === 'enabled') {
    if (!takesBudget(model)) {
      const instead = 'Use "thinking.type.adaptive" and "output_config.effort"';
      refuse(`"thinking.type.enabled" is not supported for this model. ${instead}`);
    }
    const budget = wholeAt(thinking['budget_tokens'], 'thinking.enabled.budget_tokens', budgetMin);
    if (budget >= wholeAt(body['max_tokens'], 'max_tokens', 1)) {
      refuse('`max_tokens` must be greater than `thinking.budget_tokens`.');
    }
    return 'budget';
  }
  if (!takesAdaptive(model)) refuse('adaptive thinking is not supported on this model');
  return 'adaptive';
}

const isThinking = ({ type }: AnthropicBlock): boolean =>
  type === 'thinking' || type === 'redacted_thinking';

/** Messages of which successive ones of a role have become one. */
export function checkThinking(
  messages: readonly AnthropicMessage[],
  model: string,
  how: Thinking,
): void {
  messages.forEach(({ content }, i) => checkWhole(content, model, `messages.${i}`));
  const last = messages.findLastIndex(({ role }) => role === 'assistant');
  const blocks = messages[last]?.content ?? [];
  if (how === 'off' && blocks.some(isThinking)) {
    const words = 'When thinking is disabled, an `assistant` message in the final position cannot';
    refuse(`messages.${last}.content: ${words} contain \`thinking\``);
  }
  if (how === 'budget') checkBegin(messages);
}

/** The tool exchange that is not yet answered begins with thinking (opencode#3077). */
function checkBegin(messages: readonly AnthropicMessage[]): void {
  const isSpoken = ({ role, content }: AnthropicMessage): boolean =>
    role === 'user' && content.some(({ type }) => type !== 'tool_result');
  const from = messages.findLastIndex(isSpoken) + 1;
  if (from === messages.length) return;
  const first = messages[from]?.content[0];
  if (first === undefined || isThinking(first)) return;
  const found = `but found \`${first.type}\`.`;
  refuse(`messages.${from}.content.0: Expected \`thinking\` or \`redacted_thinking\`, ${found}`);
}

/** The thinking of each answer is there in order and whole, or not at all. */
function checkWhole(content: readonly AnthropicBlock[], model: string, at: string): void {
  let calls = 0;
  let before: Seal | null = null;
  const end = (): void => {
    if (before !== null && before.at !== before.of - 1) refuseModified(at);
  };
  content.forEach((block, i) => {
    if (block.type === 'tool_use') calls++;
    if (!isThinking(block)) return;
    const seal = sealOf(block, model, `${at}.content.${i}`);
    if (before?.answer !== seal.answer) {
      end();
      if (seal.at !== 0) refuseModified(at);
      calls = 0;
    } else if (seal.at !== before.at + 1) refuseModified(at);
    if (seal.calls !== calls) refuseModified(at);
    before = seal;
  });
  end();
}

function sealOf(block: AnthropicBlock, model: string, at: string): Seal {
  const field = block.type === 'thinking' ? 'signature' : 'data';
  const seal = unsealed(textAt(block[field], `${at}.${block.type}.${field}`));
  if (seal === null || seal.model !== model) {
    return refuse(`${at}: Invalid \`${field}\` in \`${block.type}\` block`);
  }
  if (block.type === 'redacted_thinking') return seal;
  const text = textAt(block['thinking'], `${at}.thinking.thinking`);
  const isSame = seal.digest === null ? text === '' : digestOf(text) === seal.digest;
  return isSame ? seal : refuseModified(at);
}

function refuseModified(at: string): never {
  const words =
    '`thinking` or `redacted_thinking` blocks in the latest assistant message cannot be';
  return refuse(
    `${at}: ${words} modified. They must remain as they were in the original response.`,
  );
}
