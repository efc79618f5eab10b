/** `heddle circuits` as a process of its own on a real Postgres, killed and damaged on purpose. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { ScaleReport } from '../../src/circuits/report.ts';
import { fieldsOf, reportOf } from '../circuits/report.ts';
import { testDatabase } from '../support/postgres.ts';
import { called } from './called.ts';
import { heddle, linesOf, type Ended } from './spawned.ts';

const url = await testDatabase();
const database = new pg.Pool({ connectionString: url, max: 1 });
afterAll(() => database.end());

// What is tried here has nothing to do with who answers: circuits-emulated.pg.test.ts does that.
const json = ['circuits', '--provider', 'stub', '--json', '--database-url', url];
/** Time for processes of their own on a machine that is busy. */
const timeout = 240_000;
const reportsOf = ({ stdout }: Ended): ScaleReport[] => linesOf<ScaleReport>(stdout);
const { audit: clean } = reportOf({});

const tables = ['runs', 'messages', 'subscriptions', 'memory_versions', 'evaluations', 'channels'];

async function emptied(): Promise<void> {
  for (const table of [...tables, 'inbox', 'journal']) {
    await database.query(`do $$ begin if to_regclass('heddle.${table}') is not null
      then delete from heddle.${table}; end if; end $$`);
  }
}
beforeEach(emptied);

/** Zero while the process that is started first has not made the tables. */
async function runCounts(): Promise<{ readonly all: number; readonly ended: number }> {
  const { rows } = await database
    .query<{ all: string; ended: string }>(
      `select count(*) as all, count(ended_at) as ended from heddle.runs`,
    )
    .catch(() => ({ rows: [] }));
  return { all: Number(rows[0]?.all ?? 0), ended: Number(rows[0]?.ended ?? 0) };
}

it('runs scale by scale and prints one object for each', { timeout }, async () => {
  const ended = await heddle(...json, '--scale', '5,20', '--latency-ms', '5').ended;
  expect(ended).toMatchObject({ code: 0 });
  const reports = reportsOf(ended);
  expect(reports.map(({ scale, completed, failed }) => [scale, completed, failed])).toEqual([
    [5, 5, 0],
    [20, 20, 0],
  ]);
  for (const report of reports) {
    expect(fieldsOf(report)).toEqual(fieldsOf(reportOf({})));
    expect(report.audit).toEqual(clean);
    expect(report.peak_open_runs).toBe(report.scale * 3);
    expect(report.entities.memory_versions).toBe(report.scale * 3);
    const calls = report.providers.reduce((total, provider) => total + provider.calls, 0);
    expect(calls).toBe(report.scale * 3);
    expect(report.latency_ms.p50).toBeGreaterThanOrEqual(15);
    expect(report.latency_ms.max).toBeLessThanOrEqual(report.wall_ms);
    expect(report.postgres?.transactions).toBeGreaterThan(0);
    expect(report.postgres?.wal_bytes).toBeGreaterThan(0);
  }
});

it('prints a table where no JSON is asked for, on standard output alone', async () => {
  const flags = ['--scale', '3', '--latency-ms', '0', '--provider', 'stub', '--database-url', url];
  const { code, stdout, stderr } = await called('circuits', ...flags);
  expect(code).toBe(0);
  const [head, row, ...rest] = stdout.trimEnd().split('\n');
  expect(head).toMatch(/^scale +completed +p50 ms +p95 ms +p99 ms +circuits\/s$/);
  expect(row).toMatch(/^ +3 +3( +\d+\.\d){4}$/);
  expect(rest).toEqual([]);
  expect(stderr).toContain('scale 3: 3 of 3 circuits completed');
});

/** The counts when nothing moves them any more. */
async function settledCounts(): ReturnType<typeof runCounts> {
  for (let before = await runCounts(); ;) {
    await sleep(200);
    const now = await runCounts();
    if (now.ended === before.ended) return now;
    before = now;
  }
}

/** Few places, so that there is time to come in between. */
const slow = ['--latency-ms', '50', '--ceiling', 'a=5,b=5'];

describe('promise 5: what was accepted survives', { timeout }, () => {
  /** How many calls were made again. */
  async function killedAndFinished(): Promise<number> {
    const { child, ended } = heddle(...json, '--scale', '50', ...slow);
    for (;;) {
      const { all, ended: over } = await runCounts();
      if (all === 150 && over > 10) break;
      expect(child.exitCode).toBeNull();
      await sleep(5);
    }
    child.kill('SIGKILL');
    expect(await ended).toMatchObject({ code: null, stdout: '' });
    // The fault landed on work in flight, or it would prove nothing. A commit that was sent may still pass.
    const { all, ended: over } = await settledCounts();
    expect({ all, isOpen: over < all }).toEqual({ all: 150, isOpen: true });

    const resumed = await called(...json, '--resume', ...slow);
    expect(resumed).toMatchObject({ code: 0 });
    const [report, ...more] = reportsOf(resumed);
    expect(more).toEqual([]);
    expect(report).toMatchObject({
      scale: 50,
      completed: 50,
      failed: 0,
      peak_open_runs: all - over,
      audit: clean,
    });
    return report?.providers.reduce((sum, { duplicate_calls: n }) => sum + n, 0) ?? 0;
  }

  it('is finished by --resume after SIGKILL in the middle', async () => {
    // The calls that were under way are made again, and counted. Those of ten places end together, so
    // that a kill may meet none of them: then another is made.
    let duplicates = await killedAndFinished();
    for (let more = 1; more < 6 && duplicates === 0; more++) {
      await emptied();
      duplicates = await killedAndFinished();
    }
    expect(duplicates).toBeGreaterThan(0);
    expect(duplicates).toBeLessThanOrEqual(10);
  });

  it('is left open by SIGTERM, in good order, and finished by --resume', async () => {
    const { child, ended } = heddle(...json, '--scale', '20', ...slow);
    while ((await runCounts()).ended === 0) {
      expect(child.exitCode).toBeNull();
      await sleep(5);
    }
    child.kill('SIGTERM');
    const { code, stdout, stderr } = await ended;
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/Interrupted with \d+ runs open; heddle circuits --resume/);
    const { rows } = await database.query('select from heddle.shards where replica_id is not null');
    expect(rows).toEqual([]);
    const resumed = await called(...json, '--resume', ...slow);
    expect(resumed).toMatchObject({ code: 0 });
    expect(reportsOf(resumed)).toMatchObject([{ scale: 20, completed: 20, audit: clean }]);
  });
});

it('has nothing to resume in an empty database', async () => {
  const { code, stdout, stderr } = await called(...json, '--resume');
  expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
  expect(stderr).toContain('No circuits are open');
});

describe('the audit sees planted damage', () => {
  const damages: readonly (readonly [sql: string, found: object, named: string])[] = [
    [
      `delete from heddle.messages where (tenant, channel, seq) in
        (select tenant, channel, seq from heddle.messages order by channel limit 1)`,
      { lost_messages: 1 },
      'lost messages',
    ],
    [
      `insert into heddle.evaluations (score, tenant, evaluation_id, subject_run_id,
          evaluator_run_id, rationale)
        select score, tenant, evaluation_id || '-2', subject_run_id, evaluator_run_id, rationale
        from heddle.evaluations limit 1`,
      { doubled_evaluations: 1 },
      'doubled evaluations',
    ],
    [
      `delete from heddle.memory_versions where key = 'answer/c1' and version = 1`,
      { lost_memory_versions: 1 },
      'lost memory versions',
    ],
    [
      `insert into heddle.subscriptions select run_id, tenant, subscription_id || '-2',
          invocation_id, channels, consumer_groups, status, delivered
        from heddle.subscriptions limit 1`,
      { doubled_messages: 1 },
      'doubled messages',
    ],
    [
      `update heddle.subscriptions set status = 'waiting' where subscription_id =
        (select min(subscription_id) from heddle.subscriptions)`,
      { orphaned_subscriptions: 1 },
      'orphaned subscriptions',
    ],
    [
      `update heddle.runs set ended_at = null, status = 'waiting-on-person' where run_id =
        (select run_id from heddle.runs limit 1)`,
      { stuck_runs: 1 },
      'stuck runs',
    ],
  ];

  /** Without those that Postgres makes itself. */
  async function writtenColumns(table: string): Promise<string> {
    const { rows } = await database.query<{ names: string }>(
      `select string_agg(quote_ident(column_name), ', ') as names from information_schema.columns
        where table_schema = 'heddle' and table_name = $1 and is_generated = 'NEVER'`,
      [table],
    );
    return rows[0]?.names ?? '';
  }

  it('one by one, by name', { timeout }, async () => {
    expect(await called(...json, '--scale', '3', '--latency-ms', '0')).toMatchObject({ code: 0 });
    for (const table of tables) {
      await database.query(`create table saved_${table} as table heddle.${table}`);
    }
    for (const [sql, found, named] of damages) {
      expect((await database.query(sql)).rowCount).toBe(1);
      const ended = await called(...json, '--resume', '--patience-ms', '1000');
      expect({ sql, code: ended.code }).toEqual({ sql, code: 1 });
      expect(reportsOf(ended)).toMatchObject([{ scale: 3, audit: { ...clean, ...found } }]);
      expect(ended.stderr).toMatch(
        new RegExp(`Audit of circuits/3-.*: ${named}: expected 0, found 1`),
      );
      for (const table of tables) {
        await database.query(`delete from heddle.${table}`);
        const written = await writtenColumns(table);
        await database.query(
          `insert into heddle.${table} (${written}) select ${written} from saved_${table}`,
        );
      }
    }
    expect(await called(...json, '--resume')).toMatchObject({ code: 0 });
  });
});
