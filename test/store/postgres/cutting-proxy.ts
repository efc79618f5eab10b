/**
 * A proxy in front of Postgres that cuts a connection once, at the next thing the client sends:
 * - request: before Postgres has got it.
 * - handed: right after Postgres has got it, while it is still at work.
 * - reply: when Postgres answers, before the client has got the answer.
 */
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import pg from 'pg';

export type Cut = 'request' | 'handed' | 'reply';

export class CuttingProxy {
  /** The pool must reconnect through here, so the proxy itself goes on. */
  readonly connection: pg.ClientConfig;
  cuts = 0;
  private armed: { readonly cut: Cut; readonly client: number } | null = null;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  /** The connection over which the store last sent something while nothing was armed. */
  private lastClient = 0;
  private clients = 0;

  private constructor(target: pg.Client, server: Server, port: number) {
    this.server = server;
    this.connection = {
      host: '127.0.0.1',
      port,
      database: target.database ?? '',
      user: target.user ?? '',
      ...(typeof target.password === 'string' ? { password: target.password } : {}),
    };
    server.on('connection', (client) => {
      const upstream = target.host.startsWith('/')
        ? createConnection(`${target.host}/.s.PGSQL.${target.port}`)
        : createConnection(target.port, target.host);
      this.join(client, upstream, ++this.clients);
    });
  }

  static async before(url: string): Promise<CuttingProxy> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return new CuttingProxy(new pg.Client({ connectionString: url }), server, address.port);
  }

  /** Cuts whichever connection next sends a COMMIT-bearing message: the one used last. */
  cutNext(cut: Cut): void {
    this.armed = { cut, client: this.lastClient };
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private join(client: Socket, upstream: Socket, number: number): void {
    let cutReply = false;
    const end = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      this.sockets.add(socket);
      socket.on('error', end).on('close', () => {
        this.sockets.delete(socket);
        end();
      });
    }
    client.on('data', (bytes) => {
      const { armed } = this;
      this.lastClient = number;
      if (armed === null || armed.client !== number) return void upstream.write(bytes);
      this.armed = null;
      this.cuts++;
      if (armed.cut === 'request') end();
      else if (armed.cut === 'reply') {
        cutReply = true;
        upstream.write(bytes);
      } else {
        client.destroy();
        upstream.end(bytes);
      }
    });
    upstream.on('data', (bytes) => {
      if (cutReply) end();
      else client.write(bytes);
    });
  }
}
