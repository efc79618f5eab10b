/**
 * Brings a database to this heddle's schema: the list in migrations.ts, forward only, each in a
 * transaction of its own. Replicas that start together wait for each other on an advisory lock. A
 * database that has a migration which this heddle does not know is refused.
 *
 * 1. Whether there is anything to migrate is told by two reads, so a role that may only change rows is
 *    enough. If the schema was made beforehand, no right to make schemas is needed.
 * 2. A statement of a migration may take as long as the server works on it; a second connection checks
 *    that the server does. A server that is silent ends the migration within a few checks.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { heddleError } from '../../domain/errors.ts';
import { Link, type LinkOptions } from './link/link.ts';
import { rightMissing } from './link/refusals.ts';
import { migrations } from './migrations.ts';

/** heddle 0.1.0 migrated by node-pg-migrate. This is its lock, so that both wait for each other. */
const lockId = '7241865325823964';
const lockMsMax = 60_000;
const statementMsMax = 3_600_000;
const lookMs = 5_000;
/** A single look may fall between two statements, or fail for a reason of its own. */
const fruitlessLooksMax = 2;

/** Two reads. Throws `schema-newer`. */
export async function isMigrated(link: Link): Promise<boolean> {
  return isCurrent(await appliedNames(link));
}

export async function migrate(options: LinkOptions): Promise<void> {
  const link = await Link.open({ ...options, mustWrite: false });
  try {
    await refuseWithoutRights(link);
    await link.simple(`set lock_timeout = ${lockMsMax}; set statement_timeout = ${statementMsMax}`);
    const attended = await Attended.of(link, options);
    await attended.query(`select pg_advisory_lock(${lockId})`);
    await applyMissing(link, attended);
  } finally {
    // With the connection its lock is gone.
    await link.close();
  }
}

/** Called under the lock. Another replica may have migrated in the meantime. */
async function applyMissing(link: Link, attended: Attended): Promise<void> {
  const { exists } = await schemaOf(link);
  if (!exists) await attended.query('create schema if not exists heddle');
  // The columns that node-pg-migrate gave this table.
  await attended.query(`create table if not exists heddle.migrations
    (id serial primary key, name varchar(255) not null, run_on timestamp not null)`);
  await attended.query('set search_path to heddle');
  const applied = await appliedNames(link);
  if (isCurrent(applied)) return;
  const misplaced = applied.find((name, place) => migrations[place]?.name !== name);
  if (misplaced !== undefined) {
    const reason = `${misplaced} was applied before a migration that comes before it`;
    throw heddleError('schema-migration-failed', { reason });
  }
  for (const { name, sql } of migrations.slice(applied.length)) await apply(attended, name, sql);
}

async function apply(attended: Attended, name: string, sql: string): Promise<void> {
  const written = `insert into heddle.migrations (name, run_on) values ('${name}', now())`;
  try {
    await attended.query('begin');
    await attended.query(sql);
    await attended.query(`${written}; commit`);
  } catch (error) {
    await attended.query('rollback').catch(() => undefined);
    throw error;
  }
}

/** A session whose statements are watched over a second connection. */
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

/** Reports a right that is certain to be missing by its name, before anything is tried. */
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

function isCurrent(applied: readonly string[]): boolean {
  const found = applied.find((name) => !migrations.some((known) => known.name === name));
  const known = migrations.at(-1)?.name ?? '';
  if (found !== undefined) throw heddleError('schema-newer', { found, known });
  return applied.length === migrations.length;
}
