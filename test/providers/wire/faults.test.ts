/** Every row of the table of faults, as the real SDKs bring it from a socket. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { classify, faultTable } from '../../../src/providers/classification.ts';
import { callOf, type ClosableProvider, faultOf, wires } from '../../support/provider-wires.ts';
import { chunk, head, whole, WireServer } from '../../support/wire-server.ts';

const statuses = faultTable
  .flatMap((row) => row.statuses ?? [])
  .flatMap((one) => (typeof one === 'number' ? [one] : [one[0], one[0] + 22, one[1]]));
const types = faultTable.flatMap((row) => row.types ?? []);
const codes = faultTable.flatMap((row) => row.codes ?? []);

for (const wire of wires) {
  describe(`a fault of ${wire.name}`, () => {
    let bytes: Buffer;
    let server: WireServer;
    let provider: ClosableProvider;

    beforeEach(async () => {
      server = await WireServer.start(({ socket }) => socket.end(bytes));
      provider = wire.connect(server.url);
    });

    afterEach(async () => {
      await provider.close();
      await server.close();
    });

    const refusal = (status: number, error: object | string, headers = {}) => {
      const body = JSON.stringify({ type: 'error', error, request_id: 'req_1' });
      return whole([body], { status, headers: { 'request-id': 'req_1', ...headers } });
    };

    it('is what the table says of its status, and is sent once', async () => {
      expect(statuses.length).toBeGreaterThan(10);
      for (const status of statuses) {
        bytes = whole(['<html>proxy</html>'], { status });
        const fault = await faultOf(provider.call(callOf()));
        expect(fault.kind, String(status)).toBe(classify({ status }));
        expect(fault.message).toContain(`HTTP ${status}`);
        expect(fault.message).toContain('proxy');
      }
      expect(server.requests).toHaveLength(statuses.length);
    });

    it('is what the table says of its type and its code', async () => {
      const url = `${server.url}${wire.path}`;
      for (const status of [400, 403, 429, 500, 503, 529]) {
        for (const type of types) {
          bytes = refusal(status, { type, message: 'told' });
          const fault = await faultOf(provider.call(callOf()));
          expect(fault.kind, `${status} ${type}`).toBe(classify({ status, type }));
          const at = fault.kind === 'caller' || fault.kind === 'rate-limited' ? '' : ` at ${url}`;
          expect(fault.message).toBe(`HTTP ${status} ${type}: told (request req_1)${at}`);
        }
        for (const code of codes) {
          const type = 'rate_limit_error';
          bytes = refusal(status, { type, message: 'told', details: { error_code: code } });
          const fault = await faultOf(provider.call(callOf()));
          expect(fault.kind, `${status} ${code}`).toBe(classify({ status, type, code }));
        }
      }
    });

    it('is what the table says of how its text begins, in the form of the provider alone', async () => {
      for (const row of faultTable) {
        for (const text of row.texts ?? []) {
          const message = `${text[0]?.toUpperCase()}${text.slice(1)}, and more`;
          for (const status of [400, 429]) {
            bytes = refusal(status, { type: 'invalid_request_error', message });
            const fault = await faultOf(provider.call(callOf()));
            expect([fault.kind, fault.isContextFull], message).toEqual([
              row.kind,
              row.isContextFull ?? false,
            ]);
          }
          bytes = whole([`<html>${message}</html>`], { status: 400 });
          const page = await faultOf(provider.call(callOf()));
          expect([page.kind, page.isContextFull], message).toEqual(['caller', false]);
        }
      }
    });

    it('names the wait that was asked for, within bounds', async () => {
      const asked: [string, string, number | null][] = [
        ['retry-after', '7', 7_000],
        ['retry-after', '0', 1_000],
        ['retry-after', '86400', 3_600_000],
        ['retry-after', 'soon', null],
        ['retry-after-ms', '2500', 2_500],
      ];
      for (const [name, value, waitMs] of asked) {
        bytes = refusal(429, { type: 'rate_limit_error', message: 'slow' }, { [name]: value });
        const fault = await faultOf(provider.call(callOf()));
        expect([fault.kind, fault.retryAfterMs], value).toEqual(['rate-limited', waitMs]);
      }
      const soon = new Date(Date.now() + 100_000).toUTCString();
      bytes = refusal(503, { type: 'api_error', message: 'slow' }, { 'retry-after': soon });
      const fault = await faultOf(provider.call(callOf()));
      expect(fault.kind).toBe('rate-limited');
      expect(fault.retryAfterMs).toBeGreaterThan(50_000);
      expect(fault.retryAfterMs).toBeLessThanOrEqual(100_000);
    });

    it('is known by its status though its body is cut, endless or broken', async () => {
      bytes = Buffer.concat([
        Buffer.from(head(429, { 'retry-after': '9' })),
        chunk('{"type":"err'),
      ]);
      expect(await faultOf(provider.call(callOf()))).toMatchObject({
        kind: 'rate-limited',
        retryAfterMs: 9_000,
      });
      bytes = whole(
        Array.from({ length: 200 }, () => 'x'.repeat(1_000)),
        { status: 401 },
      );
      const fault = await faultOf(provider.call(callOf()));
      expect(fault.kind).toBe('refused');
      expect(fault.message.length).toBeLessThan(600);
    });

    it('inside the stream is what the table says of its type', async () => {
      const answer = wire.answer(['It lifts']);
      const begin = answer.slice(0, Math.min(3, answer.length - 1 - wire.afterEnd));
      for (const type of [...types, 'api_error', 'unheard_of']) {
        bytes = whole([...begin, wire.errorEvent(type, 'told')]);
        const fault = await faultOf(provider.call(callOf()));
        // Ollama gives its errors no type.
        const kind = wire.name === 'ollama' ? 'outage' : classify({ type });
        expect(fault.kind, type).toBe(kind);
        expect(fault.message).toContain('told');
      }
    });

    it('is an outage where nobody listens', async () => {
      await server.close();
      const fault = await faultOf(provider.call(callOf()));
      expect(fault.kind).toBe('outage');
      expect(fault.message).toContain('ECONNREFUSED');
      const nowhere = wire.connect('http://no-such-host.invalid');
      expect((await faultOf(nowhere.call(callOf()))).kind).toBe('outage');
      await nowhere.close();
    });

    it('follows no redirect', async () => {
      let visits = 0;
      const other = await WireServer.start(({ socket }) => {
        visits += 1;
        socket.end(whole(wire.answer(['stolen'])));
      });
      bytes = whole([], { status: 307, headers: { location: `${other.url}${wire.path}` } });
      expect((await faultOf(provider.call(callOf()))).kind).toBe('outage');
      expect(visits).toBe(0);
      await other.close();
    });

    it('is the call’s own where the answer is larger than anybody takes', async () => {
      const small = wire.connect(server.url, { responseBytesMax: 10_000, lineBytesMax: 2_000 });
      bytes = whole(wire.answer(Array.from({ length: 300 }, () => 'a thread ')));
      expect((await faultOf(small.call(callOf()))).kind).toBe('caller');
      bytes = whole(['x'.repeat(3_000)]);
      expect((await faultOf(small.call(callOf()))).kind).toBe('caller');
      await small.close();
      bytes = whole(wire.answer(Array.from({ length: 12 }, () => 'x'.repeat(100_000))));
      expect((await faultOf(provider.call(callOf()))).kind).toBe('caller');
    });
  });
}

describe('a busy Ollama', () => {
  it('is told from a proxy without an upstream', async () => {
    let bytes: Buffer = Buffer.alloc(0);
    const server = await WireServer.start(({ socket }) => socket.end(bytes));
    const provider = wires[1].connect(server.url);
    bytes = whole([JSON.stringify({ error: 'server busy, please try again' })], { status: 503 });
    const fault = await faultOf(provider.call(callOf()));
    expect([fault.kind, fault.message]).toEqual([
      'rate-limited',
      'HTTP 503 busy: server busy, please try again',
    ]);
    bytes = whole(['<h1>503 Service Temporarily Unavailable</h1>'], { status: 503 });
    expect((await faultOf(provider.call(callOf()))).kind).toBe('outage');
    await provider.close();
    await server.close();
  });
});
