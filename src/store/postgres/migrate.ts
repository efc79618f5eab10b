/**
 * Brings a database to this heddle's schema: the files of `migrations/`, forward only, by
 * node-pg-migrate. Replicas that start together wait for each other on its advisory lock. A
 * database that knows a migration which this heddle does not is refused.
 *
 * 1. Where nothing is to migrate, nothing but two reads is done: a role that may only change rows
 *    is enough. Where the schema was made beforehand, no right to make schemas is asked for.
 * 2. A statement of a migration may take as long as the server works on it; whether it does, a
 *    second connection looks. A server that is silent ends the migration within a few looks.
 */
import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import type pg from 'pg';
import { heddleError } from '../../domain/errors.ts';
import { reasonOf } from './link/failure.ts';
import { Link, type LinkOptions } from './link/link.ts';
import { rightMissing } from './link/refusals.ts';

const directory = fileURLToPath(new URL('./migrations', import.meta.url));
const lockMsMax = 60_000;
const statementMsMax = 3_600_000;
const lookMs = 5_000;
/** A look may fall between two statements, or fail for a reason of its own. */
const fruitlessLooksMax = 2;

export async function migrate(link: Link, options: LinkOptions): Promise<void> {
  const known = await migrationNames();
  // The way of nearly every start: two reads, and no lock.
  if (isCurrent(known, await appliedNames(link))) return;
  await refuseWithoutRights(link);
  await link.simple(`set lock_timeout = ${lockMsMax}; set statement_timeout = ${statementMsMax}`);
  await run(link, options);
  isCurrent(known, await appliedNames(link));
}

export async function migrationNames(): Promise<string[]> {
  const files = await readdir(directory);
  return files
    .filter((file) => file.endsWith('.sql'))
    .map((file) => file.slice(0, -'.sql'.length))
    .sort();
}

async function run(link: Link, options: LinkOptions): Promise<void> {
  const { exists } = await schemaOf(link);
  const attended = await Attended.of(link, options);
  const said: { last: Error | null } = { last: null };
  const client = {
    query: async (text: string): Promise<pg.QueryResult> => {
      try {
        return await attended.query(text);
      } catch (error) {
        said.last = error instanceof Error ? error : new Error(reasonOf(error));
        throw error;
      }
    },
  };
  try {
    await runner({
      // It calls nothing but `query`, always with a text alone.
      dbClient: client as unknown as pg.Client,
      dir: directory,
      direction: 'up',
      schema: 'heddle',
      createSchema: !exists,
      migrationsSchema: 'heddle',
      migrationsTable: 'migrations',
      advisoryLockMode: 'wait',
      checkOrder: true,
      verbose: false,
      log: () => undefined,
    });
  } catch (error) {
    // It wraps some of the database's errors in its own, without their codes.
    if (said.last !== null) throw said.last;
    throw heddleError('schema-migration-failed', { reason: reasonOf(error) }, { cause: error });
  }
}

/** A session whose statements are looked after by others. */
class Attended {
  private readonly link: Link;
  private readonly options: LinkOptions;
  private readonly pid: number;

  private constructor(link: Link, options: LinkOptions, pid: number) {
    this.link = link;
    this.options = options;
    this.pid = pid;
  }

  static async of(link: Link, options: LinkOptions): Promise<Attended> {
    const { rows } = await link.simple('select pg_backend_pid() as pid');
    const [row] = rows as readonly { readonly pid: number }[];
    return new Attended(link, options, row?.pid ?? 0);
  }

  async query(text: string): Promise<pg.QueryResult> {
    const done = new AbortController();
    void this.attend(done.signal);
    try {
      return await this.link.simple(text, statementMsMax + lookMs);
    } finally {
      done.abort();
    }
  }

  private async attend(done: AbortSignal): Promise<void> {
    for (let fruitless = 0; fruitless < fruitlessLooksMax;) {
      await sleep(lookMs, undefined, { signal: done }).catch(() => undefined);
      if (done.aborted) return;
      fruitless = (await this.isAtWork().catch(() => false)) ? 0 : fruitless + 1;
    }
    if (!done.aborted) this.link.cut('Postgres is silent, and does not work on the migration');
  }

  private async isAtWork(): Promise<boolean> {
    const look = await Link.open({ ...this.options, mustWrite: false });
    try {
      const { rows } = await look.simple(
        `select from pg_stat_activity where pid = ${this.pid} and state = 'active'`,
      );
      return rows.length > 0;
    } finally {
      await look.close();
    }
  }
}

type SchemaRights = {
  readonly exists: boolean;
  readonly mayCreateTables: boolean;
  readonly mayCreateSchemas: boolean;
};

async function schemaOf(link: Link): Promise<SchemaRights> {
  const { rows } = await link.simple(`
    select exists (select from pg_namespace where nspname = 'heddle') as exists,
      coalesce((select has_schema_privilege(oid, 'CREATE') from pg_namespace
        where nspname = 'heddle'), false) as "mayCreateTables",
      has_database_privilege(current_database(), 'CREATE') as "mayCreateSchemas"`);
  return rows[0] as SchemaRights;
}

/** What is certain to be denied is said before anything is tried, and by its name. */
async function refuseWithoutRights(link: Link): Promise<void> {
  const { exists, mayCreateTables, mayCreateSchemas } = await schemaOf(link);
  const { role, database } = link.names;
  if (!exists && !mayCreateSchemas) {
    throw rightMissing(link.names, `permission denied: no CREATE on database ${database}`);
  }
  if (exists && !mayCreateTables) {
    const denied = 'permission denied: no CREATE on schema heddle, whose tables are not up to date';
    const mend = `Run \`heddle migrate\` as the schema's owner, or: grant create on schema heddle to ${role}`;
    throw rightMissing(link.names, denied, mend);
  }
}

async function appliedNames(link: Link): Promise<string[]> {
  const table = await link.simple(`select to_regclass('heddle.migrations')::text as name`);
  const [found] = table.rows as readonly { readonly name: string | null }[];
  if (found === undefined || found.name === null) return [];
  const applied = await link.simple(`select name from heddle.migrations order by name`);
  return (applied.rows as { name: string }[]).map((row) => row.name);
}

function isCurrent(known: readonly string[], applied: readonly string[]): boolean {
  const found = applied.find((name) => !known.includes(name));
  if (found !== undefined) throw heddleError('schema-newer', { found, known: known.at(-1) ?? '' });
  return applied.length === known.length;
}
