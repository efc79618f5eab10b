/**
 * The yardsticks on Postgres: the circuit by hand, with plain `pg` and no engine. One transaction
 * per step is what a careful developer writes; set-based batches are the floor of cost. Neither
 * survives a crash by itself: they only keep what they wrote.
 */
import pg from 'pg';
import { cpuMs, Model, prompts, type Measured } from './workload.ts';

const schema = `
  drop schema if exists yardstick cascade;
  create schema yardstick;
  create table yardstick.runs (run_id text primary key, agent text not null, status text not null,
    input text not null, output text);
  create table yardstick.messages (channel text not null, seq bigint not null, payload text not null,
    primary key (channel, seq));
  create table yardstick.memory (owner text not null, key text not null, version int not null,
    value text not null, primary key (owner, key, version));
  create table yardstick.evaluations (run_id text not null, evaluator text not null,
    score float8 not null, rationale text not null, primary key (run_id, evaluator));`;

type Activity = { readonly transactions: number; readonly walBytes: number };

async function activity(pool: pg.Pool): Promise<Activity> {
  const { rows } = await pool.query<{ xid: string; wal: string }>(
    `select pg_snapshot_xmax(pg_current_snapshot())::text as xid,
      (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::text as wal`,
  );
  return { transactions: Number(rows[0]?.xid), walBytes: Number(rows[0]?.wal) };
}

async function measured(
  contender: string,
  pool: pg.Pool,
  circuits: number,
  run: () => Promise<readonly number[]>,
): Promise<Measured> {
  await pool.query(schema);
  const before = await activity(pool);
  const cpu = process.cpuUsage();
  const startedMs = performance.now();
  const latenciesMs = await run();
  const wallMs = performance.now() - startedMs;
  const spentMs = cpuMs(cpu);
  const after = await activity(pool);
  return {
    contender,
    circuits,
    wallMs,
    latenciesMs,
    cpuMs: spentMs,
    transactions: after.transactions - before.transactions,
    walBytes: after.walBytes - before.walBytes,
  };
}

/** Before the clock starts, as heddle's are: a connection costs as much as a circuit. */
async function openedPool(connection: pg.PoolConfig, max: number): Promise<pg.Pool> {
  const pool = new pg.Pool({ ...connection, max });
  const clients = await Promise.all(Array.from({ length: max }, () => pool.connect()));
  for (const client of clients) client.release();
  return pool;
}

async function inTransaction<Result>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } finally {
    client.release();
  }
}

const insertRun = `insert into yardstick.runs values ($1, $2, 'open', $3)`;
const endRun = `update yardstick.runs set status = 'completed', output = $2 where run_id = $1`;
const insertMemory = `insert into yardstick.memory values ($1, $2, $3, $4)`;
const insertMessage = `insert into yardstick.messages values ($1, 1, $2)`;
const insertEvaluation = `insert into yardstick.evaluations values ($1, $2, $3, $4)`;
const recall = `select value from yardstick.memory where owner = $1 and key = $2 order by version`;

async function oneCircuit(pool: pg.Pool, model: Model, circuit: number): Promise<void> {
  const owner = `u${Math.floor(circuit / 10)}`;
  const key = `answer/c${circuit}`;
  const ids = ['r', 'e', 'v'].map((letter) => `${letter}${circuit}`);
  const [researcher = '', editor = '', evaluator = ''] = ids;
  await inTransaction(pool, async (client) => {
    for (const id of ids) await client.query(insertRun, [id, id[0], JSON.stringify({ circuit })]);
  });
  const answer = await model.call(prompts.research(circuit));
  await inTransaction(pool, async (client) => {
    await client.query(insertMemory, [owner, key, 1, answer]);
    await client.query(insertMessage, [`research-done/c${circuit}`, JSON.stringify({ circuit })]);
    await client.query(endRun, [researcher, answer]);
  });
  const recalled = await pool.query<{ value: string }>(recall, [owner, key]);
  const edited = await model.call(prompts.edit(recalled.rows[0]?.value ?? ''));
  await inTransaction(pool, async (client) => {
    await client.query(insertMemory, [owner, key, 2, edited]);
    await client.query(insertMessage, [`editing-done/c${circuit}`, JSON.stringify({ editor })]);
    await client.query(endRun, [editor, edited]);
  });
  const both = await pool.query<{ value: string }>(recall, [owner, key]);
  const [before, after] = both.rows;
  const score = await model.call(prompts.score(before?.value ?? '', after?.value ?? ''));
  await inTransaction(pool, async (client) => {
    await client.query(insertMemory, [owner, `scored/c${circuit}`, 1, score]);
    await client.query(insertEvaluation, [editor, evaluator, 0.5, score]);
    await client.query(endRun, [evaluator, score]);
  });
}

/** All circuits at once over ten connections. */
export async function perStep(
  connection: pg.PoolConfig,
  circuits: number,
  latencyMs: number,
): Promise<Measured> {
  const pool = await openedPool(connection, 10);
  const model = new Model(latencyMs);
  try {
    return await measured('pg per step', pool, circuits, async () => {
      const startedMs = performance.now();
      return Promise.all(
        Array.from({ length: circuits }, async (_, circuit) => {
          await oneCircuit(pool, model, circuit);
          return performance.now() - startedMs;
        }),
      );
    });
  } finally {
    await pool.end();
  }
}

const batchMax = 500;

/** Circuits in batches: each step of a whole batch is one transaction of set-based statements. */
export async function batched(
  connection: pg.PoolConfig,
  circuits: number,
  latencyMs: number,
): Promise<Measured> {
  const pool = await openedPool(connection, 2);
  const model = new Model(latencyMs);
  try {
    return await measured('pg batched', pool, circuits, async () => {
      const startedMs = performance.now();
      const starts = Array.from({ length: Math.ceil(circuits / batchMax) }, (_, i) => i * batchMax);
      const ends = await Promise.all(
        starts.map(async (from) => {
          const size = Math.min(batchMax, circuits - from);
          await oneBatch(
            pool,
            model,
            Array.from({ length: size }, (_, i) => from + i),
          );
          return Array.from({ length: size }, () => performance.now() - startedMs);
        }),
      );
      return ends.flat();
    });
  } finally {
    await pool.end();
  }
}

async function oneBatch(pool: pg.Pool, model: Model, batch: readonly number[]): Promise<void> {
  const owners = batch.map((circuit) => `u${Math.floor(circuit / 10)}`);
  const keys = batch.map((circuit) => `answer/c${circuit}`);
  const ids = (letter: string): string[] => batch.map((circuit) => `${letter}${circuit}`);
  const inputs = batch.map((circuit) => JSON.stringify({ circuit }));
  await inTransaction(pool, async (client) => {
    for (const letter of ['r', 'e', 'v']) {
      await client.query(
        `insert into yardstick.runs select unnest($1::text[]), $2, 'open', unnest($3::text[])`,
        [ids(letter), letter, inputs],
      );
    }
  });
  const answers = await Promise.all(batch.map((circuit) => model.call(prompts.research(circuit))));
  const step = async (
    letter: string,
    version: number,
    rows: { keys: readonly string[]; values: readonly string[]; channel: string | null },
  ): Promise<void> => {
    await inTransaction(pool, async (client) => {
      await client.query(
        `insert into yardstick.memory
         select * from unnest($1::text[], $2::text[], array_fill($3::int, array[cardinality($1)]), $4::text[])`,
        [owners, rows.keys, version, rows.values],
      );
      if (rows.channel !== null) {
        const channels = batch.map((circuit) => `${rows.channel}/c${circuit}`);
        await client.query(
          `insert into yardstick.messages select unnest($1::text[]), 1, unnest($2::text[])`,
          [channels, inputs],
        );
      } else {
        await client.query(
          `insert into yardstick.evaluations select unnest($1::text[]), unnest($2::text[]), 0.5, unnest($3::text[])`,
          [ids('e'), ids('v'), rows.values],
        );
      }
      await client.query(
        `update yardstick.runs r set status = 'completed', output = i.output
         from unnest($1::text[], $2::text[]) i(run_id, output) where r.run_id = i.run_id`,
        [ids(letter), rows.values],
      );
    });
  };
  await step('r', 1, { keys, values: answers, channel: 'research-done' });
  const edited = await Promise.all(answers.map((answer) => model.call(prompts.edit(answer))));
  await step('e', 2, { keys, values: edited, channel: 'editing-done' });
  const scores = await Promise.all(
    edited.map((after, i) => model.call(prompts.score(answers[i] ?? '', after))),
  );
  const scored = batch.map((circuit) => `scored/c${circuit}`);
  await step('v', 1, { keys: scored, values: scores, channel: null });
}
