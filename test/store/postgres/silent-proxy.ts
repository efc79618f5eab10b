/**
 * A proxy in front of Postgres that falls silent: after so many of the server's "ready for query" it
 * passes nothing on, in either direction and on no connection, new ones among them; every socket
 * stays open. So a test can put the silence at each point of what a client does.
 */
import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import pg from 'pg';

export class SilentProxy {
  readonly connection: pg.ClientConfig;
  readonly url: string;
  /** How often the server has said that it is ready. */
  answers = 0;
  private silentAfter: number;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private readonly clients = new Set<Socket>();

  private constructor(target: pg.Client, server: Server, silentAfter: number) {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const { user = '', database = '', password } = target;
    this.server = server;
    this.silentAfter = silentAfter;
    this.connection = {
      host: '127.0.0.1',
      port: address.port,
      database,
      user,
      ...(typeof password === 'string' ? { password } : {}),
    };
    const secret = typeof password === 'string' ? `:${password}` : '';
    this.url = `postgres://${user}${secret}@127.0.0.1:${address.port}/${database}`;
    server.on('connection', (client) => {
      const upstream = target.host.startsWith('/')
        ? createConnection(`${target.host}/.s.PGSQL.${target.port}`)
        : createConnection(target.port, target.host);
      this.join(client, upstream);
    });
  }

  static async before(url: string, { silentAfter = Infinity } = {}): Promise<SilentProxy> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new SilentProxy(new pg.Client({ connectionString: url }), server, silentAfter);
  }

  get isSilent(): boolean {
    return this.answers >= this.silentAfter;
  }

  /** Connections that the client has not ended. */
  get open(): number {
    return this.clients.size;
  }

  fallSilent(after = 0): void {
    this.silentAfter = this.answers + after;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private join(client: Socket, upstream: Socket): void {
    this.clients.add(client);
    for (const socket of [client, upstream]) {
      this.sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => this.sockets.delete(socket));
    }
    // The server's end is passed on only while the proxy speaks; the client's always ends both.
    client.on('close', () => {
      this.clients.delete(client);
      upstream.destroy();
    });
    upstream.on('close', () => {
      if (!this.isSilent) client.destroy();
    });
    client.on('data', (bytes) => {
      if (!this.isSilent) upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      if (this.isSilent) return;
      client.write(bytes);
      // ReadyForQuery is the last of each answer: 'Z', its length, the state of the transaction.
      if (bytes.at(-6) === 0x5a && bytes.readUInt32BE(bytes.length - 5) === 5) this.answers++;
    });
  }
}
