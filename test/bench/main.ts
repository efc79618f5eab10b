/**
 * `npm run bench`: heddle beside its yardsticks, in one go on one machine. Prints ratios; trust
 * those and not the absolutes. `--quick` takes one run of each instead of the median of three and
 * leaves out the largest parked and waiting sets.
 * `--openai` puts chat completions in Ollama's place in the part `providers`.
 * `--only throughput|latency|crashes|parked|waiting|overhead|providers|past|service|pages` runs one part; `pages` wants
 * Chromium, takes the time of its long look (ms) from `PAGES_MS`, and runs one part of itself by `PAGES_PART`:
 * moving, replayed, long-run, layouts, search, watched.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type pg from 'pg';
import { startEmbeddedPostgres } from '../../src/store/embedded/embedded-postgres.ts';
import { heddleCircuits } from './circuits.ts';
import { killAndResume } from './crash.ts';
import type { Pair } from './emulated-run.ts';
import { overhead } from './overhead.ts';
import { pages } from './pages/pages.ts';
import { past } from './past.ts';
import { batched, perStep } from './plain-pg.ts';
import { providers } from './providers.ts';
import { latencyText, printTable, throughputRows } from './report.ts';
import { circuitsOverHttp } from './service/circuits-over-http.ts';
import { lists } from './service/lists.ts';
import { idle } from './service/idle.ts';
import { starts } from './service/starts.ts';
import { streams } from './service/streams.ts';
import { waiting } from './waiting.ts';
import { median, type Measured } from './workload.ts';
import { inMemory } from './xstate-memory.ts';

const quick = process.argv.includes('--quick');
/** The pair of emulated providers: Anthropic with Ollama, or with a server of chat completions. */
const pair: Pair = process.argv.includes('--openai')
  ? ['anthropic', 'openai']
  : ['anthropic', 'ollama'];
const rounds = quick ? 1 : 3;
const only = process.argv.includes('--only') ? process.argv.at(-1) : null;

type Contender = (circuits: number, latencyMs: number) => Promise<Measured>;

/** In turn, so that a drift of the machine meets all alike. */
async function inTurn(
  contenders: readonly Contender[],
  circuits: number,
  latencyMs: number,
  times = rounds,
): Promise<Measured[][]> {
  const results = contenders.map((): Measured[] => []);
  for (let round = 0; round < times; round++) {
    for (const [i, contender] of contenders.entries()) {
      results[i]?.push(await contender(circuits, latencyMs));
    }
  }
  return results;
}

async function throughput(contenders: readonly Contender[]): Promise<void> {
  for (const contender of contenders) await contender(20, 0);
  for (const circuits of [1_000, 3_000]) {
    const results = await inTurn(contenders, circuits, 0);
    printTable(
      `${circuits} circuits at once, model latency 0`,
      throughputRows(results, 'pg per step'),
    );
  }
}

async function latency(contenders: readonly Contender[]): Promise<void> {
  for (const contender of contenders) await contender(20, 0);
  const few = await inTurn(contenders, 10, 50);
  // One circuit takes some 20 ms, so that a single one says little.
  const one = await inTurn(contenders, 1, 0, 7 * rounds);
  printTable('Latency', [
    [
      'contender',
      'p50 of 10 circuits at 50 ms a call (150 at the least)',
      'one circuit alone at 0 ms',
    ],
    ...few.map((runs, i) => [
      runs[0]?.contender ?? '',
      latencyText(runs),
      latencyText(one[i] ?? []),
    ]),
  ]);
}

async function parked(databaseUrl: string): Promise<void> {
  const script = fileURLToPath(new URL('parked-child.js', import.meta.url));
  const rows: string[][] = [['parked runs', 'bytes of RSS each', 'wake p50 ms', 'wake p99 ms']];
  for (const runs of quick ? [3_000] : [3_000, 30_000, 100_000]) {
    const args = ['--expose-gc', script, databaseUrl, String(runs), '300'];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 600_000 });
    const figures = JSON.parse(stdout) as {
      bytesPerRun: number;
      wakeMs: { p50: number; p99: number };
    };
    const { p50, p99 } = figures.wakeMs;
    rows.push([String(runs), figures.bytesPerRun.toFixed(0), p50.toFixed(1), p99.toFixed(1)]);
  }
  printTable('Runs that wait to receive', rows);
}

async function crashes(databaseUrl: string): Promise<void> {
  const again = [];
  // Evenly over the three phases of some 100 ms that the circuits pass through together.
  for (let i = 0; i < (quick ? 3 : 9); i++) {
    const killAfterMs = 20 + (quick ? 105 : 35) * i;
    const of = { tenant: `kill/${Date.now()}`, count: 100, latencyMs: 50, killAfterMs };
    again.push(await killAndResume(databaseUrl, of));
  }
  const open = await killAndResume(databaseUrl, {
    tenant: `resume/${Date.now()}`,
    count: 1_000,
    latencyMs: 2_000,
    killAfterMs: 3_000,
  });
  printTable('kill -9', [
    ['measure', 'value'],
    [
      'calls that had ended and were bought again, of 300, per kill',
      again.map(({ boughtAgain }) => boughtAgain).join(', '),
    ],
    [
      'calls that had ended before each kill',
      again.map(({ endedBefore }) => endedBefore).join(', '),
    ],
    [
      'restart to all owned again, 100 circuits open, ms',
      median(again.map(({ resumeMs }) => resumeMs)).toFixed(0),
    ],
    ['restart to all owned again, 3,000 runs open, ms', open.resumeMs.toFixed(0)],
  ]);
}

async function main(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'heddle-bench-'));
  const server = await startEmbeddedPostgres({ directory });
  try {
    const { databaseUrl } = server;
    const connection: pg.PoolConfig = { ...server.connection };
    const contenders: readonly Contender[] = [
      (circuits, latencyMs) => heddleCircuits(databaseUrl, circuits, latencyMs),
      (circuits, latencyMs) => perStep(connection, circuits, latencyMs),
      (circuits, latencyMs) => batched(connection, circuits, latencyMs),
      inMemory,
    ];
    const parts: Readonly<Record<string, () => Promise<void>>> = {
      throughput: () => throughput(contenders),
      latency: () => latency(contenders),
      crashes: () => crashes(databaseUrl),
      parked: () => parked(databaseUrl),
      waiting: () => waiting({ quick }),
      overhead: () => overhead(databaseUrl),
      providers: () => providers(databaseUrl, { quick, pair }),
      past: () => past(databaseUrl, { quick }),
      service: async () => {
        await starts(databaseUrl, { quick });
        await circuitsOverHttp(databaseUrl, { quick });
        await streams(databaseUrl, { quick });
        await lists(databaseUrl, quick ? { ended: 100_000, open: 3_000 } : {});
        await idle({ quick });
      },
      pages: () => pages(databaseUrl, { quick }),
    };
    for (const [name, part] of Object.entries(parts)) {
      if (only === null || only === name) await part();
    }
  } finally {
    await server.close();
    await rm(directory, { recursive: true, force: true });
  }
}

await main();
