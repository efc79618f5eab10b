/** 1,000 circuits over HTTP: alone, with a client that reads the activity stream, and with the page in Chromium. */
import { setTimeout as pause } from 'node:timers/promises';
import type { ScaleReport } from '../../../src/circuits/report.ts';
import { createClient } from '../../../src/client/index.ts';
import { printTable } from '../report.ts';
import { heddleCommand, serverProcess } from '../service/server-process.ts';
import { median } from '../workload.ts';
import { openPage } from './chromium.ts';

const circuits = 1_000;
const ways = ['nobody', 'a client', 'the page in Chromium'] as const;
type Way = (typeof ways)[number];

export async function watchedCircuits(
  databaseUrl: string,
  { quick }: { readonly quick: boolean },
): Promise<void> {
  const found: Record<Way, number[]> = { nobody: [], 'a client': [], 'the page in Chromium': [] };
  let frames = 0;
  // In turn, so that a drift of the machine meets all alike.
  for (let round = 0; round < (quick ? 1 : 5); round++) {
    for (const way of ways) {
      const server = await serverProcess(databaseUrl, { latencyMs: 200 });
      const stop = new AbortController();
      const reading = way === 'a client' ? read(server.url, stop.signal) : Promise.resolve(0);
      const seen =
        way === 'the page in Chromium'
          ? await openPage(`${server.url}/ui/activity?follow=circuits/`)
          : null;
      const scales = ['--scale', `50,${circuits}`, '--url', server.url];
      const stdout = await heddleCommand('circuits', '--json', ...scales);
      const report = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as ScaleReport;
      found[way].push(report.circuits_per_s);
      stop.abort();
      frames = Math.max(frames, await reading);
      await seen?.close();
      await server.close();
    }
  }
  const alone = median(found.nobody);
  printTable(`${circuits} circuits at once over HTTP, model latency 200 ms, watched by`, [
    ['', 'circuits/s', 'to nobody'],
    ...ways.map((way) => [
      way,
      median(found[way]).toFixed(0),
      `${(median(found[way]) / alone).toFixed(2)}×`,
    ]),
  ]);
  console.log(`the client read ${frames} frames in its longest go`);
}

/** Follows the newest tenant of circuits until it is told to stop; the number of frames. */
async function read(url: string, signal: AbortSignal): Promise<number> {
  const { operator } = createClient({ url });
  let frames = 0;
  let followed = '';
  let stop = new AbortController();
  while (!signal.aborted) {
    const tenants = await operator.tenants({ open: true, limit: 200 }).catch(() => []);
    const tenant = tenants.filter((name) => name.startsWith(`circuits/${circuits}-`)).at(-1);
    if (tenant !== undefined && tenant !== followed) {
      stop.abort();
      stop = new AbortController();
      followed = tenant;
      const { signal: ended } = stop;
      void (async () => {
        const events = createClient({ url, tenant }).stream([{ kind: 'activity' }], {
          signal: ended,
        });
        for await (const _ of events) frames += 1;
      })();
    }
    await pause(200);
  }
  stop.abort();
  return frames;
}
