/** The pages at /ui: static files, the same document everywhere, under an application's prefix too. */
import { brotliDecompressSync } from 'node:zlib';
import fastify from 'fastify';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { addUi } from '../../src/api/pages/ui-pages.ts';
import { heddlePlugin } from '../../src/server.ts';
import { builtPages } from '../support/built-pages.ts';
import { testDatabase } from '../support/postgres.ts';
import { served, type Served } from './served.ts';

let on: Served;

beforeAll(async () => {
  await builtPages();
  on = await served(await testDatabase());
}, 120_000);

const apps: { close(): Promise<unknown> }[] = [];
afterAll(async () => {
  for (const app of apps) await app.close();
});

const scriptOf = (html: string): string => /src="([^"]+\.js)"/.exec(html)?.[1] ?? '';

it('every address of a page is the one document, with a policy that lets nothing in', async () => {
  for (const path of [
    '/ui',
    '/ui/activity',
    '/ui/runs/0197?turn=3',
    '/ui/memory/user/a%2Fb/k',
    '/ui/channels/news.eu',
    '/ui/memory/tenant/-/notes.md',
  ]) {
    const reply = await fetch(on.url + path);
    expect(reply.status, path).toBe(200);
    expect(reply.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const policy = reply.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    const html = await reply.text();
    expect(html).toContain('name="heddle-base" content=""');
    // No script or style stands in it: the policy would let none run.
    expect(html).not.toMatch(/<script(?![^>]*src=)|<style|\son\w+=/);
  }
});

it('the address of the server leads to the pages', async () => {
  const reply = await fetch(on.url, { redirect: 'manual' });
  await reply.arrayBuffer();
  expect([reply.status, reply.headers.get('location')]).toEqual([302, '/ui/activity']);
});

it('files with a hash in their name are kept for ever, packed where the browser can unpack them', async () => {
  const src = scriptOf(await (await fetch(`${on.url}/ui`)).text());
  expect(src).toMatch(/^\/ui\/assets\/.*-[\w-]{8}\.js$/);
  const plain = await fetch(on.url + src, { headers: { 'accept-encoding': 'identity' } });
  expect(plain.headers.get('cache-control')).toContain('immutable');
  expect(plain.headers.get('content-type')).toContain('javascript');
  const bytes = Buffer.from(await plain.arrayBuffer());
  const tag = plain.headers.get('etag') ?? '';
  const again = await fetch(on.url + src, { headers: { 'if-none-match': tag } });
  await again.arrayBuffer();
  expect(again.status).toBe(304);
  // fetch unpacks by itself: its text is the same.
  const packed = await fetch(on.url + src, { headers: { 'accept-encoding': 'br' } });
  expect(packed.headers.get('content-encoding')).toBe('br');
  expect(Buffer.from(await packed.arrayBuffer()).equals(bytes)).toBe(true);
  expect(() => brotliDecompressSync(bytes)).toThrow();
});

it('what is no file of the pages is refused, and nothing else of the disk is read', async () => {
  for (const path of [
    '/ui/assets/none.js',
    '/ui/files.json',
    '/ui/..%2f..%2fpackage.json',
    '/ui/x.ts',
  ]) {
    const { status, body } = await on.ask('GET', path);
    expect([status, body.code], path).toEqual([404, 'route-unknown']);
  }
});

it('an application has them under its prefix, or not at all', async () => {
  const { heddle } = on;
  const app = fastify();
  apps.push(app);
  app.get('/', async () => 'theirs');
  await app.register(heddlePlugin, { heddle, host: '127.0.0.1', prefix: '/ops' });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const html = await (await fetch(`${url}/ops/ui/runs`)).text();
  expect(html).toContain('name="heddle-base" content="/ops"');
  const src = scriptOf(html);
  expect(src).toMatch(/^\/ops\/ui\/assets\//);
  expect(await (await fetch(url + src)).text()).toContain('heddle');
  expect(await (await fetch(url)).text()).toBe('theirs');
  const without = fastify();
  apps.push(without);
  await without.register(heddlePlugin, { heddle, host: '127.0.0.1', pages: false });
  without.get('/ui', async () => 'theirs');
  const bare = await without.listen({ host: '127.0.0.1', port: 0 });
  expect(await (await fetch(`${bare}/ui`)).text()).toBe('theirs');
});

it('who opens a page is noticed, and who asks for its files is not', async () => {
  const app = fastify();
  apps.push(app);
  const bytes = Buffer.from('<html></html>');
  const file = { type: 'text/html', etag: 'x', bytes, packed: bytes };
  const files = new Map([
    ['index.html', file],
    ['assets/a.js', file],
  ]);
  let opens = 0;
  addUi(app, { files: async () => files, opened: () => void (opens += 1) });
  const seen: number[] = [];
  for (const path of ['/ui/assets/a.js', '/ui', '/ui/none.js', '/ui/runs/0197?turn=3']) {
    await app.inject(path);
    seen.push(opens);
  }
  expect(seen).toEqual([0, 1, 1, 2]);
});
