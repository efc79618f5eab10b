/** The activity page on circuits whose calls take long: hairline, tip, keys, the address, arrows, the audit. */
import type { Locator, Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { agents, startsOf, tenantOf } from '../../src/circuits/circuit.ts';
import { startEmulator } from '../../src/emulators/emulator.ts';
import { stubProvider } from '../../src/heddle.ts';
import { ollama } from '../../src/index.ts';
import { palette } from '../../src/ui/look/states.ts';
import { served, type Served } from '../api/served.ts';
import { builtPages } from '../support/built-pages.ts';
import { testDatabase } from '../support/postgres.ts';
import { browser, hasBrowser } from '../browser/browser.ts';

/** The columns of a lane's canvas that have a tick: px of its colour, below the slots. */
async function ticksOf(lane: Locator): Promise<readonly number[]> {
  const ink = palette.light.backoff.ink;
  const rgb = [1, 3, 5].map((at) => Number.parseInt(ink.slice(at, at + 2), 16));
  const name = await lane.getAttribute('aria-label');
  return lane.page().evaluate(
    // The worker owns the canvas; what it shows can be drawn into another.
    `(() => {
      const canvas = document.querySelector('canvas[aria-label="${name}"]');
      const copy = document.createElement('canvas');
      const { width, height } = Object.assign(copy, { width: canvas.width, height: canvas.height });
      const surface = copy.getContext('2d');
      surface.drawImage(canvas, 0, 0);
      const { data } = surface.getImageData(0, 0, width, height);
      const columns = new Set();
      for (let y = Math.round(height * 0.86) + 2; y < height; y++)
        for (let x = 0; x < width; x++)
          if (${JSON.stringify(rgb)}.every((part, n) => data[(y * width + x) * 4 + n] === part)) columns.add(x);
      return [...columns];
    })()`,
  );
}

const circuits = 8;
/** The calls outlive the tests. */
const latencyMs = 600_000;
const timeout = 120_000;

/** A text, for it runs in the page: words of charts that do not lie within what is seen of their chart's width. */
const cutOffInPage = `[...document.querySelectorAll('.chart-stage text')].filter((text) => {
  const stage = text.closest('.chart-stage').getBoundingClientRect();
  const { left, right } = text.getBoundingClientRect();
  return left < stage.left || right > stage.right;
}).map((text) => text.textContent)`;

describe.skipIf(!hasBrowser)('the activity page', { timeout }, () => {
  const chromium = browser();
  let on: Served;
  const tenant = tenantOf('statechart', circuits, '0197a4f1-0000-7cc3-98c4-dc0c0c07398f');
  const quick = tenantOf('statechart', 1, '0197a4f1-0001-7cc3-98c4-dc0c0c07398f');

  beforeAll(async () => {
    await builtPages();
    on = await served(
      await testDatabase(),
      {},
      { agents, providers: [stubProvider({ name: 'a', ceiling: 4, latencyMs })] },
    );
    for (let circuit = 1; circuit <= circuits; circuit++) {
      const starts = startsOf(circuit, { mode: 'statechart', tenant, circuitsPerUser: 4 });
      await on.heddle.startAll(starts);
    }
  }, timeout);

  const at = (query = ''): string =>
    `${on.url}/ui/activity?tenant=${encodeURIComponent(tenant)}${query}`;

  async function opened(query = ''): Promise<Page> {
    const { page } = await chromium.page();
    await page.goto(at(query));
    await page.getByText(/24.* of 24 runs are open/).waitFor();
    return page;
  }

  const param = (page: Page, name: string): string | null =>
    new URL(page.url()).searchParams.get(name);

  it('shows the tracks at the hairline, and the newest when the pointer has gone', async () => {
    const page = await opened();
    const states = page.getByRole('region', { name: 'Runs by state' });
    await states.getByText('now').waitFor();
    await page.waitForTimeout(1_500);
    const box = await page.locator('.weave-box').boundingBox();
    if (box === null) throw new Error('no weave');
    // Over a lane, not over the weave: the hairline is that of all tracks.
    await page.mouse.move(box.x + box.width - 5, box.y + box.height + 40);
    await page.locator('.hairline').waitFor({ state: 'attached' });
    await states.getByText(/\d\d:\d\d:\d\d/).waitFor();
    expect(await page.locator('.tip').count()).toBe(0);
    await page.mouse.move(5, 5);
    await page.locator('.hairline').waitFor({ state: 'detached' });
    await states.getByText('now').waitFor();
    await page.close();
  });

  it('tells by keys alone what a run waits for, and goes there', async () => {
    const page = await opened('&by=agent');
    await page.waitForTimeout(1_000);
    await page.locator('.weave-box').focus();
    await page.keyboard.press('ArrowLeft');
    // Agents lie in the order of their names: the evaluators are in the middle.
    const tip = page.getByRole('status').filter({ hasText: 'evaluator' });
    await tip.getByText(/waiting on channel for/).waitFor();
    await tip.getByText('for a message on editing-done/').waitFor();
    await tip.getByText(/^of editor …/).waitFor();
    await tip.getByText(/^of researcher …/).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/ui\/runs\/[0-9a-f-]{36}$/);
    await page.goBack();
    await page.waitForURL(/\/ui\/activity\?/);
    expect(param(page, 'by')).toBe('agent');
    await page.close();
  });

  it('tells the place in line of a call that waits for a slot', async () => {
    const page = await opened('&by=agent');
    await page.waitForTimeout(1_000);
    await page.locator('.weave-box').focus();
    // The last of the researchers: four are in a slot.
    for (let step = 0; step < 5; step++) await page.keyboard.press('Shift+ArrowDown');
    const tip = page.getByRole('status').filter({ hasText: 'researcher' });
    await tip.getByText(/waits for a slot for/).waitFor();
    await tip.getByText(/wait in its line/).waitFor();
    await page.close();
  });

  it('leads from the calls in a slot, and from those that wait for one, to these runs alone', async () => {
    for (const [words, phase, runs] of [
      [/^4$/, 'in-slot', 4],
      [/^4$/, 'waits-for-slot', 4],
    ] as const) {
      const page = await opened();
      const numbers = page.locator('.say a');
      await page.getByText(/4 are in a slot, 4 wait for one/).waitFor();
      await numbers
        .filter({ hasText: words })
        .nth(phase === 'in-slot' ? 0 : 1)
        .click();
      await page.waitForURL(/q=state%3Acalling-provider\+phase%3A/);
      expect(param(page, 'q')).toBe(`state:calling-provider phase:${phase}`);
      await page
        .getByRole('table', { name: 'Runs' })
        .and(page.locator(`[aria-rowcount="${runs}"]`))
        .waitFor();
      await page.close();
    }
  });

  it('is led by its address, and leads it: order, state and time; back goes back', async () => {
    const page = await opened('&by=user&state=slot');
    const pressed = (name: RegExp | string): Promise<string | null> =>
      page.getByRole('button', { name }).getAttribute('aria-pressed');
    expect(await pressed('user')).toBe('true');
    expect(await pressed(/in a slot/)).toBe('true');
    await page.getByRole('button', { name: 'pipeline' }).click();
    await page.getByRole('button', { name: /in a slot/ }).click();
    expect([param(page, 'by'), param(page, 'state')]).toEqual(['pipeline', null]);
    await page.goBack();
    expect([param(page, 'by'), param(page, 'state')]).toEqual(['pipeline', 'slot']);
    const box = await page.locator('.weave-box').boundingBox();
    if (box === null) throw new Error('no weave');
    await page.mouse.move(box.x + box.width / 2, box.y + 20);
    await page.mouse.wheel(0, -300);
    await page.waitForURL(/from=\d+&to=\d+/);
    const [from, to] = [param(page, 'from'), param(page, 'to')];
    const other = await chromium.page();
    await other.page.goto(page.url());
    await other.page.getByText('past', { exact: true }).waitFor();
    await other.page.waitForTimeout(1_000);
    expect([param(other.page, 'from'), param(other.page, 'to')]).toEqual([from, to]);
    await other.page.close();
    await page.keyboard.press('Escape');
    await page.getByText('live', { exact: true }).waitFor();
    expect([param(page, 'from'), param(page, 'state')]).toEqual([null, null]);
    await page.goBack();
    await page.getByText('past', { exact: true }).waitFor();
    await page.close();
  });

  it('draws an arrow where a message has woken a run', async () => {
    const woken = stubProvider({ name: 'a', latencyMs: 1_500 });
    const other = await served(await testDatabase(), {}, { agents, providers: [woken] });
    const { page } = await chromium.page();
    const query = `tenant=${encodeURIComponent(quick)}&by=pipeline`;
    await page.goto(`${other.url}/ui/activity?${query}`);
    await page.getByText('Looking').waitFor({ state: 'detached' });
    await other.heddle.startAll(
      startsOf(1, { mode: 'statechart', tenant: quick, circuitsPerUser: 1 }),
    );
    await page.getByRole('img', { name: '1 message has woken' }).waitFor({ timeout: 30_000 });
    await page.getByRole('img', { name: '2 messages have woken' }).waitFor({ timeout: 30_000 });
    for (const name of ['researcher', 'editor', 'evaluator']) {
      await page.locator('.weave-run', { hasText: name }).waitFor();
    }
    await page.close();
  });

  it('draws a tick in the lane for 429s that a provider has answered, and none before', async () => {
    const refusals = { kind: 'error', error: 'rate-limited', afterLatency: false } as const;
    const emulator = await startEmulator({
      protocol: 'ollama',
      script: { faults: [{ ...refusals, calls: { from: 2, to: 3 } }] },
    });
    try {
      const provider = ollama({ baseUrl: emulator.url, model: 'emulated', ceiling: 2 });
      const other = await served(await testDatabase(), {}, { providers: [provider] });
      const asks = { steps: [{ do: 'generate', with: { prompt: 'why?' } }] };
      // A gate is known from its first call on, which is answered.
      await (await other.heddle.start('script', { input: asks })).output();
      const { page } = await chromium.page();
      await page.goto(`${other.url}/ui/activity`);
      const lane = page.getByRole('img', { name: /^Slots of/ });
      await lane.waitFor();
      expect(await ticksOf(lane)).toEqual([]);
      await (await other.heddle.start('script', { input: asks })).output();
      await expect.poll(() => ticksOf(lane), { timeout: 20_000 }).not.toEqual([]);
      // A tick is 2 px wide and below the slots; both 429s may stand in one step.
      const ticks = await ticksOf(lane);
      expect(ticks.length).toBeLessThanOrEqual(4);
      await page.close();
    } finally {
      await emulator.close();
    }
  });

  it('providers have a lane, the longest waits of their line, and charts with nothing cut off', async () => {
    const { page } = await chromium.page('light', 360);
    await page.goto(`${on.url}/ui/providers?tenant=${encodeURIComponent(tenant)}`);
    await page.getByText('Each square is a slot').waitFor();
    const lane = page.getByRole('img', { name: /Slots of a in use .* now 4 of 4/ });
    await lane.waitFor();
    const { width = 0 } = (await lane.locator('canvas').boundingBox()) ?? {};
    expect(width).toBeGreaterThan(200);
    const waits = page.locator('.waits a');
    await waits.first().waitFor();
    // Eight researchers have begun; four of them are in a slot.
    expect(await waits.count()).toBe(4);
    for (const at of [360, 1_000, 1_440]) {
      await page.setViewportSize({ width: at, height: 900 });
      await page.waitForTimeout(300);
      expect(await page.evaluate(cutOffInPage), `${at} px`).toEqual([]);
    }
    await waits.first().click();
    await page.getByText('researcher').first().waitFor();
    await page.waitForURL(/\/ui\/runs\/[0-9a-f-]{36}/);
    await page.close();
  });

  it('audits on request, and says what it has found', async () => {
    const page = await opened();
    await page.getByRole('button', { name: 'Audit' }).click();
    await page
      .getByText('Whole: nothing is lost, doubled or orphaned, and 24 runs are open.')
      .waitFor();
    const kept = page.getByLabel('What should never be');
    await kept.getByText('messages lost').waitFor();
    await page.close();
  });
});
