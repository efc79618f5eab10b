/** Receivers of the inspector's frames: that of `@statelyai/inspect`, and a plain socket that also sees how it ends. */
import { createWebSocketReceiver } from '@statelyai/inspect';
import type { IncomingMessage } from 'node:http';
import { expect } from 'vitest';
import { WebSocket, type ClientOptions } from 'ws';
import { closeAfterTest } from '../../support/closing.ts';
import { eventually } from '../../support/heddle.ts';

export type Frame = {
  readonly type: string;
  readonly sessionId: string;
  readonly rootId: string;
  readonly parentId?: string;
  readonly name: string;
  readonly createdAt: string;
  readonly _version?: string;
  readonly definition: string;
  readonly event: { readonly type: string; readonly [field: string]: unknown };
  readonly snapshot: {
    readonly status: string;
    readonly value?: unknown;
    readonly context?: unknown;
    readonly output?: unknown;
    readonly error?: unknown;
  };
  /** heddle's own words have fields of their own. */
  readonly [field: string]: unknown;
};

export type Received = { readonly frames: readonly Frame[] };

const addressOf = (url: string, query: string): string =>
  `${url.replace(/^http/, 'ws')}/inspect${query}`;

/** As a program of a user's has it. It never closes. */
export function received(url: string, query: string): Received {
  const frames: Frame[] = [];
  const receiver = createWebSocketReceiver({ server: addressOf(url, query) });
  receiver.subscribe((frame) => void frames.push(frame as never));
  return { frames };
}

export type Socket = Received & {
  readonly webSocket: WebSocket;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
};

export async function connected(
  url: string,
  query: string,
  options: ClientOptions & { readonly protocols?: readonly string[] } = {},
): Promise<Socket> {
  const { protocols = [], ...rest } = options;
  const webSocket = new WebSocket(addressOf(url, query), [...protocols], rest);
  closeAfterTest(() => webSocket.terminate());
  const frames: Frame[] = [];
  webSocket.on('message', (data) => void frames.push(JSON.parse(String(data)) as Frame));
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    webSocket.on('close', (code, reason) => resolve({ code, reason: String(reason) }));
  });
  await new Promise((resolve, reject) => {
    webSocket.on('open', resolve);
    webSocket.on('error', reject);
  });
  webSocket.on('error', () => undefined);
  return { frames, webSocket, closed };
}

/** The answer to a handshake that is refused. */
export async function refused(
  url: string,
  query: string,
  options: ClientOptions & { readonly protocols?: readonly string[] } = {},
): Promise<{
  readonly status: number | undefined;
  readonly code: string;
  readonly detail: string;
}> {
  const { protocols = [], ...rest } = options;
  const webSocket = new WebSocket(addressOf(url, query), [...protocols], rest);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    webSocket.on('unexpected-response', (_request, given) => resolve(given));
    webSocket.on('open', () => reject(new Error('it was let in')));
    webSocket.on('error', reject);
  });
  let text = '';
  for await (const part of response) text += String(part);
  const { code, detail } = JSON.parse(text) as { code: string; detail: string };
  return { status: response.statusCode, code, detail };
}

export const of = ({ frames }: Received, type: string, sessionId?: string): Frame[] =>
  frames.filter(
    (frame) => frame.type === type && (sessionId === undefined || frame.sessionId === sessionId),
  );

/** The newest that is known of a run. */
export const newest = ({ frames }: Received, sessionId: string): Frame['snapshot'] | undefined =>
  frames.findLast((frame) => frame.sessionId === sessionId && 'snapshot' in frame)?.snapshot;

export async function hasActors(received: Received, count: number): Promise<void> {
  await eventually(async () => expect(of(received, '@xstate.actor')).toHaveLength(count));
}
