/** Postgres as the contract's suites need it: emptied for each test, with a clock that can be moved. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { openPostgresStore } from '../../../src/store/postgres/postgres-store.ts';
import type { Store } from '../../../src/store/port.ts';
import type { Harness } from './fixture.ts';

/**
 * Takes the rows of all tables. The clock cannot be moved, so `advance` moves every instant that is
 * stored into the past instead, which no store can tell apart.
 */
export class PostgresBed {
  private readonly admin: pg.Client;
  private readonly emptied: string;
  private readonly shifted: string;
  private readonly url: string;
  private stores: Store[] = [];

  private constructor(admin: pg.Client, url: string, tables: readonly TableColumns[]) {
    this.admin = admin;
    this.url = url;
    const emptied = tables.filter(
      ({ name }) => !['shards', 'migrations', 'relay_secret'].includes(name),
    );
    this.emptied =
      emptied.map(({ name }) => `delete from heddle.${name};`).join('\n') +
      'update heddle.shards set epoch = 0, replica_id = null;';
    this.shifted = tables
      .filter(({ name, instants }) => name !== 'migrations' && instants.length > 0)
      .map(({ name, instants }) => {
        const set = instants.map((column) => `${column} = ${column} - $ms$::interval`).join(', ');
        return `update heddle.${name} set ${set};`;
      })
      .join('\n');
  }

  static async open(url: string): Promise<PostgresBed> {
    const store = await openPostgresStore({ connectionString: url });
    const admin = new pg.Client({ connectionString: url });
    await admin.connect();
    const { rows } = await admin.query<TableColumns>(`
      select t.table_name as name, coalesce(array_agg(c.column_name::text)
        filter (where c.data_type = 'timestamp with time zone'), '{}') as instants
      from information_schema.tables t
      join information_schema.columns c using (table_schema, table_name)
      where t.table_schema = 'heddle' and t.table_type = 'BASE TABLE'
      group by t.table_name order by t.table_name`);
    const bed = new PostgresBed(admin, url, rows);
    bed.stores.push(store);
    return bed;
  }

  /** An empty store: the same connections as before, unless a test has closed them. */
  async fresh(): Promise<Harness> {
    await this.admin.query(this.emptied);
    const store = this.stores.at(-1) ?? (await this.connect());
    return {
      store: { ...store, close: () => this.closeStores() },
      advance: (ms) => this.advance(ms),
      crash: () => this.crash(),
      endSessions: () => this.endSessions(),
    };
  }

  async end(): Promise<void> {
    await this.closeStores();
    await this.admin.end();
  }

  private async connect(): Promise<Store> {
    const store = await openPostgresStore({ connectionString: this.url });
    this.stores.push(store);
    return store;
  }

  private async closeStores(): Promise<void> {
    const stores = this.stores;
    this.stores = [];
    await Promise.all(stores.map((store) => store.close()));
  }

  private async advance(ms: number): Promise<void> {
    await this.admin.query(this.shifted.replaceAll('$ms$', `'${ms} milliseconds'`));
  }

  private async endSessions(): Promise<void> {
    await this.admin.query(`
      select pg_terminate_backend(session_pid, 10000)
      from (select distinct session_pid from heddle.replicas) r`);
    await sleep(20);
  }

  /** Ends when every backend has, and their last words have been read. */
  private async crash(): Promise<void> {
    await this.admin.query(`
      select pg_terminate_backend(pid, 10000) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`);
    await sleep(20);
  }
}

type TableColumns = { readonly name: string; readonly instants: readonly string[] };
