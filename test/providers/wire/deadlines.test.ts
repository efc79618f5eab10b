/** How long an answer may take, and that an abort reaches the socket. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  callOf,
  type ClosableProvider,
  endOf,
  faultOf,
  wires,
} from '../../support/provider-wires.ts';
import {
  chunk,
  head,
  lastChunk,
  whole,
  type WireRequest,
  WireServer,
} from '../../support/wire-server.ts';

/** Until it holds; the test's own time is the limit. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
}

for (const wire of wires) {
  describe(`an answer of ${wire.name} in time`, () => {
    let handle: (request: WireRequest) => void;
    let server: WireServer;
    const open: ClosableProvider[] = [];
    const connect = (more: object = {}) => {
      const provider = wire.connect(server.url, more);
      open.push(provider);
      return provider;
    };
    const events = wire.answer(['It lifts ', 'a thread.']);
    /** All but what completes it. */
    const begun = () => [
      Buffer.from(head()),
      ...events.slice(0, -1 - wire.afterEnd).map((event) => chunk(event)),
    ];
    const completed = () => events.slice(-1 - wire.afterEnd).map((event) => chunk(event));

    beforeEach(async () => {
      server = await WireServer.start((request) => handle(request));
    });

    afterEach(async () => {
      for (const provider of open.splice(0)) await provider.close();
      await server.close();
    });

    it('ends as an outage when no header comes', async () => {
      handle = () => undefined;
      const fault = await faultOf(connect({ firstByteMsMax: 30 }).call(callOf()));
      expect(fault.kind).toBe('outage');
      expect(fault.message).toContain('sent nothing for too long');
      await until(() => server.open === 0);
    });

    it('ends as an outage when it stalls after its headers, or in its middle', async () => {
      const shown: string[] = [];
      const provider = connect({ idleMsMax: 200 });
      handle = ({ socket }) => socket.write(head());
      expect((await faultOf(provider.call(callOf()))).message).toContain('nothing for too long');
      handle = ({ socket }) => socket.write(Buffer.concat(begun()));
      const call = callOf({ onText: (text) => void shown.push(text) });
      expect((await faultOf(provider.call(call))).message).toContain('nothing for too long');
      expect(shown.join('')).toBe('It lifts a thread.');
      await until(() => server.open === 0);
    });

    it('ends as an outage at its deadline, though it still comes', async () => {
      const ticks: NodeJS.Timeout[] = [];
      handle = ({ socket }) => {
        socket.write(Buffer.concat(begun().slice(0, 2)));
        const more = wire.name === 'anthropic' ? 'event: ping\ndata: {}\n\n' : '\n';
        ticks.push(setInterval(() => socket.write(chunk(more)), 5));
      };
      const fault = await faultOf(connect({ deadlineMsMax: 250 }).call(callOf()));
      for (const tick of ticks) clearInterval(tick);
      expect([fault.kind, fault.message]).toEqual([
        'outage',
        expect.stringContaining('did not come to an end in time'),
      ]);
    });

    it('is waited for as long as bytes come', async () => {
      handle = ({ socket }) => {
        const parts = [Buffer.from(head()), ...events.map((event) => chunk(event))];
        const timer = setInterval(() => {
          const part = parts.shift();
          if (part !== undefined) return void socket.write(part);
          clearInterval(timer);
          socket.write(lastChunk);
        }, 40);
      };
      const output = await connect({ idleMsMax: 2_000 }).call(callOf());
      expect(output.text).toBe('It lifts a thread.');
    });

    it('is a result at once, though the connection stays open after it', async () => {
      handle = ({ socket }) => socket.write(Buffer.concat([...begun(), ...completed()]));
      const provider = connect({ ceiling: 1 });
      expect((await provider.call(callOf())).text).toBe('It lifts a thread.');
      // The socket that does not come free is given up: the next call gets one.
      expect((await provider.call(callOf())).text).toBe('It lifts a thread.');
    });

    it('is cut off by an abort, which the server sees', async () => {
      const provider = connect();
      for (const write of [() => undefined, () => head(), () => Buffer.concat(begun())]) {
        const closedBefore = server.closed;
        const abort = new AbortController();
        const shown: string[] = [];
        handle = ({ socket }) => {
          const bytes = write();
          if (bytes !== undefined) socket.write(bytes);
        };
        const count = server.requests.length;
        const call = callOf({ signal: abort.signal, onText: (text) => void shown.push(text) });
        const end = endOf(provider.call(call));
        await until(() => server.requests.length > count);
        if (write() instanceof Buffer) await until(() => shown.length > 0);
        abort.abort(new Error('no longer wanted'));
        expect((await end).kind).toBe('aborted');
        await until(() => server.closed > closedBefore && server.open === 0);
      }
    });

    it('is not asked for when the call is aborted already', async () => {
      const end = await endOf(connect().call(callOf({ signal: AbortSignal.abort() })));
      expect(end.kind).toBe('aborted');
      expect(server.requests).toEqual([]);
    });

    it('leaves no listener on the signal of a call that has ended', async () => {
      handle = ({ socket }) => socket.write(whole(events));
      const { signal } = new AbortController();
      let listeners = 0;
      const counted = new Proxy(signal, {
        get: (target, key) => {
          const value: unknown = Reflect.get(target, key);
          if (typeof value !== 'function') return value;
          return (...args: unknown[]): unknown => {
            if (key === 'addEventListener') listeners += 1;
            if (key === 'removeEventListener') listeners -= 1;
            return Reflect.apply(value, target, args);
          };
        },
      });
      const provider = connect();
      for (let i = 0; i < 5; i++) await provider.call(callOf({ signal: counted }));
      expect(listeners).toBe(0);
    });
  });

  describe(`the sockets to ${wire.name}`, () => {
    it('are no more than the ceiling, and are used again', async () => {
      const waiting: WireRequest[] = [];
      const server = await WireServer.start((request) => waiting.push(request));
      const provider = wire.connect(server.url, { ceiling: 3 });
      const calls = Array.from({ length: 12 }, () => provider.call(callOf()));
      for (let served = 0; served < 12; served++) {
        await until(() => waiting.length > 0);
        expect(server.open).toBeLessThanOrEqual(3);
        waiting.shift()?.socket.write(whole(wire.answer(['ok'])));
      }
      const outputs = await Promise.all(calls);
      expect(outputs.every(({ text }) => text === 'ok')).toBe(true);
      expect(server.peakOpen).toBeLessThanOrEqual(3);
      await provider.close();
      await server.close();
    });
  });
}
