/** Bugs of histories, for the properties of requests to catch. */
import type { GenerateMessage, GenerateRequest } from '../../../src/domain/catalogue.ts';
import { fitHistory } from '../../../src/providers/history/fit-history.ts';

/** What a bug would send instead of the request whose history is valid. */
export type Damage = (valid: GenerateRequest, raw: GenerateRequest) => GenerateRequest;

type PlantedDamage = {
  readonly name: string;
  /** What the rules say of it. */
  readonly finding: RegExp;
  readonly damage: Damage;
};

export const asItIs: PlantedDamage = {
  name: 'a history that is sent as it is',
  finding: /^Refusal: /,
  damage: (_, raw) => raw,
};

export const reasoningLost: PlantedDamage = {
  name: 'reasoning that does not come back',
  finding: /reasoning is lost|Expected `thinking`/,
  damage: (valid) => ({ ...valid, messages: valid.messages?.map(withoutReasoning) ?? [] }),
};

export const reasoningAstray: PlantedDamage = {
  name: 'reasoning that goes to another model',
  finding: /gets what|Invalid `signature`|Invalid `data`/,
  damage: (valid, raw) => {
    const from = { provider: valid.provider ?? '', model: valid.model ?? '' };
    const messages = raw.messages?.map((message) => writtenBy(message, from)) ?? [];
    return fitHistory({ ...raw, messages }, from);
  },
};

export const resultMissing: PlantedDamage = {
  name: 'an interrupted tool call without a result',
  finding: /^Refusal: .*(tool|result)/,
  damage: (valid) => ({
    ...valid,
    messages: (valid.messages ?? []).filter(({ role, content }) => {
      return role !== 'tool' || !content.includes('was interrupted');
    }),
  }),
};

export const idDoubled: PlantedDamage = {
  name: 'two tool calls with one id',
  finding: /^Refusal: /,
  damage: (valid) => {
    const text = JSON.stringify(valid);
    const [first, ...others] = new Set(
      (valid.messages ?? []).flatMap((message) =>
        message.role === 'assistant' ? (message.toolCalls ?? []).map(({ id }) => id) : [],
      ),
    );
    const same = others.reduce(
      (said, id) => said.replaceAll(JSON.stringify(id), JSON.stringify(first)),
      text,
    );
    return JSON.parse(same) as GenerateRequest;
  },
};

function withoutReasoning(message: GenerateMessage): GenerateMessage {
  if (message.role !== 'assistant' || message.parts === undefined) return message;
  return { ...message, parts: message.parts.filter(({ type }) => type !== 'reasoning') };
}

function writtenBy(
  message: GenerateMessage,
  from: { readonly provider: string; readonly model: string },
): GenerateMessage {
  if (message.role !== 'assistant' || message.parts === undefined) return message;
  const parts = message.parts.map((part) =>
    part.type === 'reasoning' || part.type === 'opaque' ? { ...part, from } : part,
  );
  return { ...message, parts };
}
