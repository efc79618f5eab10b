/** `heddle circuits --ui`: the pages beside the circuits, until a signal, and the exit code that is theirs. */
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, openerOf } from '../../src/cli/circuits/open-browser.ts';
import { asking, served } from '../api/served.ts';
import { browser, hasBrowser } from '../browser/browser.ts';
import { agents } from '../../src/circuits/circuit.ts';
import { stubProvider } from '../../src/heddle.ts';
import { builtPages } from '../support/built-pages.ts';
import { testDatabase } from '../support/postgres.ts';
import { called } from './called.ts';
import { heddle, type Spawned } from './spawned.ts';

const timeout = 240_000;
beforeAll(() => builtPages(), 120_000);

/** Resolves with the first match in what the process writes to this stream. */
function heard({ child, ended }: Spawned, name: 'stdout' | 'stderr', words: RegExp) {
  let text = '';
  const found = new Promise<string>((resolve) => {
    child[name]?.on('data', (part: string) => {
      text += part;
      const [whole, group] = words.exec(text) ?? [];
      if (whole !== undefined) resolve(group ?? whole);
    });
  });
  const gone = ended.then(({ stderr }) => Promise.reject(new Error(`it has ended: ${stderr}`)));
  return Promise.race([found, gone]);
}

const flags = ['--ui', '--provider', 'stub', '--json', '--latency-ms', '0'];

describe('in this process', { timeout }, () => {
  it('the pages are there when all is done, and the exit code is that of the circuits', async () => {
    const one = heddle(
      'circuits',
      ...flags,
      '--scale',
      '3,5',
      '--database-url',
      await testDatabase(),
    );
    const over = heard(one, 'stderr', /until Ctrl-C/);
    const page = await heard(one, 'stderr', /http\S+/);
    expect(page).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/ui\/activity\?follow=circuits\/$/);
    await over;
    const reply = await fetch(page);
    expect([reply.status, await reply.text()]).toEqual([200, expect.stringContaining('heddle')]);
    const ask = asking(new URL(page).origin);
    const { body } = await ask('GET', '/v1/tenants?prefix=circuits/');
    expect(body.tenants).toHaveLength(2);
    expect(one.child.exitCode).toBeNull();
    one.child.kill('SIGINT');
    const { code, stdout } = await one.ended;
    expect(code).toBe(0);
    expect(stdout.trim().split('\n')).toHaveLength(2);
  });

  it('an audit that finds a difference is the exit code after the signal, too', async () => {
    const url = await testDatabase();
    const made = ['circuits', '--provider', 'stub', '--latency-ms', '0', '--json'];
    expect(await called(...made, '--scale', '3', '--database-url', url)).toMatchObject({ code: 0 });
    const database = new pg.Client({ connectionString: url });
    await database.connect();
    await database.query(`delete from heddle.memory_versions where key = 'answer/c1'`);
    await database.end();
    const torn = heddle(...made, '--resume', '--ui', '--database-url', url);
    await heard(torn, 'stderr', /until Ctrl-C/);
    torn.child.kill('SIGTERM');
    expect(await torn.ended).toMatchObject({ code: 1 });
  });

  it('a signal in the middle ends it at once, and the circuits stay open', async () => {
    const url = await testDatabase();
    const flagsOf = [...flags, '--latency-ms', '3000', '--scale', '5', '--database-url', url];
    const one = heddle('circuits', ...flagsOf);
    const page = await heard(one, 'stderr', /http\S+/);
    const ask = asking(new URL(page).origin);
    const open = async () => (await ask('GET', '/v1/tenants?prefix=circuits/&open=true')).body;
    await expect.poll(async () => (await open()).tenants.length, { timeout: 30_000 }).toBe(1);
    one.child.kill('SIGINT');
    const { code, stderr } = await one.ended;
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('--resume') });
    expect(stderr).not.toContain('until Ctrl-C');
  });
});

it(
  'on a heddle that serves, its own pages are told, and the command ends',
  { timeout },
  async () => {
    const on = await served(await testDatabase(), {}, { agents, providers: [stubProvider()] });
    const ended = await called('circuits', '--url', on.url, '--ui', '--scale', '2', '--json');
    expect(ended.code).toBe(0);
    expect(ended.stderr).toContain(`Watch the circuits at ${on.url}/ui/activity?follow=circuits/`);
  },
);

describe.skipIf(!hasBrowser)('in a browser', { timeout }, () => {
  const chromium = browser();

  it('the page goes along from scale to scale, and at the end the audit stands in it', async () => {
    const slow = [...flags, '--latency-ms', '3000', '--scale', '2,4'];
    const one = heddle('circuits', ...slow, '--database-url', await testDatabase());
    const over = heard(one, 'stderr', /until Ctrl-C/);
    const { page, troubles } = await chromium.page();
    await page.goto(await heard(one, 'stderr', /http\S+/));
    await page.getByText(/of 12 runs are open/).waitFor({ timeout: 60_000 });
    await over;
    const kept = page.getByLabel('What there is').locator('div');
    await kept.filter({ hasText: /^runs completed12$/ }).waitFor({ timeout: 60_000 });
    await page.getByText(/Whole: nothing is lost.* no run is open/).waitFor();
    expect(troubles).toEqual([]);
    await page.close();
    one.child.kill('SIGINT');
    expect(await one.ended).toMatchObject({ code: 0 });
  });
});

describe('a browser of somebody', () => {
  it('is opened where somebody sits, by what the system has for it', () => {
    expect(openerOf('darwin', {})).toEqual(['open']);
    expect(openerOf('win32', {})?.[0]).toBe('cmd');
    expect(openerOf('linux', { DISPLAY: ':0' })).toEqual(['xdg-open']);
    expect(openerOf('linux', { WAYLAND_DISPLAY: 'wayland-0' })).toEqual(['xdg-open']);
    expect(openerOf('linux', {})).toBeNull();
  });

  it('gets the address; a command that is not there breaks nothing', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'heddle-opener-')), 'told');
    const write = `require('node:fs').writeFileSync(${JSON.stringify(file)}, process.argv[1])`;
    openBrowser([process.execPath, '-e', write], 'http://127.0.0.1:1/ui');
    await expect
      .poll(() => readFile(file, 'utf8').catch(() => ''), { timeout: 30_000 })
      .toBe('http://127.0.0.1:1/ui');
    openBrowser(['no-such-command-of-heddle'], 'http://127.0.0.1:1/ui');
    await new Promise((resolve) => setTimeout(resolve, 200));
  });
});
