/** The token of a client: what may be one, and how it is sent. */
import { expect, it } from 'vitest';
import { createClient } from '../../src/client/index.ts';
import { failure, flakyServer, json } from './flaky-server.ts';

it('refuses what no header can carry for a token at once, and asks nobody', async () => {
  for (const token of ['', ' ', 'tok✓en', 'två', 'a b', 'a\nb', 'x'.repeat(513)]) {
    const { url, received } = await flakyServer();
    const client = createClient({ url, token });
    const asked = [client.runs.list(), client.runs.start('editor'), client.stream([]).next()];
    for (const one of asked) {
      const { code, status, retryable } = await failure(one);
      expect({ code, status, retryable }).toEqual({
        code: 'token-refused',
        status: 401,
        retryable: false,
      });
    }
    expect(received).toEqual([]);
  }
  // As it comes from a file.
  const { url, received } = await flakyServer(json(200, { runs: [], cursor: '' }));
  const client = createClient({ url, token: ' mine\n' });
  await client.runs.list();
  expect(received[0]?.headers['authorization']).toBe('Bearer mine');
});
