/** A person at the pages: starts a run, answers it, looks back, cancels another, and goes on after its server was killed. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startsOf } from '../../src/circuits/circuit.ts';
import { asking } from '../api/served.ts';
import { browser, hasBrowser, type Seen } from '../browser/browser.ts';
import { testDatabase } from '../support/postgres.ts';
import { heldModels, type HeldModels } from './held-models.ts';
import { KilledServer } from './killed-server.ts';

/** A text, for it runs in the page: status and id of each row. */
const rowsInPage = `[...document.querySelectorAll('[role="row"].run-row')].slice(1).map((row) => [
  row.querySelector('a')?.title ?? '', row.children[1]?.textContent?.trim() ?? ''])`;

const rowsOf = (page: Page): Promise<[string, string][]> => page.evaluate(rowsInPage);

/**
 * What Chromium says of a server that is gone, at whichever instruction it went: before the connection, between it and
 * the request, before the answer and within it (net/base/net_error_list.h).
 */
const ofItsAbsence =
  /net::ERR_(CONNECTION_\w+|SOCKET_NOT_CONNECTED|EMPTY_RESPONSE|INCOMPLETE_CHUNKED_ENCODING|CONTENT_LENGTH_MISMATCH)\b/;

describe.skipIf(!hasBrowser)('a person at the pages', { timeout: 240_000 }, () => {
  const chromium = browser();
  let server: KilledServer;
  let models: HeldModels;

  beforeAll(async () => {
    const cwd = fileURLToPath(new URL('../..', import.meta.url));
    execFileSync('npm', ['run', '--silent', 'build:ui'], { cwd });
    models = await heldModels(60);
    server = new KilledServer(await testDatabase(), models.urls);
    await server.start();
  }, 120_000);
  afterAll(async () => {
    await server.kill();
    await models.close();
  });

  const startByForm = async ({ page }: Seen): Promise<string> => {
    await page.goto(`${server.url}/ui/agents/approval`);
    const form = page.locator('form', { has: page.getByRole('button', { name: 'Start' }) });
    await form.locator('input, textarea').first().fill('{"request":"a loom"}');
    await form.getByRole('button', { name: 'Start' }).dblclick();
    await page.waitForURL(/\/ui\/runs\/[0-9a-f-]{36}/);
    await page.getByText('waiting-on-person').first().waitFor();
    return /runs\/([0-9a-f-]{36})/.exec(page.url())?.[1] ?? '';
  };

  it('starts a run by its form, once by a double click, answers it after a kill, and looks back', async () => {
    const seen = await chromium.page();
    const { page } = seen;
    const runId = await startByForm(seen);
    const { body } = await asking(server.url)('GET', '/v1/runs?agent=approval');
    expect(body.runs.map(({ id }: { id: string }) => id)).toEqual([runId]);
    await server.kill();
    await page.getByText('heddle has not answered since').first().waitFor();
    await server.start();
    await page.getByText('heddle has not answered since').first().waitFor({ state: 'detached' });
    await page.getByRole('checkbox').first().check();
    await page.getByRole('button', { name: 'Answer' }).dblclick();
    await page.getByText('completed').first().waitFor();
    const { body: ended } = await asking(server.url)('GET', `/v1/runs/${runId}/output`);
    expect(ended.output).toMatchObject({ approved: true });
    await page.keyboard.press(',');
    await page.waitForURL(/turn=1/);
    await page.keyboard.press('.');
    await page.waitForURL((url) => !/turn=1\b/.test(url.search));
    expect(seen.troubles.filter((line) => !ofItsAbsence.test(line))).toEqual([]);
    await page.close();
  });

  it('keeps what somebody writes while the page is drawn anew', async () => {
    const seen = await chromium.page();
    const { page } = seen;
    const runId = await startByForm(seen);
    await page.goto(`${server.url}/ui/questions`);
    const box = page.getByRole('checkbox').first();
    await box.check();
    const filter = page.getByRole('textbox', { name: 'for' });
    await filter.pressSequentially('an');
    // The page asks again every 5 s.
    const again = () => page.waitForResponse((answer) => answer.url().includes('/v1/questions'));
    await again();
    await again();
    expect([await filter.inputValue(), await box.isChecked()]).toEqual(['an', true]);
    await filter.fill('');
    await page.goto(`${server.url}/ui/runs/${runId}`);
    const { page: other } = await chromium.page();
    await page.locator('summary', { hasText: 'Start again' }).click();
    const input = page
      .locator('details', { hasText: 'Start again' })
      .locator('textarea, input')
      .first();
    await input.fill('{"request":"a shuttle"}');
    await other.goto(`${server.url}/ui/runs/${runId}`);
    await other.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('paused').first().waitFor();
    await other.getByRole('button', { name: 'Resume' }).click();
    await page.getByText('waiting-on-person').first().waitFor();
    expect(await input.inputValue()).toBe('{"request":"a shuttle"}');
    await other.close();
    await page.close();
  });

  it('cancels a run after it was asked', async () => {
    const seen = await chromium.page('dark');
    const { page } = seen;
    const runId = await startByForm(seen);
    await page.getByRole('button', { name: 'Cancel …' }).click();
    expect((await asking(server.url)('GET', `/v1/runs/${runId}`)).body.status).not.toBe(
      'cancelled',
    );
    await page.getByRole('button', { name: 'Yes, cancel' }).click();
    await page.getByText('cancelled').first().waitFor();
    expect((await asking(server.url)('GET', `/v1/runs/${runId}`)).body.status).toBe('cancelled');
    expect(seen.troubles).toEqual([]);
    await page.close();
  });

  it('sees each run once and as it is, after three kills', async () => {
    const seen = await chromium.page();
    const { page } = seen;
    const ask = asking(server.url);
    await page.goto(`${server.url}/ui/runs?q=${encodeURIComponent('user:u1')}`);
    let circuit = 0;
    for (let kill = 0; kill < 3; kill += 1) {
      models.letGo();
      const starts = [1, 2].flatMap(() =>
        startsOf((circuit += 1), { mode: 'statechart', tenant: 'default', circuitsPerUser: 100 }),
      );
      await ask('POST', '/v1/runs/batch', { starts });
      models.hold();
      await server.kill();
      await server.start();
      const fresh = page.getByRole('button', { name: /^Show .* new$/ });
      await expect
        .poll(
          async () => {
            if (await fresh.isVisible()) await fresh.click();
            const shown = await rowsOf(page);
            const { body } = await ask('GET', '/v1/runs?user=u1&limit=100');
            const kept = body.runs.map((run: { id: string; status: string }) => [
              run.id,
              run.status,
            ]);
            const byId = ([a = '']: string[], [b = '']: string[]): number => (a < b ? -1 : 1);
            expect(shown.toSorted(byId)).toEqual(kept.toSorted(byId));
            return shown.length;
          },
          { timeout: 30_000, interval: 250 },
        )
        .toBe(circuit * 3);
    }
    models.letGo();
    expect(seen.troubles.filter((line) => !ofItsAbsence.test(line))).toEqual([]);
    await page.close();
  });
});
