/** Scripts: what is refused, and that what is taken repeats exactly. */
import { describe, expect, it } from 'vitest';
import { planCall } from '../../src/emulators/call-plan.ts';
import { checkScript } from '../../src/emulators/check-script.ts';
import { startEmulator } from '../../src/emulators/emulator.ts';
import { defaultScripts, type EmulatorScript, type Spread } from '../../src/emulators/script.ts';
import { anthropic, ask } from './started.ts';

const base = defaultScripts.anthropic;
const cut = { kind: 'cut', at: 'start' };

it('is the default where nothing is said, and what is said over it otherwise', () => {
  expect(checkScript({}, base)).toEqual(base);
  expect(checkScript(JSON.parse(JSON.stringify(base)), base)).toEqual(base);
  expect(checkScript({ latencyMs: 5, ceiling: 3 }, base)).toEqual({
    ...base,
    latencyMs: { kind: 'fixed', ms: 5 },
    ceiling: 3,
  });
  expect(
    checkScript({ firstTokenMs: null }, { ...base, firstTokenMs: { kind: 'fixed', ms: 1 } }),
  ).toEqual(base);
});

describe('promise 11: a bad script is refused by field', () => {
  it.each<[string, unknown]>([
    ['script', []],
    ['script', 'fast'],
    ['script.latency', { latency: 5 }],
    ['script.latencyMs', { latencyMs: -1 }],
    ['script.latencyMs', { latencyMs: 0.5 }],
    ['script.latencyMs', { latencyMs: null }],
    ['script.latencyMs', { latencyMs: '5' }],
    ['script.latencyMs.kind', { latencyMs: { kind: 'normal' } }],
    ['script.latencyMs.maxMs', { latencyMs: { kind: 'uniform', minMs: 5, maxMs: 4 } }],
    ['script.latencyMs.ms', { latencyMs: { kind: 'fixed' } }],
    [
      'script.latencyMs.sigma',
      { latencyMs: { kind: 'lognormal', medianMs: 5, sigma: -1, maxMs: 9 } },
    ],
    ['script.latencyMs.minMs', { latencyMs: { kind: 'fixed', ms: 1, minMs: 2 } }],
    ['script.chunks', { chunks: 0 }],
    ['script.ceiling', { ceiling: null }],
    ['script.whenFull', { whenFull: 'wait' }],
    ['script.apiKeys[1]', { apiKeys: ['a', 1] }],
    ['script.models', { models: 'all' }],
    ['script.outage', { outage: 'fire' }],
    ['script.outages[0].toMs', { outages: [{ kind: 'hang', fromMs: 5, toMs: 1 }] }],
    ['script.outages', { outages: {} }],
    ['script.faults[0].kind', { faults: [{ share: 1 }] }],
    ['script.faults[0]', { faults: [cut] }],
    ['script.faults[0]', { faults: [{ ...cut, share: 1, calls: { from: 1, to: 1 } }] }],
    ['script.faults[0].share', { faults: [{ ...cut, share: 1.1 }] }],
    ['script.faults[0].calls.from', { faults: [{ ...cut, calls: { from: 0, to: 1 } }] }],
    ['script.faults[0].calls.to', { faults: [{ ...cut, calls: { from: 2, to: 1 } }] }],
    ['script.faults[0].at', { faults: [{ kind: 'cut', share: 1, at: 'end' }] }],
    ['script.faults[0].at', { faults: [{ kind: 'cut', share: 1, at: { event: 1, byte: 1 } }] }],
    ['script.faults[0].at', { faults: [{ kind: 'hang', share: 1 }] }],
    ['script.faults[0].atEvent', { faults: [{ kind: 'malformed', share: 1 }] }],
    ['script.faults[0].error', { faults: [{ kind: 'error', share: 1, error: 'oops' }] }],
    ['script.faults[0].bytes', { faults: [{ kind: 'slow', share: 1, bytes: 0, everyMs: 1 }] }],
    ['script.faults[0].atEvent', { faults: [{ ...cut, share: 1, atEvent: 1 }] }],
    [
      'script.faults',
      {
        faults: [
          { ...cut, share: 0.6 },
          { ...cut, share: 0.6 },
        ],
      },
    ],
  ])('%s: %j', (field, script) => {
    const refusal = expect.objectContaining({
      code: 'invalid-field',
      detail: expect.objectContaining({ field }),
    });
    expect(() => checkScript(script, base)).toThrow(refusal);
  });

  it('before anything is started or changed', async () => {
    const { emulator, client } = await anthropic();
    await expect(emulator.set({ ceiling: -1 })).rejects.toThrow('script.ceiling');
    await client.messages.create(ask());
    expect(emulator.script).toEqual(base);
    const protocol = 'gopher' as 'ollama';
    await expect(startEmulator({ protocol })).rejects.toThrow('protocol');
    await expect(startEmulator({ protocol: 'ollama', port: 70_000 })).rejects.toThrow('port');
    await expect(startEmulator({ protocol: 'ollama', seed: -1 })).rejects.toThrow('seed');
    const { port } = emulator;
    await expect(startEmulator({ protocol: 'ollama', port })).rejects.toThrow('EADDRINUSE');
  });
});

describe('what happens to a call', () => {
  const plans = (script: Partial<EmulatorScript>, seed = 7, calls = 4_000) =>
    Array.from({ length: calls }, (_, i) => planCall({ ...base, ...script }, seed, i + 1));

  it('is the same for the same script, seed and number, and another for another seed', () => {
    const script: Partial<EmulatorScript> = {
      latencyMs: { kind: 'lognormal', medianMs: 200, sigma: 0.5, maxMs: 5_000 },
      firstTokenMs: { kind: 'uniform', minMs: 10, maxMs: 90 },
      faults: [{ kind: 'cut', at: { event: 3 }, share: 0.3 }],
    };
    expect(plans(script)).toEqual(plans(script));
    expect(plans(script)).not.toEqual(plans(script, 8));
  });

  it('has the latency of its spread', () => {
    const latencies = (latencyMs: Spread) =>
      plans({ latencyMs })
        .map((plan) => plan.latencyMs)
        .toSorted((a, b) => a - b);
    expect(new Set(latencies({ kind: 'fixed', ms: 9 }))).toEqual(new Set([9]));
    const uniform = latencies({ kind: 'uniform', minMs: 100, maxMs: 300 });
    expect(uniform[0]).toBeGreaterThanOrEqual(100);
    expect(uniform.at(-1)).toBeLessThanOrEqual(300);
    expect((uniform[2_000] ?? 0) / 200).toBeCloseTo(1, 1);
    const long = latencies({ kind: 'lognormal', medianMs: 200, sigma: 1, maxMs: 2_000 });
    expect((long[2_000] ?? 0) / 200).toBeCloseTo(1, 0.5);
    // One in six is past the first sigma, and none past the bound.
    expect((long[3_365] ?? 0) / (200 * Math.E)).toBeCloseTo(1, 0.5);
    expect(long.at(-1)).toBe(2_000);
  });

  it('never has its first token after its last', () => {
    const all = plans({
      latencyMs: { kind: 'uniform', minMs: 0, maxMs: 100 },
      firstTokenMs: { kind: 'uniform', minMs: 0, maxMs: 100 },
    });
    expect(all.every(({ latencyMs, firstTokenMs }) => firstTokenMs <= latencyMs)).toBe(true);
    expect(all.some(({ latencyMs, firstTokenMs }) => firstTokenMs < latencyMs)).toBe(true);
  });

  it('is each fault by its share, and one by its number', () => {
    const all = plans({
      faults: [
        { kind: 'malformed', atEvent: 0, calls: { from: 5, to: 6 } },
        { kind: 'cut', at: 'start', share: 0.1 },
        { kind: 'hang', at: 'start', share: 0.2 },
      ],
    });
    const share = (kind: string) => all.filter(({ fault }) => fault?.kind === kind).length / 4_000;
    expect(share('cut')).toBeCloseTo(0.1, 1);
    expect(share('hang')).toBeCloseTo(0.2, 1);
    const numbered = all.flatMap(({ fault }, i) => (fault?.kind === 'malformed' ? [i + 1] : []));
    expect(numbered).toEqual([5, 6]);
  });

  it('repeats over real sockets', async () => {
    const statuses = async () => {
      const { client } = await anthropic({
        seed: 3,
        script: {
          faults: [
            { kind: 'error', error: 'rate-limited', afterLatency: false, share: 0.3 },
            { kind: 'error', error: 'overloaded', afterLatency: true, share: 0.3 },
          ],
        },
      });
      const all: number[] = [];
      for (let i = 0; i < 40; i++) {
        const made = client.messages.create(ask(`${i}`)).then(
          () => 200,
          ({ status }: { status: number }) => status,
        );
        all.push(await made);
      }
      return all;
    };
    const first = await statuses();
    expect(await statuses()).toEqual(first);
    expect(new Set(first)).toEqual(new Set([200, 429, 529]));
  });
});
