/** A run's page in a real browser: its lanes, its chart at each turn, the token, and the views of a chart in the address. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { assign, fromPromise, setup } from 'xstate';
import { approval } from '../../machines/examples/approval.ts';
import { served, type Served } from '../api/served.ts';
import { testDatabase } from '../support/postgres.ts';
import { browser, hasBrowser } from '../browser/browser.ts';

const litIn = (page: Page): Promise<readonly string[]> =>
  page.locator('.chart-node.is-lit.is-leaf .chart-name').allTextContents();

/** Notes each token that is put into the chart. */
const watchTokens = `
  globalThis.tokens = 0;
  new MutationObserver((all) => {
    for (const { addedNodes } of all)
      for (const node of addedNodes) if (node.classList?.contains('chart-token')) globalThis.tokens++;
  }).observe(document, { childList: true, subtree: true });
`;

/** Takes so many turns by itself, and ends. */
const laps = 430;
type Lap = { readonly context: { readonly n: number } };
const lapsOver = setup({
  types: { context: {} as Lap['context'] },
  actors: { step: fromPromise(async () => 'x') },
  actions: { count: assign({ n: ({ context }: Lap) => context.n + 1 }) },
}).createMachine({
  id: 'laps',
  context: { n: 0 },
  initial: 'left',
  states: {
    left: {
      always: { guard: ({ context }) => context.n >= laps, target: 'home' },
      invoke: { id: 'step', src: 'step', onDone: { target: 'right', actions: 'count' } },
    },
    right: {
      always: { guard: ({ context }) => context.n >= laps, target: 'home' },
      invoke: { id: 'step', src: 'step', onDone: { target: 'left', actions: 'count' } },
    },
    home: { type: 'final' },
  },
});

describe.skipIf(!hasBrowser)('a run’s page', () => {
  const chromium = browser();
  let on: Served;
  let runId: string;

  beforeAll(async () => {
    const cwd = fileURLToPath(new URL('../..', import.meta.url));
    execFileSync('npm', ['run', '--silent', 'build:ui'], { cwd });
    on = await served(await testDatabase(), {}, { agents: [approval, lapsOver] });
    const input = { request: 'the trip' };
    const { body } = await on.ask('POST', '/v1/runs', { agent: approval.id, input });
    runId = body.id as string;
    const { body: list } = await on.ask('GET', `/v1/runs/${runId}/questions`);
    const { askId } = list.questions[0] as { askId: string };
    await on.ask('POST', `/v1/runs/${runId}/answers`, { askId, answer: { approved: true } });
    await on.ask('GET', `/v1/runs/${runId}/output?waitMs=25000`);
  }, 120_000);

  it('lights each turn by the keys, and its token goes forward only, and not for those who ask for less motion', async () => {
    const { page, troubles } = await chromium.page();
    await page.emulateMedia({ reducedMotion: 'no-preference' });
    await page.goto(`${on.url}/ui/runs/${runId}?turn=1`);
    await page.locator('.chart-node.is-lit').first().waitFor({ state: 'attached' });
    expect(await litIn(page)).toEqual(['asking']);
    await page.getByRole('img', { name: /^ask, ask: ended after/ }).waitFor();
    await page.evaluate(watchTokens);
    const tokens = (): Promise<unknown> => page.evaluate('globalThis.tokens');
    await page.keyboard.press('.');
    await page.getByRole('heading', { name: 'Turn 2' }).waitFor();
    await page.waitForFunction('globalThis.tokens === 1');
    expect(await litIn(page)).toEqual(['approved']);
    expect(await page.locator('.chart-edge.now').count()).toBe(2);
    await page.keyboard.press(',');
    await page.getByRole('heading', { name: 'Turn 1' }).waitFor();
    expect(await litIn(page)).toEqual(['asking']);
    expect(await tokens()).toBe(1);
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.keyboard.press('.');
    await page.getByRole('heading', { name: 'Turn 2' }).waitFor();
    expect(await tokens()).toBe(1);
    expect(troubles).toEqual([]);
    await page.close();
  });

  it('each press of a key and each click counts, however soon they follow each other, also through several windows', async () => {
    const { id } = await on.heddle.start('laps');
    await on.ask('GET', `/v1/runs/${id}/output?waitMs=25000`);
    const { page, troubles } = await chromium.page();
    await page.goto(`${on.url}/ui/runs/${id}?turn=405`);
    const at = (turn: number) => page.getByRole('heading', { name: `Turn ${turn}`, exact: true });
    await at(405).waitFor();
    const press = (key: string, times: number, between: string): Promise<unknown> =>
      page.evaluate(`(async () => {
        for (let n = 0; n < ${times}; n++) {
          document.body.dispatchEvent(new KeyboardEvent('keydown', { key: '${key}', bubbles: true }));
          ${between}
        }
      })()`);
    // As a key that is held: the next press comes when the page has been drawn, and before what follows a drawing.
    const drawn = `await new Promise((resolve) => requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = resolve;
      port2.postMessage(0);
    }));`;
    await press(',', 20, drawn);
    await at(385).waitFor();
    await press('.', 30, drawn);
    await at(415).waitFor();
    // All of them before the page is drawn once.
    await press(',', 230, '');
    await at(185).waitFor();
    await page.getByRole('button', { name: 'Turn before' }).dblclick();
    await at(183).waitFor();
    await page.waitForURL(/turn=183/);
    await page.getByText('"n": 182').or(page.getByText('n: 182')).first().waitFor();
    expect(troubles).toEqual([]);
    await page.close();
  });

  it('a chart is seen as the address says, and the address follows', async () => {
    const { page, troubles } = await chromium.page();
    await page.goto(`${on.url}/ui/agents/approval?view=table`);
    await page.getByRole('columnheader', { name: 'leads to' }).waitFor();
    await page.getByRole('button', { name: 'outline' }).click();
    await page.waitForURL(/view=outline/);
    await page.getByText('invokes ask').waitFor();
    await page.getByRole('button', { name: 'chart', exact: true }).click();
    await page.getByRole('img', { name: 'The chart of approval' }).waitFor();
    expect(troubles).toEqual([]);
    await page.close();
  });
});
