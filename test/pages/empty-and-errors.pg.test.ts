/** What pages say where nothing is, where they may not ask, and where nobody answers: what has happened, and what to do. */
import { beforeAll, describe, expect, it } from 'vitest';
import { createToken } from '../../src/access/tokens.ts';
import { serve } from '../../src/server.ts';
import { approval } from '../../machines/examples/approval.ts';
import { served, type Served } from '../api/served.ts';
import { builtPages } from '../support/built-pages.ts';
import { openHeddle } from '../support/heddle.ts';
import { testDatabase } from '../support/postgres.ts';
import { browser, hasBrowser } from '../browser/browser.ts';

const timeout = 120_000;
const token = 't'.repeat(32);

describe.skipIf(!hasBrowser)('pages', { timeout }, () => {
  const chromium = browser();
  let empty: Served;

  beforeAll(async () => {
    await builtPages();
    empty = await served(await testDatabase(), {}, { agents: [] });
  }, timeout);

  it.each([
    ['activity', 'No run yet. Start one', 'heddle run AGENT'],
    ['runs', 'There is no run yet', 'heddle run AGENT'],
    ['runs?q=state:failed', 'No run fits this search', 'Drop state:failed'],
    ['runs/01970000-0000-7000-8000-000000000000', 'There is no such run here.', 'another tenant'],
    ['questions', 'Nobody is asked anything', 'ask'],
    ['providers', 'No provider has been called yet', 'createHeddle'],
    ['agents', 'No agent is registered', 'heddle serve'],
    ['agents/nobody', 'There is no such agent here.', 'heddle serve MODULES'],
    ['channels', 'There is no channel yet', 'heddle channels publish'],
    ['channels/none', 'Nobody has published here yet', 'first message'],
    ['memory', 'There is no entry here', 'heddle memory put'],
    ['memory/user', 'Whose memory? Name a user.', 'remember'],
    ['memory/tenant/-/none', 'There is no such entry.', 'another owner'],
    ['evaluations', 'Nothing has been evaluated', 'heddle evaluations submit'],
    ['nowhere', 'There is no page here', 'Activity'],
  ])('%s, where nothing is, says so and what to do', async (path, what, todo) => {
    const { page } = await chromium.page('dark', 400);
    await page.goto(`${empty.url}/ui/${path}`);
    await page.locator('main').getByText(what).first().waitFor();
    await page.locator('main').getByText(todo).first().waitFor();
    const wide = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect(wide).toBeLessThanOrEqual(0);
    await page.close();
  });

  it('a token that is wrong is asked for anew; one of too small a scope is told what it lacks', async () => {
    const on = await served(await testDatabase(), { tokensAlways: true, token });
    const headers = { authorization: `Bearer ${token}` };
    const made = await on.ask('POST', '/v1/channels/c/messages', { payload: 1 }, headers);
    expect(made.status).toBeLessThan(300);
    const small = await createToken(on.heddle.runtime.store, { name: 'small', scopes: ['read'] });
    const { page } = await chromium.page();
    await page.goto(`${on.url}/ui/replicas`);
    await page.getByLabel('Token').fill('wrong'.repeat(8));
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByText('The token that this tab has is not known here.').waitFor();
    // No header can carry this one. The field has the keys again each time.
    const at = (): Promise<unknown> =>
      page.evaluate(`[document.activeElement?.name, document.activeElement?.value]`);
    await expect.poll(at).toEqual(['token', '']);
    await page.keyboard.type('tok✓en');
    await page.keyboard.press('Enter');
    await expect.poll(at).toEqual(['token', '']);
    await page.getByText('The token that this tab has is not known here.').waitFor();
    await page.getByLabel('Token').fill(small);
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByText('Your token may not do this.').waitFor();
    await page.getByText('heddle tokens create NAME --scopes').waitFor();
    await page.goto(`${on.url}/ui/activity`);
    await page.getByText('Needs a token with the scope admin').waitFor();
    await page.goto(`${on.url}/ui/replicas`);
    await page.getByRole('button', { name: 'Use another token' }).click();
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByText('32 of 32 shards').waitFor();
    await page.close();
  });

  it('says since when heddle does not answer, and goes on by itself when it does', async () => {
    const { heddle } = await openHeddle(await testDatabase(), { agents: [approval] });
    const first = await serve(heddle, { port: 0 });
    const { page } = await chromium.page();
    await page.goto(`${first.url}/ui/channels`);
    await page.getByText('There is no channel yet').waitFor();
    await first.close();
    await page.getByText(/heddle has not answered since \d/).waitFor({ timeout: 60_000 });
    const again = await serve(heddle, { port: first.port });
    try {
      const body = JSON.stringify({ payload: 1 });
      const type = { 'content-type': 'application/json' };
      await fetch(`${again.url}/v1/channels/news/messages`, {
        method: 'POST',
        body,
        headers: type,
      });
      // Nobody reloads the page.
      await page.getByText('news').waitFor({ timeout: 60_000 });
      expect(await page.getByText(/has not answered since/).count()).toBe(0);
    } finally {
      await again.close();
      await heddle.close();
    }
    await page.close();
  });

  it('a stream that is refused is asked for again, and what the page says of it goes', async () => {
    const { page } = await chromium.page();
    let refusals = 2;
    await page.route('**/v1/stream', async (route) => {
      if (refusals-- <= 0) return route.continue();
      const problem = { code: 'rate-limited', detail: 'Too many requests.', status: 429 };
      const contentType = 'application/problem+json';
      return route.fulfill({ status: 429, contentType, body: JSON.stringify(problem) });
    });
    await page.goto(`${empty.url}/ui/runs`);
    const said = page.getByText('This page does not follow what happens');
    await said.waitFor();
    await said.waitFor({ state: 'detached', timeout: 30_000 });
    expect(refusals).toBeLessThan(0);
    await page.close();
  });

  it('a search is saved under a name, found again after a reload, and forgotten', async () => {
    const { page } = await chromium.page();
    await page.goto(`${empty.url}/ui/runs?q=state:open`);
    await page.getByLabel('Name of this search').fill('mine');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.goto(`${empty.url}/ui/runs`);
    await page.getByRole('button', { name: 'mine', exact: true }).click();
    await page.waitForURL(/q=state%3Aopen/);
    const inFlight = page.getByRole('button', { name: 'In flight' });
    expect(await inFlight.getAttribute('aria-pressed')).toBe('true');
    await page.getByRole('button', { name: 'Forget mine' }).click();
    await page.reload();
    await page.getByText('There is no run yet').or(page.getByText('No run fits')).waitFor();
    expect(await page.getByRole('button', { name: 'mine', exact: true }).count()).toBe(0);
    await page.close();
  });
});
