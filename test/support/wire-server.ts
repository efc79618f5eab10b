/**
 * A server of raw sockets that says byte for byte what a test tells it. It reads HTTP requests well
 * enough for the providers' SDKs and leaves every byte of the answer to the test.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

export type WireRequest = {
  readonly line: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly socket: Socket;
};

export class WireServer {
  readonly requests: WireRequest[] = [];
  open = 0;
  peakOpen = 0;
  /** Sockets that the other side has closed. */
  closed = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #handle: (request: WireRequest) => void;

  private constructor(handle: (request: WireRequest) => void) {
    this.#handle = handle;
    this.#server = createServer((socket) => this.#take(socket));
  }

  static async start(handle: (request: WireRequest) => void): Promise<WireServer> {
    const server = new WireServer(handle);
    await new Promise<void>((resolve) => {
      server.#server.listen(0, '127.0.0.1', () => resolve());
    });
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #take(socket: Socket): void {
    this.#sockets.add(socket);
    this.open += 1;
    this.peakOpen = Math.max(this.peakOpen, this.open);
    let received = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('end', () => (this.closed += 1));
    socket.on('close', (hadError) => {
      if (hadError) this.closed += 1;
      this.open -= 1;
      this.#sockets.delete(socket);
    });
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      for (;;) {
        const read = readRequest(received, socket);
        if (read === null) return;
        received = received.subarray(read.bytes);
        this.requests.push(read.request);
        this.#handle(read.request);
      }
    });
  }
}

function readRequest(
  received: Buffer,
  socket: Socket,
): { readonly request: WireRequest; readonly bytes: number } | null {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd < 0) return null;
  const [line = '', ...rest] = received.subarray(0, headEnd).toString().split('\r\n');
  const headers = Object.fromEntries(
    rest.map((one) => {
      const colon = one.indexOf(':');
      return [one.slice(0, colon).toLowerCase(), one.slice(colon + 1).trim()];
    }),
  );
  const bytes = headEnd + 4 + Number(headers['content-length'] ?? 0);
  if (received.length < bytes) return null;
  const body = received.subarray(headEnd + 4, bytes).toString();
  return { request: { line, headers, body, socket }, bytes };
}

/** The head of an answer whose body comes in chunks. */
export function head(status = 200, headers: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Whatever\r\ntransfer-encoding: chunked\r\n${lines.join('')}\r\n`;
}

export function chunk(body: string | Uint8Array): Buffer {
  const bytes = Buffer.from(body);
  return Buffer.concat([
    Buffer.from(`${bytes.length.toString(16)}\r\n`),
    bytes,
    Buffer.from('\r\n'),
  ]);
}

export const lastChunk = '0\r\n\r\n';

/** A whole answer, each piece a chunk of its own. */
export function whole(
  pieces: readonly (string | Uint8Array)[],
  { status = 200, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
): Buffer {
  const parts = pieces.filter((piece) => piece.length > 0).map((piece) => chunk(piece));
  return Buffer.concat([Buffer.from(head(status, headers)), ...parts, Buffer.from(lastChunk)]);
}
