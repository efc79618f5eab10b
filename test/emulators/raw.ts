/** A call byte by byte, as no SDK shows it: what arrived, and how the connection ended. */
import { connect } from 'node:net';
import type { Emulator } from '../../src/emulators/emulator.ts';
import { ask, chat } from './started.ts';

type Raw = {
  readonly status: number | null;
  readonly headers: string;
  /** What came behind the headers, as it came: with the chunks' sizes in it. */
  readonly body: string;
};

export type RawCall = {
  /** What has come so far. */
  readonly now: () => Raw;
  /** Resolves when the server has ended the connection. */
  readonly ended: Promise<Raw>;
  readonly hangUp: () => void;
};

const paths = {
  anthropic: '/v1/messages',
  ollama: '/api/chat',
  openai: '/v1/chat/completions',
} as const;

export function rawCall({ port, protocol }: Emulator, { stream = true } = {}): RawCall {
  const body = JSON.stringify({ ...(protocol === 'anthropic' ? ask() : chat()), stream });
  const path = paths[protocol];
  const socket = connect(port, '127.0.0.1');
  let received = '';
  const now = (): Raw => {
    const end = received.indexOf('\r\n\r\n');
    const headers = end < 0 ? received : received.slice(0, end);
    const status = /^HTTP\/1.1 (\d+)/.exec(headers)?.[1];
    const rest = end < 0 ? '' : received.slice(end + 4);
    return { status: status === undefined ? null : Number(status), headers, body: rest };
  };
  socket.setEncoding('utf8').on('data', (part: string) => (received += part));
  socket.on('error', () => {});
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: emulator\r\nauthorization: Bearer any\r\nanthropic-version: 1\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  const ended = new Promise<Raw>((resolve) => socket.on('close', () => resolve(now())));
  return { now, ended, hangUp: () => socket.destroy() };
}

/** The body without its chunks' sizes. */
export function unchunked(body: string): string {
  let text = '';
  for (let rest = body; rest !== '';) {
    const at = rest.indexOf('\r\n');
    const size = Number.parseInt(rest.slice(0, at), 16);
    if (!(size > 0)) break;
    text += rest.slice(at + 2, at + 2 + size);
    rest = rest.slice(at + 2 + size + 2);
  }
  return text;
}

/** How a new connection fares: no client's pool of old ones has a part in it. */
export function connecting(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve('connected');
    });
    socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? 'failed'));
  });
}
