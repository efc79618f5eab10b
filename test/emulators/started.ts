/** Emulators that end with the test that started them, and the real SDKs to talk to them. */
import Anthropic from '@anthropic-ai/sdk';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import {
  startEmulator,
  type Emulator,
  type EmulatorOptions,
} from '../../src/emulators/emulator.ts';
import { closeAfterTest } from '../support/closing.ts';

export async function begun(options: EmulatorOptions): Promise<Emulator> {
  const emulator = await startEmulator(options);
  closeAfterTest(() => emulator.close());
  return emulator;
}

type Rest = Omit<EmulatorOptions, 'protocol'>;

export async function anthropic(options: Rest = {}) {
  const emulator = await begun({ protocol: 'anthropic', ...options });
  return { emulator, client: anthropicAt(emulator.url) };
}

export async function openai(options: Rest = {}) {
  const emulator = await begun({ protocol: 'openai', ...options });
  return { emulator, client: openaiAt(emulator.url) };
}

export async function ollama(options: Rest = {}) {
  const emulator = await begun({ protocol: 'ollama', ...options });
  return { emulator, client: new Ollama({ host: emulator.url }) };
}

/** heddle owns all retries, so the SDK's are off here as there; and it is quiet about broken events. */
export function anthropicAt(baseURL: string): Anthropic {
  return new Anthropic({ apiKey: 'any', baseURL, maxRetries: 0, logLevel: 'off' });
}

export function openaiAt(url: string): OpenAI {
  return new OpenAI({ apiKey: 'any', baseURL: `${url}/v1`, maxRetries: 0, logLevel: 'off' });
}

export const ask = (content = 'What is a heddle?') => ({
  model: 'emulated',
  max_tokens: 1_024,
  messages: [{ role: 'user' as const, content }],
});

export const chat = (content = 'What is a heddle?') => ({
  model: 'emulated',
  messages: [{ role: 'user', content }],
});

export async function collected<Event>(events: AsyncIterable<Event>): Promise<Event[]> {
  const all: Event[] = [];
  for await (const event of events) all.push(event);
  return all;
}

/** What a promise was rejected with, as far as errors of all SDKs have it. */
export type Failure = {
  readonly name: string;
  readonly message: string;
  readonly status?: number;
  readonly status_code?: number;
  readonly type?: string | null;
  readonly errorCode?: string | null;
  readonly headers?: Headers;
  readonly cause?: unknown;
};

export async function failure(promise: Promise<unknown>): Promise<Failure> {
  return promise.then(
    (value) => {
      throw new Error(`expected a failure, but got ${JSON.stringify(value)}`);
    },
    // As a plain object, so that matchers look at its fields and not only at its being an error.
    (error: Failure) => ({
      ...error,
      name: error.name,
      message: error.message,
      cause: error.cause,
    }),
  );
}

/** Waits for what happens soon, without saying when. */
export async function until(isSo: () => boolean): Promise<void> {
  for (let turns = 0; !isSo(); turns++) {
    if (turns > 5_000) throw new Error('it did not come to pass');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
