/** The pages under keys, odd addresses and another tenant: what is pressed is done, and what is shown is what was asked for. */
import { beforeAll, describe, expect, it } from 'vitest';
import { assign, setup } from 'xstate';
import { approval } from '../../machines/examples/approval.ts';
import { served, type Served } from '../api/served.ts';
import { builtPages } from '../support/built-pages.ts';
import { testDatabase } from '../support/postgres.ts';
import { browser, hasBrowser } from './browser.ts';

const timeout = 120_000;
const token = 't'.repeat(32);

describe.skipIf(!hasBrowser)('the pages', { timeout }, () => {
  const chromium = browser();
  let on: Served;
  const ids: string[] = [];

  beforeAll(async () => {
    await builtPages();
    on = await served(await testDatabase());
    for (const user of ['ann "a"', 'bob', 'eve']) {
      const input = { request: 'the trip' };
      const { body } = await on.ask('POST', '/v1/runs', { agent: approval.id, input, user });
      ids.push(body.id as string);
    }
  }, timeout);

  it('leave enter and space to buttons and links', async () => {
    const { page, troubles } = await chromium.page();
    await page.goto(`${on.url}/ui/runs`);
    await page.getByRole('checkbox').nth(2).waitFor();
    const open = page.getByRole('button', { name: 'In flight' });
    await open.focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(/q=state%3Aopen/);
    await page.goto(`${on.url}/ui/runs/${ids[0]}`);
    const cancel = page.getByRole('button', { name: 'Cancel …' });
    await cancel.waitFor();
    await cancel.focus();
    await page.keyboard.press(' ');
    await page.getByRole('button', { name: 'Yes, cancel' }).waitFor();
    // Elsewhere they are the page's: the question is answered by its key.
    await page.getByRole('button', { name: 'No', exact: true }).click();
    await page.keyboard.press('a');
    await page.waitForFunction(`document.activeElement?.closest('.question') !== null`);
    expect(troubles).toEqual([]);
    await page.close();
  });

  it('ask anew when other runs are selected than those that were counted', async () => {
    const { page } = await chromium.page();
    await page.goto(`${on.url}/ui/runs`);
    const rows = page.getByRole('checkbox');
    await rows.nth(0).check();
    await rows.nth(1).check();
    const bar = page.getByRole('region', { name: 'Commands to the selected runs' });
    await bar.getByRole('button', { name: 'cancel …' }).click();
    await bar.getByText('cancel 2 runs?').waitFor();
    await rows.nth(2).check();
    await bar.getByText('3 runs').waitFor();
    expect(await bar.getByRole('button', { name: 'Yes, cancel' }).count()).toBe(0);
    await page.getByRole('button', { name: /ann "a"/ }).click();
    await page.getByRole('row', { name: /ann/ }).waitFor();
    await expect.poll(() => rows.count()).toBe(1);
    await page.close();
  });

  it('take their keys where a box was ticked, and leave space to the box', async () => {
    const { page } = await chromium.page();
    await page.goto(`${on.url}/ui/runs`);
    const rows = page.getByRole('checkbox');
    await rows.nth(2).click();
    for (const key of ['j', 'x']) await page.keyboard.press(key);
    const bar = page.getByRole('region', { name: 'Commands to the selected runs' });
    await bar.getByText('2 runs').waitFor();
    expect(await rows.nth(1).isChecked()).toBe(true);
    await page.keyboard.press(' ');
    await bar.getByText('1 run', { exact: true }).waitFor();
    expect(await rows.nth(2).isChecked()).toBe(false);
    for (const key of ['g', 'q']) await page.keyboard.press(key);
    await page.waitForURL(/questions/);
    await page.close();
  });

  it('are no wider than the window, whatever long words people, models and errors have', async () => {
    const word = 'w'.repeat(200);
    const long = setup({}).createMachine({
      id: 'a'.repeat(200),
      initial: 'waits',
      states: {
        waits: { on: { tear: 'torn' } },
        torn: { entry: assign(() => expect.fail('z'.repeat(600))) },
      },
    });
    const own = await served(await testDatabase(), {}, { agents: [long] });
    const start = { agent: long.id, user: word, pipeline: word, tags: ['t'.repeat(60)] };
    const torn = (await own.ask('POST', '/v1/runs', start)).body.id as string;
    const held = (await own.ask('POST', '/v1/runs', start)).body.id as string;
    await own.ask('POST', `/v1/runs/${torn}/events`, { type: 'tear' });
    await own.ask('POST', `/v1/runs/${held}/pause`, { reason: word });
    await own.ask('POST', `/v1/channels/${word}/messages`, { payload: word });
    await own.ask('POST', `/v1/memory/tenant/-/${word}`, { value: word });
    const runs = [`runs?q=user:${word}z`, `runs/${torn}`, `runs/${held}`];
    const records = ['agents', `agents/${long.id}`, `channels/${word}`, `memory/tenant/-/${word}`];
    const { page } = await chromium.page('light', 400);
    const check = async (path: string): Promise<void> => {
      await page.goto(`${own.url}/ui/${path}`);
      const isThere = (): Promise<unknown> =>
        page.evaluate(
          `/^(?!.*(Looking|Drawing) …).{40}/s.test(document.querySelector('main')?.innerText ?? '')`,
        );
      await expect.poll(isThere, { timeout: 30_000 }).toBe(true);
      const wide = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
      expect([path, wide]).toEqual([path, 0]);
    };
    for (const path of [...runs, ...records, `budgets?user=${word}`]) await check(path);
    // With the names of agents and users beside the rows.
    await page.setViewportSize({ width: 1_440, height: 900 });
    await check('runs');
    await page.close();
  });

  it('show what is chosen, and data in its colours, to those who force colours', async () => {
    const { page } = await chromium.page();
    await page.emulateMedia({ forcedColors: 'active' });
    await page.goto(`${on.url}/ui/runs/${ids[0]}`);
    await page.locator('.lane-bar').first().waitFor();
    const look = (of: string, what: string): Promise<unknown> =>
      page.evaluate(`getComputedStyle(document.querySelector('${of}')).${what}`);
    expect(await look('[aria-pressed=true]', 'outlineStyle')).toBe('solid');
    expect(await look('[aria-pressed=false]', 'outlineStyle')).toBe('none');
    // `--fill-waiting-on-person`, and not the colour of the ground.
    for (const bar of ['.lane-bar', '.swatch'])
      expect(await look(bar, 'backgroundColor')).toBe('rgb(148, 5, 131)');
    await page.close();
  });

  it('show a word that is no encoding as a name that is not known', async () => {
    const { page, troubles } = await chromium.page();
    await page.goto(`${on.url}/ui/agents`);
    await page.evaluate(
      `history.pushState(null, '', '/ui/agents/100%'); dispatchEvent(new Event('popstate'))`,
    );
    await page.getByRole('heading', { name: '100%' }).waitFor();
    await page.evaluate(
      `history.pushState(null, '', '/ui/constructor'); dispatchEvent(new Event('popstate'))`,
    );
    await page.getByText('There is no page here').waitFor();
    expect(troubles.filter((line) => line.startsWith('threw'))).toEqual([]);
    await page.close();
  });

  it('show nothing of a tenant when another is chosen, and copy a run with the token of a variable', async () => {
    const own = await served(await testDatabase(), { tokensAlways: true, token });
    const run = await own.heddle.start(approval, { input: { request: 'x' }, tenant: 'looms' });
    await own.heddle.start(approval, { input: { request: 'x' } });
    const { page } = await chromium.page();
    await page.goto(`${own.url}/ui/runs/${run.id}?tenant=looms`);
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Go on' }).click();
    const curl = page.getByRole('button', { name: 'Copy as curl' });
    await curl.waitFor();
    expect(await curl.getAttribute('title')).toBe(
      `curl -sS -H "Authorization: Bearer $HEDDLE_TOKEN" '${own.url}/v1/runs/${run.id}?tenant=looms'`,
    );
    await page.getByLabel('Tenant').selectOption('default');
    await page.getByText('There is no such run here.').waitFor();
    expect(await curl.count()).toBe(0);
    await page.close();
  });
});
