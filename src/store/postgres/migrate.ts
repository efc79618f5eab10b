/**
 * Brings a database to this heddle's schema: the files of `migrations/`, forward only, by
 * node-pg-migrate. Replicas that start together wait for each other on its advisory lock. A
 * database that knows a migration which this heddle does not is refused.
 */
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import { heddleError } from '../../domain/errors.ts';
import { unavailable } from './failure.ts';

const directory = fileURLToPath(new URL('./migrations', import.meta.url));
const lockMsMax = 60_000;

export async function migrate(connection: pg.ClientConfig): Promise<void> {
  const client = new pg.Client({ connectionTimeoutMillis: 5_000, ...connection });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const known = await migrationNames();
    // The way of nearly every start: one query, and no lock.
    if (isCurrent(known, await appliedNames(client))) return;
    await client.query(`set lock_timeout = ${lockMsMax}; set statement_timeout = 0`);
    await run(client);
    isCurrent(known, await appliedNames(client));
  } catch (error) {
    throw (error as { code?: unknown }).code === 'schema-newer' ? error : unavailable(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

export async function migrationNames(): Promise<string[]> {
  const files = await readdir(directory);
  return files
    .filter((file) => file.endsWith('.sql'))
    .map((file) => file.slice(0, -'.sql'.length))
    .sort();
}

async function run(client: pg.Client): Promise<void> {
  await runner({
    dbClient: client,
    dir: directory,
    direction: 'up',
    schema: 'heddle',
    createSchema: true,
    migrationsSchema: 'heddle',
    migrationsTable: 'migrations',
    advisoryLockMode: 'wait',
    checkOrder: true,
    verbose: false,
    log: () => undefined,
  });
}

async function appliedNames(client: pg.Client): Promise<string[]> {
  const table = await client.query<{ name: string | null }>(
    `select to_regclass('heddle.migrations')::text as name`,
  );
  if (!table.rows[0]?.name) return [];
  const applied = await client.query<{ name: string }>(
    `select name from heddle.migrations order by name`,
  );
  return applied.rows.map((row) => row.name);
}

function isCurrent(known: readonly string[], applied: readonly string[]): boolean {
  const found = applied.find((name) => !known.includes(name));
  if (found !== undefined) throw heddleError('schema-newer', { found, known: known.at(-1) ?? '' });
  return applied.length === known.length;
}
