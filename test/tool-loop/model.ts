/** A model that says what a test gives it, and keeps all that it was sent. */
import type {
  GenerateRequest,
  GenerateMessage,
  ProviderAnswer,
  Json,
  Provider,
} from '../../src/index.ts';

export type Said = Partial<ProviderAnswer> & { readonly calls?: readonly ModelCall[] };
type ModelCall = {
  readonly name: string;
  readonly input: Json;
  readonly invalid?: string;
};

export type Model = Provider & { readonly heard: readonly GenerateRequest[] };

/** `say` is given the number of the call, from 1; what it does not say is the end of the turn. */
export function model(
  say: (call: number, input: GenerateRequest) => Said | undefined | Promise<Said | undefined>,
): Model {
  const heard: GenerateRequest[] = [];
  return {
    name: 'model',
    ceiling: 10,
    heard,
    call: async ({ input }) => {
      heard.push(input);
      const at = heard.length;
      const { calls = [], ...rest } = (await say(at, input)) ?? { text: 'Done.' };
      return {
        text: '',
        toolCalls: calls.map((call, i) => ({ id: `${input.messages?.length ?? 0}-${i}`, ...call })),
        stopReason: calls.length > 0 ? 'tool-calls' : 'end',
        usage: { inputTokens: 10, outputTokens: 1 },
        provider: 'model',
        model: 'm',
        ...rest,
      };
    },
  };
}

/** A tool result: its text, in a list of its own when it is an error. */
export type Told = string | readonly [string];

/** What the model was told of its last tool calls. */
export function lastResults(input: GenerateRequest | undefined): Told[] {
  const messages = input?.messages ?? [];
  const told: Told[] = [];
  for (const message of messages.slice(messages.findLastIndex(isAssistant) + 1)) {
    if (message.role === 'tool')
      told.push(message.isError === true ? [message.content] : message.content);
  }
  return told;
}

function isAssistant({ role }: GenerateMessage): boolean {
  return role === 'assistant';
}
