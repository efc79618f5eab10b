/**
 * The listener of an emulator, which can be shut and opened again on the same port. It owns the server's
 * socket; what comes in through it, it leaves to fastify.
 *
 * 1. When `shut` has resolved, connections are refused, none is left, and their calls know it.
 * 2. One change at a time: whoever comes meanwhile waits for it.
 */
import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Another socket may have taken the port while the door was shut; mostly it soon gives it back. */
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

  /** The first time, a port that is taken is an error at once. */
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
      // The server is closed a little before its sockets have said so, and calls listen to those.
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
