/**
 * A database with as many runs as three years of a busy tenant leave behind, written by SQL: ended ones of three
 * agents in pipelines of three, by a thousand users of whom one has a tenth, and open ones of the last minutes.
 */
import type pg from 'pg';

export const millionTenant = 'million';

export type RunSet = { readonly ended: number; readonly open: number };

/** An id as heddle makes them, of the time at which the n-th run began. */
const idOf = (n: string, total: number): string => `(
  lpad(to_hex((extract(epoch from now()) * 1000)::bigint - 600000 - (${total} - ${n}) * 2000), 12, '0')
  || '7' || substr(md5(${n}::text), 1, 3) || '8' || substr(md5(${n}::text), 4, 15))::uuid`;
const beganAt = (n: string, total: number): string =>
  `now() - interval '600 s' - (${total} - ${n}) * interval '2 s'`;

const agent = (n: string): string =>
  `case when ${n} % 300000 = 7 then 'archivist'
    else (array['researcher', 'writer', 'evaluator'])[1 + ${n} % 3] end`;
const user = (n: string): string =>
  `case when hashint8(${n}) % 10 = 0 then 'u-0' else 'u-' || abs(hashint8(${n} + 7) % 1000) end`;
const tags = (n: string): string =>
  `case when ${n} % 333333 = 5 then array['needle'] when ${n} % 1000 = 5 then array['nightly', 'urgent']
    when ${n} % 10 = 5 then array['nightly'] end`;
/** Every 50th has failed, mostly for one reason; every 100th was cancelled. */
const error = (n: string): string =>
  `case when ${n} % 333333 = 49 then '{"code":"chart-error","message":"no"}'
    when ${n} % 50 = 49 then '{"code":"provider-rejected","message":"no"}'
    when ${n} % 100 = 48 then '{"code":"run-cancelled","message":"no"}' end`;
const status = (n: string): string =>
  `case when ${n} % 50 = 49 then 'failed' when ${n} % 100 = 48 then 'cancelled' else 'completed' end`;
/** Every 20th is a child of the one before it. */
const parent = (n: string, total: number): string => `case when ${n} % 20 = 3 then
  '{"tenant":"${millionTenant}","runId":"' || ${idOf(`(${n} - 1)`, total)}
    || '","shard":0,"invocationId":"child","incarnation":1}' end`;

const openStatus = (n: string): string =>
  `(array['queued', 'admitted', 'calling-provider', 'waiting-on-channel', 'waiting-on-person'])[1 + ${n} % 5]`;

const chunk = 50_000;

/** Writes the runs into a database that heddle has migrated. */
export async function makeRuns(client: pg.Client, { ended, open }: RunSet): Promise<void> {
  const total = ended + open;
  const insert = (from: number, to: number, isOpen: boolean): string => `
    insert into heddle.runs (tenant, run_id, shard, created_at, agent, version, user_name, pipeline, parent,
      input, turn, status, reason, chart, held, output, error, ended_at, tags)
    select '${millionTenant}', ${idOf('n', total)}, abs(hashint8(n / 3) % 32), ${beganAt('n', total)},
      ${agent('n')}, '1', ${user('n')}, 'p-' || n / 3, ${parent('n', total)},
      '{"topic":"' || n || '"}', 6, ${isOpen ? openStatus('n') : status('n')}, '',
      '{"value":"done","context":{"text":"' || repeat(md5(n::text), 6) || '"}}', '',
      ${isOpen ? 'null, null, null' : `'{"text":"done"}', ${error('n')}, ${beganAt('n', total)} + (n % 300) * interval '1 s'`},
      ${tags('n')}
    from generate_series(${from}::bigint, ${to}) as n`;
  for (let from = 0; from < ended; from += chunk) {
    await client.query(insert(from, Math.min(from + chunk, ended) - 1, false));
  }
  await client.query(insert(ended, total - 1, true));
  await client.query(`insert into heddle.run_tags (tenant, tag, run_id)
    select tenant, unnest(tags), run_id from heddle.runs
    where tenant = '${millionTenant}' and tags is not null`);
  // As autovacuum would have done long ago.
  await client.query('vacuum (analyze) heddle.runs, heddle.run_tags');
}
