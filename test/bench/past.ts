/** Reads of a long run's past, at random turns, beside a bare read of as many rows. */
import pg from 'pg';
import { assign, fromPromise, setup } from 'xstate';
import { createHeddle, type Run } from '../../src/index.ts';
import { printTable } from './report.ts';
import { percentile } from './workload.ts';

type Walk = { readonly n: number; readonly seen: readonly string[] };

const keep = ({ n, seen }: Walk, result: string): Walk => ({
  n: n + 1,
  seen: [...seen.slice(-9), result],
});

/** One turn after the other: each takes the result of a task, keeps the last ones, and begins the next. */
export const walker = setup({
  types: { context: {} as Walk },
  actors: { step: fromPromise(async () => 'x'.repeat(200)) },
}).createMachine({
  id: 'walker',
  context: { n: 0, seen: [] },
  initial: 'odd',
  states: {
    odd: {
      invoke: {
        id: 'step',
        src: 'step',
        onDone: {
          target: 'even',
          actions: assign(({ context, event }) => keep(context, event.output)),
        },
      },
    },
    even: {
      invoke: {
        id: 'step',
        src: 'step',
        onDone: {
          target: 'odd',
          actions: assign(({ context, event }) => keep(context, event.output)),
        },
      },
    },
  },
});

type Reading = { readonly name: string; readonly read: () => Promise<unknown> };

const times = 200;

async function measured({ name, read }: Reading): Promise<{ name: string; p: number[] }> {
  for (let i = 0; i < 20; i++) await read();
  const tookMs: number[] = [];
  const before = process.cpuUsage();
  for (let i = 0; i < times; i++) {
    const startMs = performance.now();
    await read();
    tookMs.push(performance.now() - startMs);
  }
  const { user, system } = process.cpuUsage(before);
  const cpuMs = (user + system) / 1_000 / times;
  return { name, p: [percentile(tookMs, 0.5), percentile(tookMs, 0.99), cpuMs] };
}

export async function walked(run: Run, turns: number): Promise<void> {
  while ((await run.row()).turn < turns) {
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  await run.pause();
}

export async function past(
  databaseUrl: string,
  { quick }: { readonly quick: boolean },
): Promise<void> {
  const turns = quick ? 2_000 : 10_000;
  const heddle = await createHeddle({ agents: [walker], databaseUrl });
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const run = await heddle.start('walker');
    await walked(run, turns);
    const any = (): number => 1 + Math.floor(Math.random() * (turns - 200));
    const bare = `select turn, build, entries, at, status from heddle.journal
      where tenant = $1 and run_id = $2 and turn > $3 order by turn limit 200`;
    const readings: Reading[] = [
      {
        name: 'pg: 200 rows of a journal',
        read: () => client.query(bare, [run.tenant, run.id, any()]),
      },
      { name: 'snapshotAt(turn)', read: () => run.snapshotAt(any()) },
      { name: 'turns, 200', read: () => run.turns({ after: any(), limit: 200 }) },
      {
        name: 'turns, 200 with edges',
        read: () => run.turns({ after: any(), limit: 200, edges: true }),
      },
    ];
    const rows = [];
    for (const reading of readings) rows.push(await measured(reading));
    const base = rows[0]?.p[0] ?? Number.NaN;
    printTable(`The past of a run of ${turns} turns`, [
      ['read', 'p50 ms', 'p99 ms', 'CPU ms', 'p50 to the bare read'],
      ...rows.map(({ name, p }) => {
        const ratio = (p[0] ?? Number.NaN) / base;
        return [name, ...p.map((value) => value.toFixed(1)), `${ratio.toFixed(1)}×`];
      }),
    ]);
    await run.cancel('measured');
  } finally {
    await client.end();
    await heddle.close();
  }
}
