/**
 * The listener of an emulator. It can be shut, and opened again on the same port. It owns the
 * server's socket and the connections; fastify handles the requests.
 *
 * 1. When `shut` has resolved, no connection is left, the calls on them have been told, and new
 *    connections are refused.
 * 2. Opening and shutting happen one after the other: each waits until the change before it is
 *    done.
 */
import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** While the door is shut, another socket may take the port; usually it is free again soon. */
const openAttemptsMax = 100;
const openAgainMs = 50;

export class Door {
  readonly #server: Server;
  readonly #host: string;
  readonly #sockets = new Set<Socket>();
  #port: number;
  #change: Promise<void> = Promise.resolve();

  constructor(server: Server, { host, port }: { readonly host: string; readonly port: number }) {
    this.#server = server;
    this.#host = host;
    this.#port = port;
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  get url(): string {
    return `http://${this.#host.includes(':') ? `[${this.#host}]` : this.#host}:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  /** The emulator's first opening passes 1, so that a port in use is an error at once. */
  async open(attempts = openAttemptsMax): Promise<void> {
    await this.#after(async () => {
      if (this.#server.listening) return;
      for (let attempt = 1; ; attempt++) {
        try {
          await this.#listen();
          break;
        } catch (error) {
          if (attempt >= attempts) throw error;
          await sleep(openAgainMs);
        }
      }
      this.#port = (this.#server.address() as AddressInfo).port;
    });
  }

  async shut(): Promise<void> {
    await this.#after(async () => {
      if (!this.#server.listening) return;
      const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
      // The server reports its close a little before the sockets report theirs, and the calls
      // listen to the sockets.
      const gone = [...this.#sockets].map(
        (socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())),
      );
      for (const socket of this.#sockets) socket.destroy();
      await Promise.all([closed, ...gone]);
    });
  }

  #after(step: () => Promise<void>): Promise<void> {
    const next = this.#change.then(step);
    this.#change = next.catch(() => {});
    return next;
  }

  #listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, this.#host, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
  }
}
