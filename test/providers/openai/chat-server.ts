/** A server of chat completions that answers with what a test gives it, and a provider that speaks to it. */
import type { GenerateRequest, ProviderAnswer } from '../../../src/domain/catalogue.ts';
import {
  createOpenaiCompatible,
  type OpenaiCompatibleOptions,
} from '../../../src/providers/openai/openai-compatible.ts';
import type { ProviderCall } from '../../../src/providers/port.ts';
import { callOf, type ClosableProvider } from '../../support/provider-wires.ts';
import { whole, WireServer } from '../../support/wire-server.ts';

type Sent = Readonly<Record<string, unknown>> & {
  readonly messages: readonly Readonly<Record<string, unknown>>[];
};

export const event = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
export const delta = (piece: object): string => event({ choices: [{ index: 0, delta: piece }] });
export const finish = (reason: string): string =>
  event({ model: 'm-1', choices: [{ index: 0, delta: {}, finish_reason: reason }] });
export const counts = (usage: object): string => event({ choices: [], usage });
export const done = 'data: [DONE]\n\n';

export class ChatServer {
  readonly #server: WireServer;
  readonly #providers: ClosableProvider[] = [];
  #bytes: Buffer = Buffer.alloc(0);

  private constructor(server: WireServer) {
    this.#server = server;
  }

  static async start(): Promise<ChatServer> {
    const server = await WireServer.start(({ socket }) => socket.end(chat.#bytes));
    const chat = new ChatServer(server);
    return chat;
  }

  get url(): string {
    return `${this.#server.url}/v1`;
  }

  provider(more: Partial<OpenaiCompatibleOptions> = {}): ClosableProvider {
    const provider = createOpenaiCompatible({
      name: 'local',
      baseUrl: this.url,
      model: 'm-1',
      ceiling: 4,
      ...more,
    });
    this.#providers.push(provider);
    return provider;
  }

  /** What the server answers from now on. */
  says(
    pieces: readonly (string | Uint8Array)[],
    as: { status?: number; headers?: Record<string, string> } = {},
  ): void {
    this.#bytes = whole(pieces, as);
  }

  /** The answer to these events. */
  async answer(
    pieces: readonly (string | Uint8Array)[],
    {
      call = {},
      ...options
    }: Partial<OpenaiCompatibleOptions> & { call?: Partial<ProviderCall> } = {},
  ): Promise<ProviderAnswer> {
    this.says(pieces);
    return this.provider(options).call(callOf(call));
  }

  /** The body that leaves for this input. */
  async sent(
    input: GenerateRequest,
    options: Partial<OpenaiCompatibleOptions> = {},
  ): Promise<Sent> {
    await this.answer([finish('stop'), done], { ...options, call: { input } });
    return JSON.parse(this.#server.requests.at(-1)?.body ?? 'null') as Sent;
  }

  get lastHeaders(): Readonly<Record<string, string>> {
    return this.#server.requests.at(-1)?.headers ?? {};
  }

  async close(): Promise<void> {
    for (const provider of this.#providers.splice(0)) await provider.close();
    await this.#server.close();
  }
}
