/** What goes wrong on the wire, seen by the SDKs and, where they hide it, byte by byte. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Emulator, PartialScript } from '../../src/emulators/emulator.ts';
import { connecting, rawCall, unchunked } from './raw.ts';
import { anthropic, ask, begun, chat, collected, failure, ollama, until } from './started.ts';

const protocols = ['anthropic', 'ollama', 'openai'] as const;
const always = { share: 1 } as const;

async function started(
  protocol: (typeof protocols)[number],
  script: PartialScript,
): Promise<Emulator> {
  return begun({ protocol, script: { chunks: 3, ...script } });
}

/** Ends a whole answer, and no other. */
const lastOf = { anthropic: 'message_stop', ollama: '"done":true', openai: '[DONE]' };

describe.each(protocols)('of %s, a stream', (protocol) => {
  it('is cut at a byte', async () => {
    const whole = unchunked((await untilWhole(protocol)).body);
    for (const byte of [0, 1, 100]) {
      const emulator = await started(protocol, {
        faults: [{ kind: 'cut', at: { byte }, ...always }],
      });
      const { status, body } = await rawCall(emulator).ended;
      // Ids and times differ from emulator to emulator; lengths do not.
      expect([status, unchunked(body).length]).toEqual([200, byte]);
      expect(body).not.toContain('\r\n0\r\n');
      expect(emulator.stats()).toMatchObject({ completed: 0, faults: 1, inFlight: 0, aborted: 0 });
    }
    const emulator = await started(protocol, {
      faults: [{ kind: 'cut', at: { byte: 100_000 }, ...always }],
    });
    const { body } = await rawCall(emulator).ended;
    expect(unchunked(body).length).toBe(whole.length - 1);
  });

  it('is cut before an event, before the body, and before everything', async () => {
    const at = async (place: { event: number } | 'headers' | 'start') => {
      const emulator = await started(protocol, {
        faults: [{ kind: 'cut', at: place, ...always }],
      });
      return rawCall(emulator).ended;
    };
    const { body } = await at({ event: 2 });
    const events = unchunked(body)
      .trimEnd()
      .split(protocol === 'ollama' ? '\n' : '\n\n');
    expect(events).toHaveLength(2);
    for (const event of events) JSON.parse(event.slice(event.indexOf('{')));
    const last = unchunked((await at({ event: 999 })).body);
    expect(last.length).toBeGreaterThan(body.length);
    expect(last).not.toContain(lastOf[protocol]);
    expect(await at('headers')).toMatchObject({ status: 200, body: '' });
    expect(await at('start')).toEqual({ status: null, headers: '', body: '' });
  });

  it.each(['start', 'headers', { event: 2 }, { byte: 50 }] as const)(
    'hangs at %j and holds its slot until the client leaves',
    async (at) => {
      const emulator = await started(protocol, { faults: [{ kind: 'hang', at, ...always }] });
      const call = rawCall(emulator);
      await until(() => emulator.stats().inFlight === 1);
      if (at === 'start') await sleep(20);
      else await until(() => call.now().status === 200);
      if (typeof at === 'object') await until(() => unchunked(call.now().body) !== '');
      const { status, body } = call.now();
      expect(status).toBe(at === 'start' ? null : 200);
      expect(body).not.toContain(lastOf[protocol]);
      if (typeof at === 'object' && 'byte' in at) expect(unchunked(body)).toHaveLength(50);
      expect(emulator.stats()).toMatchObject({ inFlight: 1, faults: 1 });
      call.hangUp();
      await until(() => emulator.stats().inFlight === 0);
      expect(emulator.stats()).toMatchObject({ aborted: 1, completed: 0 });
    },
  );

  it('brings a line that is no JSON', async () => {
    const emulator = await started(protocol, {
      faults: [{ kind: 'malformed', atEvent: 1, calls: { from: 1, to: 1 } }],
    });
    const call = rawCall(emulator);
    await until(() => call.now().body.includes(lastOf[protocol]));
    call.hangUp();
    const events = unchunked(call.now().body)
      .trimEnd()
      .split(protocol === 'ollama' ? '\n' : '\n\n');
    const isJson = events.map((event) => {
      if (event === 'data: [DONE]') return true;
      try {
        return JSON.parse(event.slice(event.indexOf('{'))) !== null;
      } catch {
        return false;
      }
    });
    expect(isJson.indexOf(false)).toBe(1);
    expect(isJson.filter((is) => !is)).toHaveLength(1);
    expect(emulator.stats()).toMatchObject({ faults: 1 });
  });

  it('comes a few bytes at a time, and whole in the end', async () => {
    const emulator = await started(protocol, {
      faults: [{ kind: 'slow', bytes: 50, everyMs: 1, ...always }],
    });
    const call = rawCall(emulator);
    await until(() => call.now().body.endsWith('\r\n0\r\n\r\n'));
    call.hangUp();
    const { body } = call.now();
    expect(unchunked(body)).toContain(lastOf[protocol]);
    const sizes = [...body.matchAll(/(?:^|\r\n)([0-9a-f]+)\r\n/g)].map(([, size = '']) =>
      Number.parseInt(size, 16),
    );
    expect(sizes.length).toBeGreaterThan(5);
    expect(sizes.slice(0, -2).every((size) => size === 50)).toBe(true);
    expect(emulator.stats()).toMatchObject({ completed: 1, inFlight: 0 });
  });

  it('is given up by its client: its slot is free at once', async () => {
    const emulator = await started(protocol, { latencyMs: 600_000, firstTokenMs: 0 });
    const call = rawCall(emulator);
    await until(() => call.now().body !== '');
    call.hangUp();
    await until(() => emulator.stats().inFlight === 0);
    expect(emulator.stats()).toMatchObject({ aborted: 1, completed: 0, faults: 0 });
  });
});

async function untilWhole(protocol: (typeof protocols)[number]) {
  const emulator = await started(protocol, {});
  const call = rawCall(emulator);
  await until(() => call.now().body.endsWith('\r\n0\r\n\r\n'));
  call.hangUp();
  return call.now();
}

describe('the SDKs', () => {
  it('see a cut stream in their own ways', async () => {
    const faults = [{ kind: 'cut', at: { event: 4 }, ...always }] as const;
    const a = await anthropic({ script: { faults } });
    const cut = await failure(a.client.messages.create({ ...ask(), stream: true }).then(collected));
    expect(cut).toMatchObject({ message: 'terminated' });
    const o = await ollama({ script: { faults } });
    const lost = await failure(o.client.chat({ ...chat(), stream: true }).then(collected));
    expect(lost).toMatchObject({ message: 'terminated' });
  });

  it('see broken JSON in their own ways', async () => {
    const faults = [{ kind: 'malformed', atEvent: 3, ...always }] as const;
    const a = await anthropic({ script: { faults } });
    const broken = await failure(
      a.client.messages.create({ ...ask(), stream: true }).then(collected),
    );
    expect(broken.name).toBe('SyntaxError');
    expect(await failure(a.client.messages.create(ask()))).toMatchObject({ name: 'SyntaxError' });
  });
});

describe('an outage', () => {
  it('is switched on and off, and holds no slot', async () => {
    const { client, emulator } = await anthropic();
    for (const [outage, status] of [
      ['server-error', 500],
      ['unavailable', 503],
      ['overloaded', 529],
    ] as const) {
      await emulator.set({ outage });
      expect(await failure(client.messages.create(ask()))).toMatchObject({ status });
      expect(
        (await fetch(`${emulator.url}/v1/messages/count_tokens`, { method: 'POST' })).status,
      ).toBe(status);
    }
    await emulator.set({ outage: null });
    await client.messages.create(ask());
    expect(emulator.stats()).toMatchObject({ faults: 3, completed: 1, peakInFlight: 1 });
  });

  it.each(protocols)('of %s can leave calls hanging', async (protocol) => {
    const emulator = await started(protocol, { outage: 'hang' });
    const call = rawCall(emulator);
    await until(() => emulator.stats().calls === 1);
    await emulator.set({ outage: null });
    await sleep(20);
    expect(call.now().status).toBeNull();
    expect(emulator.stats()).toMatchObject({ inFlight: 0, faults: 1 });
    await emulator.close();
    expect(await call.ended).toMatchObject({ status: null });
  });

  it.each(protocols)(
    'of %s can refuse connections and cut those that are there',
    async (protocol) => {
      const emulator = await started(protocol, { latencyMs: 600_000 });
      const call = rawCall(emulator);
      await until(() => emulator.stats().inFlight === 1);
      await emulator.set({ outage: 'refuse' });
      expect(await call.ended).toMatchObject({ status: null });
      expect(emulator.stats().inFlight).toBe(0);
      const refused = await failure(fetch(emulator.url));
      expect(refused.cause).toMatchObject({ code: 'ECONNREFUSED' });
      await emulator.set({ outage: null, latencyMs: 0 });
      const again = rawCall(emulator);
      await until(() => again.now().status === 200);
      again.hangUp();
    },
  );

  it('comes and goes by windows of time, without being asked', async () => {
    const emulator = await begun({
      protocol: 'ollama',
      script: {
        outages: [
          { kind: 'unavailable', fromMs: 0, toMs: 60_000 },
          { kind: 'refuse', fromMs: 60_000, toMs: 120_000 },
        ],
      },
    });
    expect((await fetch(emulator.url)).status).toBe(503);
    await emulator.set({ outages: [{ kind: 'refuse', fromMs: 0, toMs: 60_000 }] });
    expect(await connecting(emulator.port)).toBe('ECONNREFUSED');
    // Behind us by the time that it is set, but for its end: the door opens by the clock alone.
    const { elapsedMs } = emulator.stats();
    const toMs = Math.ceil(elapsedMs) + 50;
    await emulator.set({ outages: [{ kind: 'refuse', fromMs: 0, toMs }] });
    for (;;) {
      const status = await fetch(emulator.url).then(
        (response) => response.status,
        () => null,
      );
      if (status !== null) {
        expect(status).toBe(200);
        break;
      }
      await sleep(2);
    }
    expect(emulator.stats().elapsedMs).toBeGreaterThanOrEqual(toMs);
  });
});
