/** A run's page in a real browser: its lanes, its chart at each turn, the token, and the views of a chart in the address. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
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

describe.skipIf(!hasBrowser)('a run’s page', () => {
  const chromium = browser();
  let on: Served;
  let runId: string;

  beforeAll(async () => {
    const cwd = fileURLToPath(new URL('../..', import.meta.url));
    execFileSync('npm', ['run', '--silent', 'build:ui'], { cwd });
    on = await served(await testDatabase());
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
