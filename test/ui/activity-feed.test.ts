/** The activity page's stream: what was refused is asked again, but by who may not ask at all. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { followActivity } from '../../src/ui/activity/worker/feed.ts';

const toClose: (() => void)[] = [];
afterEach(() => {
  for (const close of toClose.splice(0)) close();
});

/** Refuses with these statuses, one after the other, and then begins a stream. */
async function refusing(...statuses: readonly number[]): Promise<{ url: string; asked(): number }> {
  let asked = 0;
  const server = createServer((request, response) => {
    request.resume();
    const status = statuses[asked++];
    if (status === undefined) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('event: open\ndata: {}\n\n');
      return;
    }
    response.writeHead(status, { 'content-type': 'application/problem+json' });
    response.end(JSON.stringify({ code: 'refused', detail: 'so it is', status, retryable: false }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  toClose.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, asked: () => asked };
}

async function follow(url: string): Promise<{ links: string[]; over: Promise<void> }> {
  const links: string[] = [];
  const stop = new AbortController();
  toClose.push(() => stop.abort());
  const hearer = {
    reset: () => undefined,
    frame: () => undefined,
    link: (state: string, why: string | null) => void links.push(`${state} ${why ?? ''}`.trim()),
  };
  return { links, over: followActivity({ url }, hearer, stop.signal) };
}

it.each([400, 429])('a refusal with %i is told, and asked again', async (status) => {
  const { url } = await refusing(status);
  const { links } = await follow(url);
  await expect.poll(() => links.at(-1), { timeout: 20_000 }).toBe('live');
  expect(links[0]).toMatch(/^away/);
});

it.each([401, 403])('a refusal with %i is told once, and nobody asks again', async (status) => {
  const { url, asked } = await refusing(status);
  const { links, over } = await follow(url);
  await over;
  expect(links).toEqual(['refused so it is']);
  expect(asked()).toBe(1);
});
