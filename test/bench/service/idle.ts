/**
 * What a server costs that has nothing to do: its memory, and its statements a second, as pg_stat_statements counts
 * them. The heartbeat's own are told apart; the goal is that no other one comes more than once a second.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../../src/store/embedded/embedded-postgres.ts';
import { printTable } from '../report.ts';
import { serverProcess } from './server-process.ts';

const settleMs = 10_000;
/** The statements of a heartbeat: all of them look at the replicas' rows. */
const ofHeartbeat = /heddle\.replicas\b/;

type Counted = { readonly query: string; readonly calls: number; readonly ms: number };

/** It has a Postgres of its own: counting statements costs the others' something. */
export async function idle({ quick }: { readonly quick: boolean }): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'heddle-bench-idle-'));
  const settings = { shared_preload_libraries: 'pg_stat_statements' };
  const postgres = await startEmbeddedPostgres({ directory, settings });
  try {
    await measured(postgres.databaseUrl, quick ? 20 : 60);
  } finally {
    await postgres.close();
    await rm(directory, { recursive: true, force: true });
  }
}

async function measured(databaseUrl: string, forS: number): Promise<void> {
  const server = await serverProcess(databaseUrl, { latencyMs: 0 });
  try {
    await sleep(settleMs);
    const counted = await statementsIn(databaseUrl, forS);
    const [beats, others] = [
      counted.filter(({ query }) => ofHeartbeat.test(query)),
      counted.filter(({ query }) => !ofHeartbeat.test(query)),
    ];
    const perS = (calls: number): string => (calls / forS).toFixed(2);
    const sum = (of: readonly Counted[]): number => of.reduce((all, { calls }) => all + calls, 0);
    const most = Math.max(0, ...others.map(({ calls }) => calls));
    const busyMs = counted.reduce((all, { ms }) => all + ms, 0);
    printTable('A server with nothing to do', [
      ['measure', 'value', 'goal'],
      ['memory (RSS), MB', await rssMb(server.pid), '150'],
      ['the most frequent statement beside the heartbeat, a second', perS(most), '1'],
      ['all statements beside the heartbeat, a second', perS(sum(others)), ''],
      ['statements of the heartbeat, a second', perS(sum(beats)), ''],
      ['time in statements, ms a second', (busyMs / forS).toFixed(2), ''],
    ]);
  } finally {
    await server.close();
  }
}

async function rssMb(pid: number): Promise<string> {
  const [, kb] = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
  return (Number(kb) / 1_024).toFixed(0);
}

async function statementsIn(databaseUrl: string, forS: number): Promise<readonly Counted[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query('create extension if not exists pg_stat_statements');
    await client.query('select pg_stat_statements_reset()');
    await sleep(forS * 1_000);
    const { rows } = await client.query<Counted>(
      `select query, calls::int, total_exec_time as ms from pg_stat_statements
        where dbid = (select oid from pg_database where datname = current_database())
          and query not like '%pg_stat_statements%'`,
    );
    return rows;
  } finally {
    await client.end();
  }
}
