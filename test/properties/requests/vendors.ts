/** The vendors that requests go to: each with heddle's way to write its body, and with its rules. */
import type { GenerateRequest } from '../../../src/domain/catalogue.ts';
import { anthropicRequest } from '../../../src/providers/anthropic/anthropic-request.ts';
import { createAnthropic } from '../../../src/providers/anthropic/anthropic.ts';
import { createOllama } from '../../../src/providers/ollama/ollama.ts';
import { ollamaRequest } from '../../../src/providers/ollama/ollama-request.ts';
import { chatRequest } from '../../../src/providers/openai/chat-request.ts';
import { createOpenaiCompatible } from '../../../src/providers/openai/openai-compatible.ts';
import { resolveOptions } from '../../../src/providers/openai/options.ts';
import type { Provider } from '../../../src/providers/port.ts';
import { modelOf } from '../../../src/providers/wire/adapter-options.ts';
import { anthropicRefusal } from './rules/anthropic.ts';
import { ollamaRefusal } from './rules/ollama.ts';
import { openaiRefusal } from './rules/openai.ts';
import { type Fields, isFields } from './rules/refusal.ts';

type Protocol = 'anthropic' | 'ollama' | 'openai';
export type Vendor = {
  readonly protocol: Protocol;
  /** heddle's own, with all that routing and history look at. */
  readonly provider: Provider;
  readonly model: string;
  /** The body that leaves, as the vendor reads it. */
  readonly bodyOf: (input: GenerateRequest) => Fields;
  readonly refusal: (body: unknown) => string | null;
};

const claude = [
  'claude-sonnet-4-5',
  'claude-opus-4-6',
  'claude-opus-4-7',
  'claude-sonnet-5',
] as const;
const chats = ['gpt-5', 'deepseek-r2'] as const;
const locals = ['qwen3', 'gpt-oss:20b'] as const;

/** One for each provider and model. Two of the providers serve the same models. */
export const vendors: readonly Vendor[] = [
  ...claude.map((model) => anthropicVendor('anthropic', model)),
  anthropicVendor('gateway', claude[0]),
  ...locals.map(ollamaVendor),
  ...chats.map(openaiVendor),
];

function read(text: string): Fields {
  const body: unknown = JSON.parse(text);
  if (!isFields(body)) throw new TypeError('the body is no object');
  return body;
}

function anthropicVendor(name: string, model: string): Vendor {
  const provider = createAnthropic({ name, apiKey: 'key', model: claude[0], models: claude });
  return {
    protocol: 'anthropic',
    provider,
    model,
    refusal: anthropicRefusal,
    bodyOf: (input) => {
      const asked = modelOf(input, { model: claude[0] });
      const to = { model: asked, provider: name, maxTokens: 4_096, style: null };
      return read(JSON.stringify(anthropicRequest(input, to).body));
    },
  };
}

function ollamaVendor(model: string): Vendor {
  const provider = createOllama({ model: locals[0], models: locals });
  return {
    protocol: 'ollama',
    provider,
    model,
    refusal: ollamaRefusal,
    bodyOf: (input) => {
      const to = { model: modelOf(input, { model: locals[0] }), provider: provider.name };
      const settings = { contextTokens: 8_192, keepAlive: '5m', options: { seed: 7 } };
      return read(JSON.stringify(ollamaRequest(input, to, settings).body));
    },
  };
}

function openaiVendor(model: string): Vendor {
  const baseUrl = 'http://127.0.0.1:1/v1';
  const options = { name: 'chat', baseUrl, model: chats[0], models: chats, ceiling: 1 };
  const { settings } = resolveOptions(options);
  return {
    protocol: 'openai',
    provider: createOpenaiCompatible(options),
    model,
    refusal: openaiRefusal,
    bodyOf: (input) => {
      const to = { model: modelOf(input, { model: chats[0] }), provider: options.name };
      return read(chatRequest(input, to, settings).body);
    },
  };
}
