/**
 * The activity page in headless Chromium on this machine, beside heddle and Postgres. First while 3,000 runs move: the
 * CPU time of each task of the page and its worker, how long after its data a frame is drawn, and the memory of the
 * page's process. Then on a feed that a real server replays, with nothing else running: frames drawn a second while the
 * weave is zoomed and dragged, beside what the same browser draws when it does nothing but fill such a canvas. The other
 * files measure the page of a long run, the search over a million runs, layouts, and circuits that are watched.
 */
import { execFile } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import type pg from 'pg';
import { printTable } from '../report.ts';
import { makeRuns, millionTenant } from '../service/million-runs.ts';
import { serverProcess } from '../service/server-process.ts';
import { percentile } from '../workload.ts';
import { hasChromium, openPage, type Seen } from './chromium.ts';
import { databaseWith } from './database-with.ts';
import { Feed } from './feed.ts';
import { fillsPerS, movedBy } from './gestures.ts';
import { layouts } from './layouts.ts';
import { longRun } from './long-run.ts';
import { search } from './search.ts';
import { watchedCircuits } from './watched-circuits.ts';

/** What one task may take: the page answers within it. */
const taskMsMax = 50;
const settleMs = 5_000;

export async function pages(
  databaseUrl: string,
  { quick }: { readonly quick: boolean },
): Promise<void> {
  if (!hasChromium) return console.log('\npages: no Chromium here, nothing measured');
  await promisify(execFile)('npm', ['run', '--silent', 'build:ui']);
  const wanted = process.env['PAGES_PART'];
  const parts: Readonly<Record<string, () => Promise<void>>> = {
    moving: () => moving(databaseUrl, quick ? 20_000 : Number(process.env['PAGES_MS'] ?? 180_000)),
    replayed: async () => {
      for (const open of [3_000, 30_000]) await replayed(databaseUrl, { open, quick });
    },
    'long-run': () => longRun(databaseUrl, { quick }),
    layouts,
    search: () => search(databaseUrl, { quick }),
    watched: () => watchedCircuits(databaseUrl, { quick }),
  };
  for (const [name, part] of Object.entries(parts)) {
    if (wanted === undefined || wanted === name) await part();
  }
}

const text = (value: number, digits = 1): string => value.toFixed(digits);

async function moving(databaseUrl: string, forMs: number): Promise<void> {
  const server = await serverProcess(databaseUrl, { latencyMs: 2_000 });
  const tenant = 'circuits/pages';
  const seen = await openPage(`${server.url}/ui/activity?tenant=${encodeURIComponent(tenant)}`);
  const feed = new Feed(databaseUrl, { url: server.url, tenant });
  try {
    await feed.begin();
    await pause(settleMs);
    const { sizes, jobs } = await watched(seen, forMs);
    const [first = 0] = sizes;
    const megabytes = (bytes: number): string => text(bytes / 2 ** 20, 0);
    const long = [...jobs.taskMs.page, ...jobs.taskMs.worker].filter((ms) => ms > taskMsMax);
    printTable(`Activity page, 3,000 runs of circuits open, ${text(forMs / 1_000, 0)} s`, [
      ['measure', 'value', 'goal'],
      ['longest task of the page, ms of CPU', text(jobs.taskMs.page[0] ?? 0), '≤ 50'],
      ['longest task of its worker, ms of CPU', text(jobs.taskMs.worker[0] ?? 0), '≤ 50'],
      [`tasks over ${taskMsMax} ms`, String(long.length), '0'],
      ['frame drawn after its data, p50, ms', text(percentile(jobs.drawnMs, 0.5), 0), ''],
      ['frame drawn after its data, p99, ms', text(percentile(jobs.drawnMs, 0.99), 0), '≤ 100'],
      ['memory of the page’s process, MB', sizes.map(megabytes).join(' '), 'flat'],
      ['the last to the first', text((sizes.at(-1) ?? 0) / first, 2), ''],
    ]);
  } finally {
    await seen.close();
    await feed.close();
    await server.close();
  }
}

/** The trace is of the first minute at most: it is large. Memory is looked at to the end. */
async function watched(seen: Seen, forMs: number) {
  const sizes: number[] = [];
  const everyMs = Math.max(5_000, forMs / 10);
  const beganMs = Date.now();
  const looks = (async (): Promise<void> => {
    while (Date.now() - beganMs < forMs) {
      sizes.push(await seen.memory());
      await pause(everyMs);
    }
  })();
  const jobs = await seen.traced(() => pause(Math.min(forMs, 60_000)));
  await looks;
  return { sizes, jobs };
}

async function replayed(
  databaseUrl: string,
  { open, quick }: { readonly open: number; readonly quick: boolean },
): Promise<void> {
  const url = await databaseWith(databaseUrl, (client) => withTurns(client, open));
  const server = await serverProcess(url, { latencyMs: 0 });
  const seen = await openPage(`${server.url}/ui/activity?tenant=${millionTenant}`);
  try {
    await seen.page.locator('.weave-box canvas').waitFor();
    await pause(settleMs);
    const forMs = quick ? 2_000 : 6_000;
    const rows = [];
    const yardstick = await fillsPerS(seen.page, forMs);
    for (const how of ['zoom', 'pan'] as const) {
      const { draws, taskMs } = await seen.traced(() => movedBy(seen.page, how, forMs));
      const perS = draws / (forMs / 1_000);
      const longest = text(taskMs.worker[0] ?? 0);
      rows.push([how, text(perS), text(perS / yardstick, 2), longest]);
    }
    const goal = open > 5_000 ? 20 : 30;
    printTable(`Pan and zoom of ${open} runs, replayed by the server, goal ≥ ${goal} frames/s`, [
      ['', 'frames/s', 'ratio to plain fills', 'longest task of the worker, ms of CPU'],
      ...rows,
    ]);
  } finally {
    await seen.close();
    await server.close();
  }
}

/** Open runs that have had turns all through the last quarter of an hour. */
async function withTurns(client: pg.Client, open: number): Promise<void> {
  await makeRuns(client, { ended: 0, open });
  await client.query(`insert into heddle.journal (tenant, run_id, turn, entries, at, status)
    select r.tenant, r.run_id, n, '[]', now() - (14 - n) * interval '60 s' - abs(hashtext(r.run_id::text) % 60) * interval '1 s',
      (array['admitted', 'calling-provider', 'waiting-on-channel', 'calling-provider', 'waiting-on-timer'])[1 + (n + abs(hashtext(r.run_id::text) % 5)) % 5]
    from heddle.runs r cross join generate_series(1, 13) as n`);
  await client.query('update heddle.runs set turn = 13');
  await client.query('analyze');
}
