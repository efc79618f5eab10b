/** The page of runs over a million rows: from a filter that was typed to its rows. */
import { printTable } from '../report.ts';
import { makeRuns, millionTenant } from '../service/million-runs.ts';
import { serverProcess } from '../service/server-process.ts';
import { percentile } from '../workload.ts';
import { openPage, type Seen } from './chromium.ts';
import { databaseWith } from './database-with.ts';

const times = 5;
const filters = [
  'state:open',
  'state:failed',
  'state:completed',
  'agent:archivist',
  'agent:writer',
  'user:u-0',
  'user:u-17',
  'pipeline:p-33333',
  'tag:needle',
  'tag:nightly',
  'code:chart-error',
  'agent:writer state:failed',
];

export async function search(
  databaseUrl: string,
  { quick }: { readonly quick: boolean },
): Promise<void> {
  const ended = quick ? 100_000 : 1_000_000;
  const url = await databaseWith(databaseUrl, (client) => makeRuns(client, { ended, open: 3_000 }));
  const server = await serverProcess(url, { latencyMs: 0 });
  const seen = await openPage(`${server.url}/ui/runs?tenant=${millionTenant}`);
  try {
    await seen.page.locator('.run-row a').first().waitFor();
    const rows = [];
    for (const filter of filters) {
      const tookMs: number[] = [];
      for (let i = 0; i < times; i++) tookMs.push(await typed(seen, filter));
      rows.push([filter, ...[0.5, 1].map((share) => percentile(tookMs, share).toFixed(0))]);
    }
    printTable(`Runs page, ${ended} ended and 3,000 open runs, a filter typed to its rows, ms`, [
      ['filter', 'p50', 'most; goal ≤ 300'],
      ...rows,
    ]);
  } finally {
    await seen.close();
    await server.close();
  }
}

/** From the key that ends the word until its rows are there and are not marked as old; then all words are taken away. */
async function typed({ page }: Seen, filter: string): Promise<number> {
  const box = page.getByLabel('Search runs');
  await box.fill(filter);
  const tookMs = await page.evaluate<number>(shownAfter('Enter'));
  await page.locator('.chip button').first().waitFor();
  await page.evaluate<number>(shownAfter('clear'));
  return tookMs;
}

/** A text, for it runs in the page. */
const shownAfter = (what: 'Enter' | 'clear'): string => `new Promise((resolve) => {
  const table = () => document.querySelector('[aria-label="Runs"]');
  const began = performance.now();
  let wasOld = false;
  const look = () => {
    const isOld = table()?.classList.contains('is-old') ?? true;
    wasOld ||= isOld;
    if ((wasOld && !isOld && document.querySelector('.run-row a') !== null) || performance.now() - began > 10000)
      resolve(performance.now() - began);
    else requestAnimationFrame(look);
  };
  if (${what === 'Enter'}) document.querySelector('form.search').requestSubmit();
  else for (const _ of [...document.querySelectorAll(".chip button")]) document.querySelector(".chip button")?.click();
  requestAnimationFrame(look);
})`;
