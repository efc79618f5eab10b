/** heddle behind real sockets: a heddle of a test's database with its server, and short ways to ask it. */
import { assign, setup } from 'xstate';
import type { Heddle, HeddleOptions } from '../../src/index.ts';
import { serve, type ServeOptions } from '../../src/server.ts';
import { approval } from '../../machines/examples/approval.ts';
import { closeAfterFile } from '../support/closing.ts';
import { openHeddle } from '../support/heddle.ts';
import { script } from '../support/script-agent.ts';

type Reply = {
  readonly status: number;
  readonly headers: Headers;
  /** The body as JSON; the text where it is none. */
  // oxlint-disable-next-line typescript/no-explicit-any -- each test says what it expects in it
  readonly body: any;
};

export type Served = {
  readonly heddle: Heddle;
  readonly url: string;
  ask(method: string, path: string, body?: unknown, headers?: object): Promise<Reply>;
  close(): Promise<void>;
};

/** Its first step throws. */
const torn = setup({}).createMachine({
  id: 'torn',
  entry: assign(() => {
    throw new Error('the thread is torn');
  }),
});

export async function served(
  databaseUrl: string,
  options: ServeOptions = {},
  heddleOptions: HeddleOptions = {},
): Promise<Served> {
  const { heddle } = await openHeddle(databaseUrl, {
    agents: [script, approval, torn],
    ...heddleOptions,
  });
  const server = await serve(heddle, { port: 0, ...options }).catch(async (error: unknown) => {
    await heddle.close();
    throw error;
  });
  const close = async (): Promise<void> => {
    await server.close();
    await heddle.close();
  };
  closeAfterFile(close);
  return { heddle, url: server.url, close, ask: asking(server.url) };
}

export function asking(url: string): Served['ask'] {
  return async (method, path, body, headers = {}) => {
    const given = body === undefined ? {} : { body: JSON.stringify(body) };
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const reply = await fetch(url + path, { method, ...given, headers: { ...type, ...headers } });
    const text = await reply.text();
    let parsed: unknown = text;
    try {
      parsed = JSON.parse(text);
    } catch {
      // A page, or nothing.
    }
    return { status: reply.status, headers: reply.headers, body: parsed };
  };
}
