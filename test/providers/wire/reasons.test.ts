/** The reason of an outage can be read in its fault: what is there instead of the API, and at which address. */
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { deflateSync, brotliCompressSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { callOf, type ClosableProvider, faultOf, wires } from '../../support/provider-wires.ts';
import { selfSigned } from '../../support/self-signed.ts';
import { whole, WireServer } from '../../support/wire-server.ts';

for (const wire of wires) {
  describe(`why ${wire.name} gives no answer`, () => {
    let bytes: Buffer;
    let server: WireServer;
    const open: ClosableProvider[] = [];
    const connect = (baseUrl: string, more: object = {}): ClosableProvider => {
      const provider = wire.connect(baseUrl, more);
      open.push(provider);
      return provider;
    };
    const fault = async (baseUrl = server.url, more: object = {}) =>
      faultOf(connect(baseUrl, more).call(callOf()));

    beforeEach(async () => {
      server = await WireServer.start(({ socket }) => socket.end(bytes));
    });

    afterEach(async () => {
      for (const provider of open.splice(0)) await provider.close();
      await server.close();
    });

    it('is told with the address: nobody listens, no such host, no TLS', async () => {
      const { url } = server;
      expect((await fault('http://no-such-host.invalid')).message).toMatch(
        new RegExp(
          `cannot be reached: (no such host|the name of the host).* at http://no-such-host.invalid${wire.path}$`,
        ),
      );
      const plain = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
      });
      await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', () => resolve()));
      const { port } = plain.address() as AddressInfo;
      const noTls = await fault(`https://127.0.0.1:${port}`);
      plain.close();
      expect([noTls.kind, noTls.message]).toEqual(['outage', expect.stringMatching(/TLS/)]);
      await server.close();
      expect((await fault(url)).message).toBe(
        `the provider cannot be reached: nothing listens there (ECONNREFUSED) at ${url}${wire.path}`,
      );
      server = await WireServer.start(() => undefined);
    });

    it('is told where nobody has signed the certificate', async () => {
      const tls = createTlsServer(selfSigned, (_request, response) => response.end('hello'));
      await new Promise<void>((resolve) => tls.listen(0, '127.0.0.1', () => resolve()));
      const { port } = tls.address() as AddressInfo;
      const { kind, message } = await fault(`https://127.0.0.1:${port}`);
      expect([kind, message]).toEqual(['outage', expect.stringContaining('TLS failed: its cert')]);
      tls.close();
    });

    it('is told where a gateway sends a page, whatever its status', async () => {
      const page = `<!DOCTYPE html><html><head><title>502 Bad Gateway</title><style>p{}</style></head><body>${'<p>so long</p>'.repeat(100)}</body></html>`;
      for (const status of [502, 200]) {
        bytes = whole([page], { status });
        const { kind, message } = await fault();
        expect([kind, message]).toEqual([
          'outage',
          expect.stringContaining(
            'a page of HTML, which comes from a gateway and not from the API: 502 Bad Gateway',
          ),
        ]);
        expect(message).toContain(`at ${server.url}${wire.path}`);
        expect(message.length).toBeLessThan(300);
      }
    });

    it('is told where it sends elsewhere, without what is secret in that address', async () => {
      const headers = { location: 'https://u:pw@login.example/sso?token=abc#x' };
      bytes = whole([], { status: 302, headers });
      const { kind, message } = await fault();
      expect([kind, message]).toEqual([
        'outage',
        expect.stringContaining(
          'it sends to https://login.example/sso, and heddle follows no redirect',
        ),
      ]);
      expect(message).not.toMatch(/pw|token/);
    });

    it('is read from a packed body, whether a header says so or not', async () => {
      const body = JSON.stringify({ error: { type: 'overloaded_error', message: 'all are busy' } });
      for (const [headers, packed] of [
        [{ 'content-encoding': 'gzip' }, gzipSync(body)],
        [{}, gzipSync(body)],
        [{ 'content-encoding': 'br' }, brotliCompressSync(body)],
        [{ 'content-encoding': 'deflate' }, deflateSync(body)],
      ] as const) {
        bytes = whole([packed], { status: 529, headers });
        const { kind, message } = await fault();
        expect([kind, message]).toEqual(['rate-limited', expect.stringContaining('all are busy')]);
      }
      bytes = whole(['??'], { status: 529, headers: { 'content-encoding': 'zstd' } });
      expect((await fault()).kind).toBe('rate-limited');
    });

    it('does not keep a packed answer from being one, unless it is cut or packed too well', async () => {
      const events = wire.answer(['It lifts ', 'a thread.'], { a: 1 });
      const packed = gzipSync(events.join(''));
      for (const headers of [{ 'content-encoding': 'gzip' }, {}]) {
        bytes = whole([packed.subarray(0, 1), packed.subarray(1)], { headers });
        const output = await connect(server.url).call(callOf());
        expect([output.text, output.toolCalls.length]).toEqual(['It lifts a thread.', 1]);
        // Chat completions are whole with their finish reason: what follows it may be missing.
        const cutAt = wire.name === 'openai' ? packed.length >> 1 : packed.length - 12;
        bytes = whole([packed.subarray(0, cutAt)], { headers });
        expect((await fault()).kind).toBe('outage');
      }
      bytes = whole(events, { headers: { 'content-encoding': 'zstd' } });
      expect((await fault()).message).toContain('packed as zstd');
      const bomb = gzipSync(Buffer.alloc(20_000_000, '\n'));
      bytes = whole([bomb], { headers: { 'content-encoding': 'gzip' } });
      expect((await fault(server.url, { responseBytesMax: 1_000_000 })).kind).toBe('caller');
    });

    it('is refused at the option where the address ends in the path of the API', () => {
      // The suite's own base URL of chat completions ends in `/v1`, which is part of what a user writes.
      const own =
        wire.name === 'anthropic'
          ? ['/v1/messages', '/v1']
          : wire.name === 'ollama'
            ? ['/api/chat', '/api', '/v1']
            : [];
      for (const end of own) {
        for (const slash of ['', '/']) {
          expect(() => connect(`https://host/x${end}${slash}`)).toThrow(
            `baseUrl must not end with ${end}: write https://host/x`,
          );
        }
      }
      expect(() => connect('https://host/v1/gateway/anthropic')).not.toThrow();
    });

    it('names no address where the call itself is at fault, but for a path that is not there', async () => {
      bytes = whole(['{"error":{"type":"invalid_request_error","message":"no"}}'], { status: 400 });
      expect((await fault()).message).not.toContain(server.url);
      bytes = whole(['404 page not found'], { status: 404 });
      expect((await fault()).message).toContain(`at ${server.url}${wire.path}`);
    });

    it('keeps its words though the key is short', async () => {
      bytes = whole(['{"error":{"type":"api_error","message":"no answer on the way"}}'], {
        status: 500,
      });
      expect((await fault(server.url, { apiKey: 'a' })).message).toContain('no answer on the way');
      expect((await fault(server.url, { apiKey: 'answer' })).message).toContain('no answer on');
      expect((await fault(server.url, { apiKey: 'answer on the way' })).message).toContain(
        'no ***',
      );
    });
  });
}
