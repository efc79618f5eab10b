/** The pages in a real browser over a real server: each is opened on live runs, and works. */
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { approval } from '../../machines/examples/approval.ts';
import { served, type Served } from '../api/served.ts';
import { builtPages } from '../support/built-pages.ts';
import { testDatabase } from '../support/postgres.ts';
import { browser, hasBrowser, type Seen } from './browser.ts';

/** What axe-core finds that is serious or worse. */
async function seriousIn(page: Page): Promise<readonly string[]> {
  // The policy of the pages lets no script in; the protocol of the browser may.
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    type Result = { violations: { id: string; impact: string; nodes: { html: string }[] }[] };
    const inPage = globalThis as unknown as { axe: { run(): Promise<Result> } };
    const { violations } = await inPage.axe.run();
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`);
  });
}

const allLooks = (['light', 'dark'] as const).flatMap((theme) =>
  [1_440, 900, 400].map((width) => [theme, width] as const),
);

/** `npm run test:pages` looks at each page in each of them; the suite at each page in one, by turns. */
function looksFor(path: string): typeof allLooks {
  if (process.env['HEDDLE_EVERY_LOOK'] === 'true') return allLooks;
  const at = path.length % allLooks.length;
  return allLooks.slice(at, at + 1);
}

describe.skipIf(!hasBrowser)('the pages', () => {
  const chromium = browser();
  let on: Served;
  let runId: string;
  let shown: Seen | undefined;

  beforeAll(async () => {
    await builtPages();
    on = await served(await testDatabase());
    const input = { request: 'the trip' };
    const { body } = await on.ask('POST', '/v1/runs', { agent: approval.id, input, user: 'ann' });
    runId = body.id as string;
    await on.ask('POST', '/v1/channels/news/messages', { payload: { said: '<b>hello</b>' } });
    await on.ask('POST', '/v1/memory/tenant/-/plan', { value: { step: 1 } });
    await on.ask('POST', '/v1/memory/tenant/-/plan', { value: { step: 2 } });
  }, 120_000);

  it.each([
    ['activity', 'The weave'],
    ['runs', 'approval'],
    ['questions', 'approval'],
    ['providers', 'provider'],
    ['agents', 'approval'],
    ['agents/approval', 'Versions'],
    ['channels', 'news'],
    ['channels/news', 'hello'],
    ['memory', 'plan'],
    ['memory/tenant/-/plan', 'step: 1'],
    ['evaluations', 'evaluated'],
    ['budgets', 'tokens'],
    ['replicas', '32 of 32 shards'],
  ])(
    '%s shows what is there, whatever the theme and the width, and breaks nothing',
    async (path, words) => {
      // One page for all: a new one would be a process of its own, which loads everything anew.
      shown ??= await chromium.page();
      const { page, troubles } = shown;
      for (const [theme, width] of looksFor(path)) {
        await page.emulateMedia({ colorScheme: theme });
        await page.setViewportSize({ width, height: 900 });
        await page.goto(`${on.url}/ui/${path}`);
        await page.getByText(words).first().waitFor({ state: 'attached' });
        expect(await seriousIn(page), `${path} ${theme} ${width}`).toEqual([]);
        const wide = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
        expect(wide, `${path} is wider than ${width}`).toBeLessThanOrEqual(0);
        expect(troubles.splice(0), path).toEqual([]);
      }
    },
  );

  it('a run is watched, answered once by a double click, and ends before our eyes', async () => {
    const { page, troubles } = await chromium.page();
    await page.goto(`${on.url}/ui/runs/${runId}`);
    await page.getByText('waiting-on-person').first().waitFor();
    await page.getByRole('img', { name: /The chart of approval/ }).waitFor();
    expect(await seriousIn(page)).toEqual([]);
    const answer = page.getByRole('button', { name: 'Answer' });
    await page.getByRole('checkbox').first().check();
    await answer.dblclick();
    await page.getByText('completed').first().waitFor();
    expect(troubles).toEqual([]);
    const { body } = await on.ask('GET', `/v1/runs/${runId}/journal`);
    const answers = body.turns
      .flatMap(({ entries }: { entries: { kind: string }[] }) => entries)
      .filter(({ kind }: { kind: string }) => kind === 'answer-dropped');
    expect(answers).toEqual([]);
    const { body: ended } = await on.ask('GET', `/v1/runs/${runId}/output`);
    expect(ended.output).toMatchObject({ approved: true });
    // Back to the first turn by the keys, and the address says so.
    await page.keyboard.press(',');
    await page.waitForURL(/turn=\d/);
    await page.close();
  });

  it('a run leads to the Stately inspector where the server offers one, and charts can be copied', async () => {
    const { page } = await chromium.page();
    const link = page.getByRole('link', { name: 'Open in the Stately inspector' });
    await page.goto(`${on.url}/ui/runs/${runId}`);
    await page.getByRole('button', { name: 'Copy as curl' }).waitFor();
    expect(await link.count()).toBe(0);
    const { url, heddle } = await served(await testDatabase(), { inspect: true });
    const run = await heddle.start(approval, { input: { request: 'the trip' }, tenant: 'looms' });
    await page.goto(`${url}/ui/runs/${run.id}?tenant=looms`);
    await link.click();
    await page.getByText('It needs the internet').waitFor();
    expect(await page.getByLabel('Run').inputValue()).toBe(run.id);
    expect(new URL(page.url()).search).toBe(`?run=${run.id}&tenant=looms`);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.goto(`${on.url}/ui/agents/approval`);
    for (const [name, begins] of [
      ['Mermaid', /^stateDiagram-v2/],
      ['Stately Sketch', /^\{\s+"id": "approval"/],
    ] as const) {
      await page.getByRole('button', { name: `Copy for ${name}` }).click();
      await page.getByText(`Paste it into ${name}`).waitFor();
      expect(await page.evaluate('navigator.clipboard.readText()')).toMatch(begins);
    }
    await page.close();
  });
});
