/** The page of a run of 10,000 turns: how long until it is there, at any turn, and until a step of the slider is drawn. */
import { createHeddle, stubProvider } from '../../../src/index.ts';
import { serve } from '../../../src/server.ts';
import { walked, walker } from '../past.ts';
import { printTable } from '../report.ts';
import { percentile } from '../workload.ts';
import { openPage, type Seen } from './chromium.ts';

const opens = 9;
const steps = 60;

export async function longRun(
  databaseUrl: string,
  { quick }: { readonly quick: boolean },
): Promise<void> {
  const turns = quick ? 2_000 : 10_000;
  const heddle = await createHeddle({ agents: [walker], providers: [stubProvider()], databaseUrl });
  const server = await serve(heddle, { port: 0 });
  try {
    const run = await heddle.start('walker');
    await walked(run, turns);
    const seen = await openPage(`${server.url}/ui/runs`);
    const page = `${server.url}/ui/runs/${run.id}`;
    const openMs = [];
    for (let i = 0; i < opens; i++) {
      const turn = i === 0 ? '' : `?turn=${1 + Math.floor((turns * i) / (opens + 1))}`;
      openMs.push(await opened(seen, `${page}${turn}`));
    }
    const keyMs = await stepped(seen, 'key');
    const dragMs = await stepped(seen, 'drag');
    await seen.close();
    const row = (name: string, ms: number[], goal: string): string[] => [
      name,
      ...[0.5, 0.95, 1].map((share) => percentile(ms, share).toFixed(0)),
      goal,
    ];
    printTable(`The page of a run of ${turns} turns, ms`, [
      ['', 'p50', 'p95', 'most', 'goal'],
      row(`open, until chart, turn and journal are there (${opens})`, openMs, '≤ 1,000'),
      row(`a step by the key, until it is drawn (${steps})`, keyMs, '≤ 50'),
      row(`a step of the slider, until it is drawn (${steps})`, dragMs, '≤ 50'),
    ]);
    await run.cancel('measured');
  } finally {
    await server.close();
    await heddle.close();
  }
}

async function opened({ page }: Seen, url: string): Promise<number> {
  const beganMs = performance.now();
  await page.goto(url);
  await page.locator('.chart-node.is-lit').first().waitFor({ state: 'attached' });
  await page.locator('.turn-head h1').waitFor();
  await page.locator('.lane-dot.is-here').first().waitFor({ state: 'attached' });
  return performance.now() - beganMs;
}

/** From the event until the frame in which the page shows the other turn has been drawn. */
async function stepped({ page }: Seen, how: 'key' | 'drag'): Promise<number[]> {
  return page.evaluate(`(async () => {
    const drawn = () => new Promise((resolve) => requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = resolve;
      port2.postMessage(0);
    }));
    const place = () => document.querySelector('.turn-head h1')?.textContent;
    const slider = document.querySelector('.journal-slider');
    const took = [];
    for (let i = 0; i < ${steps}; i++) {
      const before = place();
      const began = performance.now();
      if (${how === 'key'}) document.body.dispatchEvent(new KeyboardEvent('keydown', { key: ',', bubbles: true }));
      else {
        slider.value = String(Number(slider.value) + (i % 20 < 10 ? -3 : 3));
        slider.dispatchEvent(new Event('input', { bubbles: true }));
      }
      do await drawn(); while (place() === before && performance.now() - began < 2000);
      took.push(performance.now() - began);
    }
    return took;
  })()`);
}
