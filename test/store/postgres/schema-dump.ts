/** The schema as text: what `pg_dump --schema-only` would say of it, from the catalogue. */
import type pg from 'pg';

const queries = [
  `select 'create sequence ' || quote_ident(sequencename) || ' as ' || data_type || ' cache '
      || cache_size || ';' as line
    from pg_sequences where schemaname = 'heddle' order by 1`,
  `select 'create table ' || quote_ident(c.relname) || E' (\\n'
      || string_agg('  ' || quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod)
        || case when a.attcollation <> 0 and l.collname <> 'default'
          then ' collate "' || l.collname || '"' else '' end
        || case when a.attnotnull then ' not null' else '' end
        || case when a.attidentity <> '' then ' generated always as identity' else '' end
        || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), ''), E',\\n' order by a.attnum)
      || E'\\n)' || coalesce(' with (' || array_to_string(c.reloptions, ', ') || ')', '') || ';'
      as line
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    left join pg_collation l on l.oid = a.attcollation
    where c.relnamespace = 'heddle'::regnamespace and c.relkind = 'r' and c.relname <> 'migrations'
    group by c.oid, c.relname, c.reloptions order by c.relname`,
  `select 'alter table ' || conrelid::regclass || ' add ' || pg_get_constraintdef(c.oid) || ';' as line
    from pg_constraint c
    where connamespace = 'heddle'::regnamespace and contype <> 'n'
      and conrelid <> 'heddle.migrations'::regclass
    order by conrelid::regclass::text collate "C", conname`,
  `select indexdef || ';' as line from pg_indexes i
    where schemaname = 'heddle' and tablename <> 'migrations'
      and not exists (select from pg_constraint where conname = i.indexname)
    order by indexname`,
  `select pg_get_functiondef(p.oid) || ';' as line from pg_proc p
    where pronamespace = 'heddle'::regnamespace order by proname`,
];

export async function dumpSchema(client: pg.Client): Promise<string> {
  // Postgres leaves a schema's name out where the search path has it, as that of a test may.
  await client.query('set search_path = pg_catalog');
  const parts = ['-- Written by test/store/postgres/schema.pg.test.ts; renew it with vitest -u.'];
  for (const query of queries) {
    const { rows } = await client.query<{ line: string }>(query);
    parts.push(rows.map((row) => row.line).join('\n'));
  }
  return `${parts.join('\n\n')}\n`;
}
