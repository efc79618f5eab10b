/** What a start waits for, what it refuses for good and in which words, and which rights it needs. */
import { randomBytes } from 'node:crypto';
import { createServer, Socket } from 'node:net';
import { once } from 'node:events';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { openPostgresStore } from '../../../src/store/postgres/postgres-store.ts';
import { Link } from '../../../src/store/postgres/link/link.ts';
import { refusalOf } from '../../../src/store/postgres/link/refusals.ts';
import type { HeddleError } from '../../../src/domain/errors.ts';
import { testDatabase } from '../../support/postgres.ts';
import { Bench, newRun, turnOf } from '../contract/fixture.ts';
import { withClient } from './database.ts';
import { SilentProxy } from './silent-proxy.ts';
import { TransactionPooler } from './transaction-pooler.ts';

const url = await testDatabase({ empty: true });
const suffix = randomBytes(4).toString('hex');
const roles: string[] = [];
const databases: string[] = [];
const endings: (() => Promise<unknown>)[] = [];
const ask = (text: string, of = url) => withClient(of, (client) => client.query(text));
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});
afterAll(async () => {
  for (const name of databases) await ask(`drop database ${name} with (force)`);
  for (const name of roles) await ask(`drop role ${name}`);
});

async function databaseWith(clause: string): Promise<string> {
  const name = `start_${suffix}_${databases.length}`;
  await ask(`create database ${name} template template0 ${clause}`);
  databases.push(name);
  return url.replace(/^(\w+:\/\/[^/]*)\/[^?]*/, `$1/${name}`);
}

async function role(): Promise<string> {
  const name = `start_${suffix}_r${roles.length}`;
  await ask(`create role ${name} login`);
  roles.push(name);
  return name;
}

const as = (user: string, of: string): string => of.replace(/^(\w+:\/\/)[^@/]*@?/, `$1${user}@`);

async function refusal(connectionString: string): Promise<HeddleError> {
  try {
    await (await openPostgresStore({ connectionString, startMsMax: 20_000 })).close();
  } catch (error) {
    return error as HeddleError;
  }
  throw new Error('it was not refused');
}

/** One turn through all that a run needs: what a role may not do shows here. */
async function works(connectionString: string): Promise<void> {
  const store = await openPostgresStore({ connectionString });
  endings.push(() => store.close());
  const nothing = async () => undefined;
  const bench = new Bench({ store, advance: nothing, crash: nothing, endSessions: nothing }, 1);
  await bench.renew();
  const run = newRun(1);
  await bench.commit({ arrivals: { starts: [run] } });
  await bench.turns(turnOf(run, 0));
  await store.notify([{ kind: 'work', shards: [run.shard] }]);
}

describe('what will not pass is said at once, with its mend', () => {
  it.each([
    [
      'a role that is not there',
      as('nobody_at_all', url),
      'database-login-refused',
      /nobody_at_all/,
    ],
    [
      'a database that is not there',
      `${url}`.replace(/\/t_[^?]*/, '/absent'),
      'database-unknown',
      /absent.*create it/,
    ],
    [
      'a host that is not there',
      'postgres://u@no-such-host.invalid/d',
      'database-host-unknown',
      /no-such-host/,
    ],
  ])(
    '%s',
    async (_, of, code, words) => {
      const begunMs = performance.now();
      const error = await refusal(of);
      expect(error).toMatchObject({ code, retryable: false });
      expect(error.message).toMatch(words);
      expect(performance.now() - begunMs).toBeLessThan(15_000);
    },
    30_000,
  );

  it.each(['LATIN1', 'SQL_ASCII'])('a database in %s', async (encoding) => {
    const of = await databaseWith(`encoding '${encoding}' lc_collate 'C' lc_ctype 'C'`);
    const error = await refusal(of);
    expect(error).toMatchObject({ code: 'database-encoding', detail: { encoding } });
  });

  it('a database that takes no writes', async () => {
    const of = await databaseWith('');
    const name = databases.at(-1) ?? '';
    await ask(`alter database ${name} set default_transaction_read_only = on`);
    expect(await refusal(of)).toMatchObject({ code: 'database-read-only', retryable: false });
  });

  it('a pooler that lends its sessions for a transaction', async () => {
    const pooler = await TransactionPooler.before(url);
    endings.push(() => pooler.close());
    const { connection } = pooler;
    await expect(openPostgresStore({ connection })).rejects.toMatchObject({
      code: 'database-pooler',
      retryable: false,
    });
  });

  // Of the login and of TLS what no server here asks for: the driver's own words among them.
  const names = { role: 'r', database: 'd', host: 'h' };
  it.each([
    [{ code: '28P01', message: 'password authentication failed' }, 'database-login-refused'],
    [{ code: '28000', message: 'no pg_hba.conf entry' }, 'database-login-refused'],
    [
      { message: 'SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string' },
      'database-login-refused',
    ],
    [{ message: 'The server does not support SSL connections' }, 'database-tls-refused'],
    [{ code: 'SELF_SIGNED_CERT_IN_CHAIN', message: 'self-signed' }, 'database-tls-refused'],
    [{ code: 'CERT_HAS_EXPIRED', message: 'expired' }, 'database-tls-refused'],
    [{ code: '26000', message: 'prepared statement "a" does not exist' }, 'database-pooler'],
    [{ code: '42501', message: 'permission denied for database d' }, 'database-right-missing'],
    [{ code: '57P03', message: 'starting up' }, undefined],
    [{ code: '53300', message: 'too many clients' }, undefined],
    [{ code: 'ECONNREFUSED', message: 'refused' }, undefined],
    [{ code: 'EAI_AGAIN', message: 'the resolver is away' }, undefined],
  ])('%o', ({ message, ...more }, code) => {
    const error = refusalOf(Object.assign(new Error(message), more), names);
    expect(error?.code).toBe(code);
  });
});

describe('what passes is waited for', () => {
  it('a port where nobody listens yet, and then a server that is starting up', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    server.close();
    await once(server, 'close');
    const said: string[] = [];
    const proxy = await SilentProxy.before(url);
    endings.push(() => proxy.close());
    const connection = { ...proxy.connection, port };
    const opening = openPostgresStore({ connection, onWait: (reason) => said.push(reason) });
    await expect.poll(() => said, { timeout: 10_000 }).toHaveLength(1);
    let refused = 0;
    const starting = createServer((client: Socket) => {
      client.on('error', () => undefined);
      client.once('data', (startup) => {
        if (++refused <= 3) return client.end(errorMessage('57P03'));
        const upstream = new Socket();
        upstream.on('error', () => undefined);
        upstream.connect(Number(proxy.connection.port), '127.0.0.1');
        upstream.write(startup);
        client.pipe(upstream).pipe(client);
        return undefined;
      });
    });
    starting.listen(port, '127.0.0.1');
    endings.push(() => once(starting.close(), 'close'));
    const store = await opening;
    endings.push(() => store.close());
    expect(refused).toBeGreaterThan(3);
    expect(said[0]).toMatch(/ECONNREFUSED/);
  }, 60_000);

  it('not for ever', async () => {
    const nowhere = { connection: { host: '127.0.0.1', port: 1 }, startMsMax: 300 };
    await expect(openPostgresStore(nowhere)).rejects.toMatchObject({
      code: 'store-unavailable',
      retryable: true,
    });
  });
});

describe('rights', () => {
  it('a schema that was made beforehand needs none on the database', async () => {
    const of = await databaseWith('');
    const app = await role();
    await ask(`create schema heddle authorization ${app}`, of);
    await works(as(app, of));
  });

  it('without a schema and the right to make one, both mends are named', async () => {
    const of = await databaseWith('');
    const app = await role();
    const error = await refusal(as(app, of));
    expect(error).toMatchObject({ code: 'database-right-missing', retryable: false });
    expect(error.message).toMatch(/CREATE on database start_.*create schema heddle authorization/);
  });

  it('rows are enough where the schema is up to date; each right that is missing is named', async () => {
    const of = await databaseWith('');
    const app = await role();
    await (await openPostgresStore({ connectionString: of })).close();
    expect((await refusal(as(app, of))).message).toMatch(/permission denied.*heddle.*grant usage/);
    await ask(`grant usage on schema heddle to ${app}`, of);
    expect((await refusal(as(app, of))).message).toMatch(
      /permission denied.*migrations.*grant select/,
    );
    await ask(`grant select on heddle.migrations to ${app}`, of);
    expect((await refusal(as(app, of))).message).toMatch(/DELETE on heddle\..*grant select/);
    await ask(
      `grant select, insert, update, delete on all tables in schema heddle to ${app};
        grant usage on all sequences in schema heddle to ${app}`,
      of,
    );
    await works(as(app, of));
    await ask(`revoke update on heddle.runs from ${app}`, of);
    const error = await refusal(as(app, of));
    expect(error.message).toMatch(/permission denied: no UPDATE on heddle\.runs\./);
    expect(error).toMatchObject({ code: 'database-right-missing', retryable: false });
  });

  it('a schema that is behind and not its own is refused before anything is tried', async () => {
    const of = await databaseWith('');
    const app = await role();
    await ask(`create schema heddle; grant usage on schema heddle to ${app}`, of);
    expect((await refusal(as(app, of))).message).toMatch(/CREATE on schema heddle.*heddle migrate/);
  });
});

it('what a role sets for itself does not change how its sessions work', async () => {
  const of = await databaseWith('');
  const app = await role();
  await ask(`create schema heddle authorization ${app}`, of);
  await ask(`alter role ${app} set client_encoding = 'LATIN1'`);
  await ask(`alter role ${app} set default_transaction_isolation = 'serializable'`);
  await ask(`alter role ${app} set search_path = ''`);
  const store = await openPostgresStore({ connectionString: as(app, of) });
  endings.push(() => store.close());
  const nothing = async () => undefined;
  const bench = new Bench({ store, advance: nothing, crash: nothing, endSessions: nothing }, 1);
  await bench.renew();
  const run = newRun(1);
  await bench.commit({ arrivals: { starts: [run] } });
  await bench.turns(turnOf(run, 0, { chartText: '"żółć 🧵"' }));
  expect((await bench.load(run)).run.chartText).toBe('"żółć 🧵"');
  const { rows } = await ask('select octet_length(chart) as bytes from heddle.runs', of);
  expect(rows).toEqual([{ bytes: Buffer.byteLength('"żółć 🧵"') }]);
});

it('no setting of a role loses work, changes values, or ends a session of heddle', async () => {
  const table = [
    ['synchronous_commit', 'off', 'on'],
    ['synchronous_commit', 'local', 'local'],
    ['synchronous_commit', 'remote_apply', 'remote_apply'],
    ['idle_session_timeout', '1s', '0'],
    ['transaction_timeout', '1s', '0'],
    ['standard_conforming_strings', 'off', 'on'],
    ['extra_float_digits', '0', '1'],
    ['client_encoding', 'LATIN1', 'UTF8'],
  ] as const;
  const { rows } = await ask('select name from pg_settings');
  const known = new Set((rows as { name: string }[]).map(({ name }) => name));
  const app = await role();
  for (const [name, given, wanted] of table.filter(([of]) => known.has(of))) {
    await ask(`alter role ${app} set ${name} = '${given}'`);
    const connection = { connectionString: as(app, url) };
    const link = await Link.open({ connection, settings: {}, answerMsMax: 5_000 });
    const shown = await link.simple(`show ${name}`);
    await link.close();
    expect([name, given, shown.rows[0]]).toEqual([name, given, { [name]: wanted }]);
  }
});

it('a start makes two connections, and the store goes on over both', async () => {
  const of = await databaseWith('');
  await (await openPostgresStore({ connectionString: of })).close();
  const sessions = async (): Promise<Record<string, string>> => {
    const named = of.match(/\/([^/?]+)(\?|$)/)?.[1];
    const { rows } = await ask(
      `select pid::text, state from pg_stat_activity where datname = '${named}'`,
    );
    return Object.fromEntries(rows.map(({ pid, state }) => [pid, state]));
  };
  await expect.poll(sessions).toEqual({});
  const store = await openPostgresStore({ connectionString: of });
  endings.push(() => store.close());
  const made = await sessions();
  expect(Object.values(made)).toEqual(['idle', 'idle']);
  const nothing = async () => undefined;
  const bench = new Bench({ store, advance: nothing, crash: nothing, endSessions: nothing }, 1);
  const run = newRun(1);
  await bench.renew();
  await bench.commit({ arrivals: { starts: [run] } });
  expect((await bench.load(run)).run.runId).toBe(run.runId);
  // The heartbeat has one of its own.
  const now = await sessions();
  expect(now).toMatchObject(made);
  expect(Object.keys(now)).toHaveLength(3);
});

/** As a server says it before it hangs up. */
function errorMessage(code: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${code}\0Mthe database system is starting up\0\0`);
  const head = Buffer.alloc(5);
  head.write('E');
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
}
