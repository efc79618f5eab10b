/**
 * vitest's globalSetup: one Postgres for the whole run, in a temporary directory, without fsync.
 *
 * Test files read its address from HEDDLE_TEST_DATABASE_URL, through `testDatabase()`, whose databases are
 * copies of one with heddle's schema (HEDDLE_TEST_TEMPLATE). Whoever sets
 * that variable beforehand lends a server of their own, which is then left as it is. HEDDLE_TEST_RUN
 * tells one run from another, for what is made once in each.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  startEmbeddedPostgres,
  stopEmbeddedPostgres,
} from '../../src/store/embedded/embedded-postgres.ts';
import { openPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { databaseAt, onServer } from './on-server.ts';
import { wreckageIn } from './postgres-wreckage.ts';

const prefix = 'heddle-test-';

export async function setup(): Promise<() => Promise<void>> {
  process.env['HEDDLE_TEST_RUN'] = randomUUID();
  const lent = process.env['HEDDLE_TEST_DATABASE_URL'];
  if (lent !== undefined) {
    const template = await migratedDatabase(lent);
    return () => onServer(lent, `drop database ${template}`);
  }
  await sweep();
  const directory = await mkdtemp(join(tmpdir(), prefix));
  // As root the server runs as another account, which has to get at its data below this.
  await chmod(directory, 0o755);
  const server = await startEmbeddedPostgres({ directory, settings });
  process.env['HEDDLE_TEST_DATABASE_URL'] = server.databaseUrl;
  process.env['HEDDLE_TEST_DIRECTORY'] = directory;
  await migratedDatabase(server.databaseUrl);
  return async () => {
    await server.stop();
    const kept = await wreckageIn(directory);
    if (kept.length === 0) return rm(directory, { recursive: true, force: true });
    console.warn(
      `Databases of failed tests are kept: ${kept.join(', ')}. Their server has stopped; ` +
        `startEmbeddedPostgres({ directory: '${directory}' }) opens it, rm -rf ends it.`,
    );
  };
}

/** Makes the database that those of the test files are copies of. */
async function migratedDatabase(server: string): Promise<string> {
  const name = `t_template_${randomBytes(4).toString('hex')}`;
  await onServer(server, `create database ${name} template template0`);
  await (await openPostgresStore({ connectionString: databaseAt(server, name) })).close();
  process.env['HEDDLE_TEST_TEMPLATE'] = name;
  return name;
}

/** Nothing here has to survive the machine; the rest is as in production. */
const settings = {
  fsync: 'off',
  full_page_writes: 'off',
  max_connections: '300',
  shared_buffers: '128MB',
};

/** Ends what killed runs left behind; a run that still goes on has its process among the users. */
async function sweep(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const directory = join(tmpdir(), name);
    if (!name.startsWith(prefix) || !existsSync(join(directory, 'postgres'))) continue;
    if ((await wreckageIn(directory)).length > 0) continue;
    const end = await stopEmbeddedPostgres({ directory, unlessUsed: true }).catch(() => 'used');
    if (end !== 'used') await rm(directory, { recursive: true, force: true });
  }
}
