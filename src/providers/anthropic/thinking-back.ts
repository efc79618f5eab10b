/**
 * Thinking of earlier answers, as it goes back with a request. Pure.
 *
 * 1. A request that lets the model not think holds no thinking: the API refuses it in the last answer, and
 *    looks at it in no other.
 * 2. A model that gets a number of tokens for its thinking must have begun the open tool exchange with thinking.
 *    Otherwise it goes on without until the exchange ends.
 */
import type { GenerateRequest } from '../../domain/catalogue.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { Block, Message } from './anthropic-blocks.ts';
import { type Thought, thinksUnasked } from './thinking.ts';

type Fitted = Thought & { readonly messages: readonly Message[] };

export function withThinkingBack(
  messages: readonly Message[],
  { fields, notes }: Thought,
  {
    input,
    ...to
  }: {
    readonly input: Pick<GenerateRequest, 'providerOptions'>;
    readonly model: string;
    readonly provider: string;
  },
): Fitted {
  const type = ownType(input, to.provider) ?? fields.thinking?.type;
  const isOn = type === undefined ? thinksUnasked(to.model) : type !== 'disabled';
  if (!isOn) return { fields, notes, messages: withoutThinking(messages) };
  if (type !== 'enabled' || fields.thinking?.type !== 'enabled' || begins(messages)) {
    return { fields, notes, messages };
  }
  const note =
    'reasoning was left out: the tool exchange began without, and it is not yet answered.';
  return {
    fields: { ...fields, thinking: { type: 'disabled' } },
    notes: [...notes, note],
    messages: withoutThinking(messages),
  };
}

/** As the call gives it in the words of the API. */
function ownType({ providerOptions = {} }: Pick<GenerateRequest, 'providerOptions'>, name: string) {
  const own = Object.hasOwn(providerOptions, name)
    ? providerOptions[name]?.['thinking']
    : undefined;
  if (typeof own !== 'object' || own === null) return undefined;
  const { type } = own as JsonObject;
  return typeof type === 'string' ? type : undefined;
}

const isThinking = ({ type }: Block): boolean =>
  type === 'thinking' || type === 'redacted_thinking';

/** True where no tool exchange is open, too. */
function begins(messages: readonly Message[]): boolean {
  const isSpoken = ({ role, content }: Message): boolean =>
    role === 'user' && content.some(({ type }) => type !== 'tool_result');
  const [first] = messages.slice(messages.findLastIndex(isSpoken) + 1);
  return first === undefined || first.content.slice(0, 1).some(isThinking);
}

function withoutThinking(messages: readonly Message[]): readonly Message[] {
  if (!messages.some(({ content }) => content.some(isThinking))) return messages;
  return messages
    .map(({ role, content }) => ({ role, content: content.filter((block) => !isThinking(block)) }))
    .filter(({ content }) => content.length > 0);
}
