/**
 * The bridge page in a real browser: what it says, what it hands to Stately's inspector, and when. In place of
 * stately.ai stands a page that takes what `createBrowserReceiver` of @statelyai/inspect 0.7.2 takes.
 */
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { master, weaver } from '../api/inspector/inspected-agents.ts';
import { served } from '../api/served.ts';
import { testDatabase } from '../support/postgres.ts';
import { browser, hasBrowser } from '../browser/browser.ts';

type Frame = {
  readonly type: string;
  readonly sessionId: string;
  readonly snapshot?: { readonly status: string };
};

const receiver = `<!doctype html><title>inspector</title><p>frames</p><script>
window.taken = [];
addEventListener('message', ({ data }) => {
  if (typeof data?.type === 'string' && typeof data._version === 'string') window.taken.push(data);
  else window.taken.push({ type: 'strange ' + JSON.stringify(data) });
});
parent.postMessage({ type: '@statelyai.connected' }, '*');
</script>`;

/** Gives what the inspector has taken, and how often it was loaded. */
async function withInspector(page: Page) {
  const seen = { loads: 0 };
  await page.route('https://stately.ai/**', async (route) => {
    seen.loads += 1;
    await route.fulfill({ contentType: 'text/html', body: receiver });
  });
  const taken = async (): Promise<readonly Frame[]> => {
    const frame = page.frames().find((one) => one.url().startsWith('https://stately.ai'));
    return (await frame?.evaluate(() => (globalThis as never as { taken: Frame[] }).taken)) ?? [];
  };
  return { seen, taken };
}

describe.skipIf(!hasBrowser)('the bridge to the Stately inspector', { timeout: 120_000 }, () => {
  const chromium = browser();

  it('sends nothing until somebody says so, then each run with its events', async () => {
    const { heddle, url } = await served(
      await testDatabase(),
      { inspect: true },
      { agents: [weaver, master] },
    );
    const run = await heddle.start('weaver', { user: 'ann', tenant: 'looms' });
    const { page, troubles } = await chromium.page();
    const { seen, taken } = await withInspector(page);
    await page.goto(`${url}/inspect?run=${run.id}`);
    await page.getByText('It needs the internet').waitFor();
    expect(await page.getByLabel('Run').inputValue()).toBe(run.id);
    expect(seen.loads).toBe(0);
    await page.getByLabel('Tenant').fill('looms');
    await page.evaluate(axe.source);
    const found = await page.evaluate(async () => {
      const inPage = globalThis as unknown as {
        axe: { run(): Promise<{ violations: { id: string; impact: string }[] }> };
      };
      return (await inPage.axe.run()).violations.map(({ id, impact }) => `${impact} ${id}`);
    });
    expect(found.filter((one) => /^(serious|critical)/.test(one))).toEqual([]);
    await page.getByRole('button', { name: 'Send it to stately.ai' }).click();
    await page.getByText('1 run sent to stately.ai').waitFor();
    await run.send({ type: 'GO' });
    await run.output();
    await expect
      .poll(async () => (await taken()).map(({ type, snapshot }) => [type, snapshot?.status]), {
        timeout: 20_000,
      })
      .toEqual([
        ['@xstate.actor', 'active'],
        ['@xstate.event', undefined],
        ['@xstate.snapshot', 'done'],
      ]);
    expect(troubles).toEqual([]);
  });

  it('says why heddle refuses, and goes on after a restart', async () => {
    const databaseUrl = await testDatabase();
    const options = { agents: [weaver] };
    const first = await served(databaseUrl, { inspect: true }, options);
    const { page } = await chromium.page('dark', 400);
    const { taken } = await withInspector(page);
    await page.goto(`${first.url}/inspect`);
    const send = page.getByRole('button', { name: 'Send it to stately.ai' });
    await send.click();
    await page.getByText('heddle refuses: inspect-filter-missing').waitFor();
    await page.goto(`${first.url}/inspect?context=true`);
    await page.getByText('what runs hold').waitFor();
    await page.getByLabel('Agent').fill('weaver');
    await send.click();
    await page.getByText('--inspect-context').waitFor();
    await page.goto(`${first.url}/inspect`);
    await page.getByLabel('Agent').fill('weaver');
    await send.click();
    await page.getByText('0 runs sent').waitFor();
    await first.close();
    await page.getByText(/Not connected|heddle is not there/).waitFor();
    const port = Number(new URL(first.url).port);
    const second = await served(databaseUrl, { inspect: true, port }, options);
    const run = await second.heddle.start('weaver');
    await expect
      .poll(async () => (await taken()).map(({ sessionId }) => sessionId), { timeout: 30_000 })
      .toEqual([run.id]);
  });

  it('a reload of the inspector while a connection is waited for makes one connection, not two', async () => {
    const { url, close } = await served(
      await testDatabase(),
      { inspect: true },
      { agents: [weaver] },
    );
    const { page } = await chromium.page();
    const { seen } = await withInspector(page);
    let sockets = 0;
    page.on('websocket', () => (sockets += 1));
    await page.clock.install();
    await page.goto(`${url}/inspect?agent=weaver`);
    await page.getByRole('button', { name: 'Send it to stately.ai' }).click();
    await page.getByText('0 runs sent').waitFor();
    // From here on only the test lets time go by in the page.
    await page.clock.pauseAt(Date.now() + 5_000);
    await close();
    const said = page.getByText(/Not connected|heddle is not there/);
    await said.waitFor();
    for (const reloads of [1, 2]) {
      const frame = page.frames().find((one) => one.url().startsWith('https://stately.ai'));
      await page.evaluate(() => {
        const { document } = globalThis as never as {
          document: { getElementById(id: string): { textContent: string } };
        };
        document.getElementById('said').textContent = '';
      });
      await frame?.evaluate('location.reload()');
      await expect.poll(() => seen.loads).toBe(1 + reloads);
      await said.waitFor();
      expect(sockets).toBe(1 + reloads);
    }
    await page.clock.fastForward(20_000);
    await expect.poll(() => sockets).toBe(4);
    await said.waitFor();
    expect(sockets).toBe(4);
  });

  it('without the internet it says so, and where the same is', async () => {
    const { url } = await served(await testDatabase(), { inspect: true }, { agents: [weaver] });
    const { page } = await chromium.page();
    await page.clock.install();
    await page.route('https://stately.ai/**', (route) => route.abort());
    await page.goto(`${url}/inspect?agent=weaver`);
    const own = page.getByRole('link', { name: 'own pages' });
    expect(await own.getAttribute('href')).toBe('/ui/runs');
    await page.getByRole('button', { name: 'Send it to stately.ai' }).click();
    await page.clock.fastForward(16_000);
    await page.getByText('stately.ai does not answer').waitFor();
  });

  it('has the token of the tab', async () => {
    const one = await served(
      await testDatabase(),
      { inspect: true, tokensAlways: true, token: 'the-first-token-of-all' },
      { agents: [weaver] },
    );
    const run = await one.heddle.start('weaver');
    const { page } = await chromium.page();
    const { taken } = await withInspector(page);
    await page.goto(`${one.url}/inspect?run=${run.id}`);
    const send = page.getByRole('button', { name: 'Send it to stately.ai' });
    await send.click();
    await page.getByText('heddle refuses: This needs a token').waitFor();
    await page.evaluate(() => {
      const inPage = globalThis as never as {
        sessionStorage: { setItem(key: string, value: string): void };
      };
      inPage.sessionStorage.setItem('heddle-token', 'the-first-token-of-all');
    });
    await page.reload();
    await send.click();
    await expect.poll(async () => (await taken()).length, { timeout: 20_000 }).toBe(1);
  });
});
