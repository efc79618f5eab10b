/** What comes from options alone, and what never comes out again. */
import { inspect } from 'node:util';
import Anthropic from '@anthropic-ai/sdk';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { callOf, type ClosableProvider, faultOf, wires } from '../../support/provider-wires.ts';
import { whole, WireServer } from '../../support/wire-server.ts';

const key = 'sk-very-secret-key-0123456789';

const hostile = {
  ANTHROPIC_BASE_URL: 'http://127.0.0.1:9',
  ANTHROPIC_API_KEY: 'sk-from-environment',
  ANTHROPIC_AUTH_TOKEN: 'token-from-environment',
  ANTHROPIC_CUSTOM_HEADERS: 'x-evil: 1\nanthropic-version: 1999-01-01\nUser-Agent: evil',
  ANTHROPIC_LOG: 'debug',
  ANTHROPIC_PROFILE: 'somebody',
  ANTHROPIC_OPEN_TELEMETRY: 'true',
  OLLAMA_HOST: 'http://127.0.0.1:9',
  OLLAMA_API_KEY: 'key-from-environment',
  HTTP_PROXY: 'http://127.0.0.1:9',
  HTTPS_PROXY: 'http://127.0.0.1:9',
};

for (const wire of wires) {
  describe(`the adapter of ${wire.name}`, () => {
    let bytes: Buffer;
    let server: WireServer;
    let provider: ClosableProvider;
    const written: unknown[] = [];

    beforeEach(async () => {
      for (const [name, value] of Object.entries(hostile)) vi.stubEnv(name, value);
      for (const level of ['log', 'info', 'warn', 'error', 'debug'] as const) {
        vi.spyOn(console, level).mockImplementation((...words) => void written.push(words));
      }
      server = await WireServer.start(({ socket }) => socket.end(bytes));
      provider = wire.connect(server.url, { apiKey: key });
    });

    afterEach(async () => {
      vi.unstubAllEnvs();
      vi.restoreAllMocks();
      written.length = 0;
      await provider.close();
      await server.close();
    });

    it('takes nothing from the environment', async () => {
      bytes = whole(wire.answer(['ok']));
      await provider.call(callOf());
      const [request] = server.requests;
      expect(server.requests).toHaveLength(1);
      expect(request?.headers['authorization']).toBe(`Bearer ${key}`);
      expect(request?.headers['user-agent']).toBe('heddle');
      expect(Object.keys(request?.headers ?? {}).sort()).toEqual(
        [
          'accept',
          'accept-encoding',
          ...(wire.name === 'anthropic' ? ['anthropic-version'] : []),
          'authorization',
          'connection',
          'content-length',
          'content-type',
          'host',
          'user-agent',
        ].sort(),
      );
      expect(inspect(request?.headers)).not.toMatch(/environment|evil|1999/);
      expect(written).toEqual([]);
    });

    it('shows its key nowhere, not even where the provider repeats it', async () => {
      const error = { type: 'authentication_error', message: `bad key ${key} (${key})` };
      bytes = whole([JSON.stringify({ error })], { status: 401, headers: { 'x-key': key } });
      const refused = await faultOf(provider.call(callOf()));
      bytes = whole([wire.errorEvent('api_error', `broke with ${key}`)]);
      const broken = await faultOf(provider.call(callOf()));
      expect(refused.message).toContain('bad key ***');
      const echo = { error: { type: 'api_error', message: key.repeat(100) } };
      bytes = whole([JSON.stringify(echo)], { status: 500 });
      expect((await faultOf(provider.call(callOf()))).message).not.toContain(key.slice(0, 8));
      const seen = [provider, refused, broken].flatMap((one) => [
        inspect(one, { depth: 20, showHidden: true, getters: true }),
        JSON.stringify(one),
        String(one),
        one instanceof Error ? (one.stack ?? '') : '',
      ]);
      expect(seen.join('\n')).not.toContain(key);
      expect(inspect(written)).not.toContain(key);
      expect(written).toEqual([]);
    });

    it('refuses options that cannot be', () => {
      const bad = (more: object) => () => wire.connect(server.url, more);
      expect(bad({ baseUrl: 'ftp://host' })).toThrow('baseUrl must begin with');
      expect(bad({ baseUrl: `http://u:${key}@host` })).toThrow('must not hold a name or password');
      expect(bad({ baseUrl: 'nothing' })).toThrow('baseUrl must be a URL');
      expect(bad({ apiKey: '' })).toThrow('apiKey must not be empty');
      expect(bad({ ceiling: 0 })).toThrow('ceiling must be from 1');
      expect(bad({ idleMsMax: 1.5 })).toThrow('idleMsMax must be a whole number');
      expect(bad({ model: '' })).toThrow('model must be');
      expect(bad({ idleMaxMs: 5 })).toThrow('idleMaxMs is unknown');
    });

    it('refuses prices that cannot be, by field', () => {
      const model = 'm';
      const price = { input: 1, output: 2 };
      const bad = (pricePerMillion: unknown) => () => {
        wire.connect(server.url, { model, tiers: { high: 'big' }, pricePerMillion });
      };
      for (const fits of [price, { m: price, big: price }, { big: price }]) {
        expect(bad(fits)).not.toThrow();
      }
      for (const [odd, field] of [
        [null, 'pricePerMillion'],
        [{}, 'pricePerMillion'],
        [{ input: 1 }, 'pricePerMillion.output'],
        [{ ...price, input: '1' }, 'pricePerMillion.input'],
        [{ ...price, big: price }, 'pricePerMillion.big'],
        [{ m: price, other: price }, 'pricePerMillion.other'],
        [{ m: 3 }, 'pricePerMillion.m'],
        [{ m: { input: 1, output: -1 } }, 'pricePerMillion.m.output'],
        [{ m: { input: Number.NaN, output: 1 } }, 'pricePerMillion.m.input'],
        [{ m: { input: 1, output: 1_000_000_001 } }, 'pricePerMillion.m.output'],
        [{ m: { ...price, cached: 1 } }, 'pricePerMillion.m.cached'],
      ] as const) {
        const refused = expect.objectContaining({
          code: 'invalid-field',
          detail: expect.objectContaining({ field }) as unknown,
        }) as Error;
        expect(bad(odd), field).toThrow(refused);
      }
    });
  });
}

describe('the version of the API that is asked for', () => {
  it('is the one that the SDK is written for', async () => {
    let sent: string | null = null;
    const client = new Anthropic({
      apiKey: 'x',
      maxRetries: 0,
      fetch: (_url, init) => {
        sent = new Headers(init?.headers).get('anthropic-version');
        return Promise.reject(new Error('seen'));
      },
    });
    const request = { model: 'm', max_tokens: 1, messages: [] };
    await expect(client.messages.create(request)).rejects.toThrow();
    const server = await WireServer.start(({ socket }) => socket.end(whole([], { status: 400 })));
    const provider = wires[0].connect(server.url);
    await faultOf(provider.call(callOf()));
    expect(server.requests[0]?.headers['anthropic-version']).toBe(sent);
    await provider.close();
    await server.close();
  });
});
