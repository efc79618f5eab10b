/** Debian's Chromium, headless, with what it says of its own work: traces, and the memory of the page's process. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { chromium, type Browser, type Page } from 'playwright-core';
import { jobsOf, type Jobs } from './trace.ts';

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const categories = ['devtools.timeline', 'disabled-by-default-devtools.timeline', 'toplevel'];

export type Seen = {
  readonly page: Page;
  /** What the page and its workers do meanwhile. */
  traced(work: () => Promise<void>): Promise<Jobs>;
  /** Bytes that the page's process holds in memory. */
  memory(): Promise<number>;
  close(): Promise<void>;
};

export async function openPage(url: string): Promise<Seen> {
  const browser = await chromium.launch({ executablePath, args });
  const page = await browser.newPage({ viewport: { width: 1_440, height: 900 } });
  await page.goto(url);
  return {
    page,
    async traced(work) {
      await browser.startTracing(page, { categories });
      await work();
      return jobsOf(await browser.stopTracing());
    },
    memory: () => rendererBytes(browser),
    close: () => browser.close(),
  };
}

const pageBytes = 4_096;

/** Of the one page's process: Chromium tells which it is. */
async function rendererBytes(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const sizes = processInfo
    .filter(({ type }) => type === 'renderer')
    .map(async ({ id }) => {
      const statm = await readFile(`/proc/${id}/statm`, 'utf8').catch(() => '0 0');
      return Number(statm.split(' ')[1]) * pageBytes;
    });
  return Math.max(0, ...(await Promise.all(sizes)));
}

/** False where there is none: then nothing is measured. */
export const hasChromium = existsSync(executablePath);
