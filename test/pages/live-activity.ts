/** The test of the activity page on circuits that run; its short form is in the suite. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { browser } from '../browser/browser.ts';
import { testDatabase } from '../support/postgres.ts';
import { heldModels } from './held-models.ts';
import { KilledServer } from './killed-server.ts';
import { comparePages } from './live-pages.ts';

export function liveActivity(of: { readonly times: number; readonly killEvery: number }): void {
  const chromium = browser();
  it(
    `${of.times} times equals the database within 2 s, and each frame sums to its open runs`,
    { timeout: 60_000 + of.times * 25_000 },
    async () => {
      const cwd = fileURLToPath(new URL('../..', import.meta.url));
      execFileSync('npm', ['run', '--silent', 'build:ui'], { cwd });
      const databaseUrl = await testDatabase();
      const models = await heldModels(60);
      const server = new KilledServer(databaseUrl, models.urls);
      try {
        await server.start();
        const { page } = await chromium.page();
        await page.goto(`${server.url}/ui/activity`);
        await page
          .getByText(/No run (is open|yet)/)
          .first()
          .waitFor();
        const figures = await comparePages({ page, server, models, databaseUrl }, of);
        console.log('pages', figures);
        expect(figures.findings).toEqual([]);
        expect(figures.kills).toBe(Math.floor(of.times / of.killEvery));
        // Each time moves them once at least; on a busy machine a page is told of no more.
        expect(figures.distinct).toBeGreaterThanOrEqual(of.times);
      } finally {
        await server.kill();
        await models.close();
      }
    },
  );
}
