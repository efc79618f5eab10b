/**
 * The pages on a server that works: circuits run while the activity page is open; the models are held, the page is
 * compared with the database, they are let go again; now and then the server is killed and started again.
 */
import { setTimeout } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { startsOf } from '../../src/circuits/circuit.ts';
import { asking } from '../api/served.ts';
import { differences, shownBy, storedIn, sumOf } from './counts.ts';
import type { HeldModels } from './held-models.ts';
import type { KilledServer } from './killed-server.ts';

const circuitsEach = 40;
const movesMs = 900;
/** How long the page may take to show what has come to rest. */
const truthMs = 2_000;
const restMs = 15_000;

export type LiveFigures = {
  readonly compared: number;
  readonly kills: number;
  /** Frames looked at while runs moved. */
  readonly frames: number;
  /** Different numbers of open runs among these frames: they did move. */
  readonly distinct: number;
  readonly slowestMs: number;
  readonly findings: readonly string[];
};

type On = {
  readonly page: Page;
  readonly server: KilledServer;
  readonly models: HeldModels;
  readonly databaseUrl: string;
};

export async function comparePages(
  { page, server, models, databaseUrl }: On,
  of: { readonly times: number; readonly killEvery: number },
): Promise<LiveFigures> {
  const findings: string[] = [];
  const opens = new Set<number>();
  let [kills, frames, circuit, slowestMs] = [0, 0, 0, 0];
  for (let time = 1; time <= of.times; time += 1) {
    const ask = asking(server.url);
    const starts = Array.from({ length: circuitsEach }, () =>
      startsOf((circuit += 1), { mode: 'statechart', tenant: 'default', circuitsPerUser: 5 }),
    ).flat();
    const { status, body } = await ask('POST', '/v1/runs/batch', { starts });
    if (status >= 300) throw new Error(`starts were refused: ${JSON.stringify(body)}`);
    if (time % of.killEvery === 0) {
      await server.kill();
      await server.start();
      kills += 1;
    }
    const untilMs = Date.now() + movesMs;
    while (Date.now() < untilMs) {
      const { open, looks } = await shownBy(page);
      frames += 1;
      opens.add(open);
      // A page that has lost its server says so in words, and shows no sum.
      if (open > 0 && sumOf(looks) !== open)
        findings.push(`a frame of ${open} open runs sums to ${sumOf(looks)}`);
    }
    models.hold();
    await atRest(databaseUrl);
    const sinceMs = Date.now();
    let found: string[] = [];
    for (;;) {
      found = differences(await shownBy(page), await storedIn(databaseUrl));
      if (found.length === 0 || Date.now() - sinceMs > truthMs) break;
    }
    slowestMs = Math.max(slowestMs, Date.now() - sinceMs);
    findings.push(...found.map((line) => `after ${time}: ${line}`));
    models.letGo();
  }
  return { compared: of.times, kills, frames, distinct: opens.size, slowestMs, findings };
}

/** Until the database has said the same for half a second. */
async function atRest(databaseUrl: string): Promise<void> {
  const untilMs = Date.now() + restMs;
  let [before, sinceMs] = ['', Date.now()];
  while (Date.now() < untilMs) {
    const now = JSON.stringify(await storedIn(databaseUrl));
    if (now !== before) [before, sinceMs] = [now, Date.now()];
    if (Date.now() - sinceMs > 500) return;
    await setTimeout(50);
  }
  throw new Error('the runs have not come to rest while the models were held');
}
