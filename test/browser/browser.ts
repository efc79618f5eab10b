/** Debian's Chromium, headless. Where there is none, its tests are skipped and say so: `.ci/run` installs it. */
import { existsSync } from 'node:fs';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

export const hasBrowser = existsSync(executablePath);
if (!hasBrowser) {
  console.warn(
    `NO BROWSER AT ${executablePath}: tests of the pages are SKIPPED (apt-get install chromium)`,
  );
}

/** It asks nothing of hosts outside. */
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export type Seen = {
  readonly page: Page;
  /** Everything that went wrong in the page: errors, refused files, failed requests. */
  readonly troubles: string[];
};

/** A browser for the tests of a file. */
export function browser(): { page(theme?: 'light' | 'dark', width?: number): Promise<Seen> } {
  let open: Browser | null = null;
  beforeAll(async () => {
    open = await chromium.launch({ executablePath, args });
  }, 120_000);
  afterAll(async () => {
    await open?.close();
  });
  return {
    async page(theme = 'light', width = 1_440) {
      if (open === null) throw new Error('the browser has not begun');
      const page = await open.newPage({
        colorScheme: theme,
        viewport: { width, height: 900 },
        reducedMotion: 'reduce',
      });
      const troubles: string[] = [];
      page.on('pageerror', (error) => troubles.push(`threw ${error.message}`));
      page.on('console', (message) => {
        if (message.type() === 'error') troubles.push(`said ${message.text()}`);
      });
      return { page, troubles };
    },
  };
}
