/** A database as an earlier release has left it: its migrations, and its rows from a file beside this one. */
import { readFile } from 'node:fs/promises';
import { migrations } from '../../src/store/postgres/migrations.ts';
import { withClient } from '../store/postgres/database.ts';

export type Left<Name extends string = string> = {
  /** The runs, by what they were left for. */
  readonly ids: Readonly<Record<Name, string>>;
  readonly tables: Readonly<Record<string, readonly object[]>>;
};

export async function restored<Name extends string>(
  url: string,
  file: string,
  newest: string,
): Promise<Left<Name>> {
  const left = JSON.parse(await readFile(new URL(file, import.meta.url), 'utf8')) as Left<Name>;
  const count = migrations.findIndex(({ name }) => name === newest) + 1;
  await withClient(url, async (client) => {
    await client.query('create schema heddle');
    await client.query(`create table heddle.migrations
      (id serial primary key, name varchar(255) not null, run_on timestamp not null)`);
    for (const { name, sql } of migrations.slice(0, count)) {
      await client.query(`set search_path to heddle; ${sql}`);
      await client.query('insert into heddle.migrations (name, run_on) values ($1, now())', [name]);
    }
    // Rows that refer to each other come in any order.
    await client.query(`set session_replication_role = 'replica'`);
    for (const [table, rows] of Object.entries(left.tables)) {
      await client.query(`delete from heddle.${table}`);
      await client.query(
        `insert into heddle.${table} overriding system value
          select * from json_populate_recordset(null::heddle.${table}, $1)`,
        [JSON.stringify(rows)],
      );
    }
    await client.query(`select setval('heddle.inbox_seq', 1000)`);
  });
  return left;
}
