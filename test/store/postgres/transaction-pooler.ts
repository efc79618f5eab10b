/**
 * A pooler in transaction mode, as far as a client can tell: two sessions of the server, lent to
 * whoever sends something for as long as its transaction is open. It knows no more of the protocol
 * than the first packet of a client and the server's "ready for query".
 */
import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import pg from 'pg';

type Session = { readonly socket: Socket; user: Socket | null };

export class TransactionPooler {
  readonly connection: pg.ClientConfig;
  private readonly server: Server;
  private readonly sessions: Session[] = [];
  private readonly waiting: { readonly client: Socket; readonly bytes: Buffer }[] = [];
  private readonly clients = new Set<Socket>();
  private readonly target: pg.Client;
  private greeting: Promise<Buffer> | null = null;

  private constructor(target: pg.Client, server: Server) {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const { user = '', database = '' } = target;
    this.target = target;
    this.server = server;
    this.connection = { host: '127.0.0.1', port: address.port, user, database };
    server.on('connection', (client) => this.serve(client));
  }

  static async before(url: string): Promise<TransactionPooler> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TransactionPooler(new pg.Client({ connectionString: url }), server);
  }

  async close(): Promise<void> {
    for (const { socket } of this.sessions) socket.destroy();
    for (const client of this.clients) client.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private serve(client: Socket): void {
    this.clients.add(client);
    client.on('error', () => undefined);
    client.once('data', (startup) => {
      this.greeting ??= this.begin(startup);
      void this.greeting.then((bytes) => {
        client.write(bytes);
        client.on('data', (more) => this.pass(client, more));
      });
    });
    client.on('close', () => {
      const session = this.sessions.find(({ user }) => user === client);
      if (session !== undefined) session.user = null;
    });
  }

  /** Makes both sessions, as the first client would have them; the server's greeting serves for all. */
  private async begin(startup: Buffer): Promise<Buffer> {
    const { host, port } = this.target;
    const greetings = [1, 2].map(async () => {
      const socket = host.startsWith('/')
        ? createConnection(`${host}/.s.PGSQL.${port}`)
        : createConnection(port, host);
      socket.on('error', () => undefined);
      const session: Session = { socket, user: null };
      this.sessions.push(session);
      socket.write(startup);
      let said = Buffer.alloc(0);
      while (readyIn(said) === null) {
        const [more] = (await once(socket, 'data')) as [Buffer];
        said = Buffer.concat([said, more]);
      }
      socket.on('data', (bytes) => this.answered(session, bytes));
      return said;
    });
    const [greeting = Buffer.alloc(0)] = await Promise.all(greetings);
    return greeting;
  }

  private pass(client: Socket, bytes: Buffer): void {
    if (bytes[0] === 0x58) return;
    const own = this.sessions.find(({ user }) => user === client);
    const session = own ?? this.sessions.find(({ user }) => user === null);
    if (session === undefined) return void this.waiting.push({ client, bytes });
    session.user = client;
    session.socket.write(bytes);
  }

  private answered(session: Session, bytes: Buffer): void {
    session.user?.write(bytes);
    if (readyIn(bytes) !== 'I') return;
    session.user = null;
    const next = this.waiting.shift();
    if (next !== undefined) this.pass(next.client, next.bytes);
  }
}

/** The state of the transaction, when this ends with "ready for query". */
function readyIn(bytes: Buffer): string | null {
  if (bytes.length < 6 || bytes.at(-6) !== 0x5a || bytes.readUInt32BE(bytes.length - 5) !== 5) {
    return null;
  }
  return String.fromCharCode(bytes.at(-1) ?? 0);
}
