/** What heddle costs per call, against the bare SDK on the same emulator. */
import Anthropic from '@anthropic-ai/sdk';
import { assign, setup } from 'xstate';
import { EmulatorsProcess } from '../../src/circuits/emulators-process.ts';
import { anthropic, catalogue, createHeddle } from '../../src/index.ts';
import { printTable } from './report.ts';

/** Calls a model again and again, one call after the other. */
const caller = setup({
  types: { context: {} as { left: number }, input: {} as { calls: number } },
  actors: { ...catalogue },
}).createMachine({
  id: 'caller',
  context: ({ input }) => ({ left: input.calls }),
  initial: 'calling',
  states: {
    calling: {
      invoke: {
        id: 'call',
        src: 'generate',
        input: { prompt: 'why?' },
        onDone: [
          {
            guard: ({ context }) => context.left > 1,
            target: 'calling',
            reenter: true,
            actions: assign({ left: ({ context }) => context.left - 1 }),
          },
          { target: 'done' },
        ],
      },
    },
    done: { type: 'final' },
  },
});

type Load = { readonly atOnce: number; readonly callsEach: number };

/** Mean milliseconds per call of one caller. */
async function bare(url: string, { atOnce, callsEach }: Load): Promise<number> {
  const client = new Anthropic({ apiKey: 'emulated', baseURL: url, maxRetries: 0 });
  const startedMs = performance.now();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let i = 0; i < callsEach; i++) {
        const stream = client.messages.stream({
          model: 'emulated',
          max_tokens: 1_024,
          messages: [{ role: 'user', content: 'why?' }],
        });
        await stream.finalMessage();
      }
    }),
  );
  return (performance.now() - startedMs) / callsEach;
}

async function through(
  databaseUrl: string,
  url: string,
  { atOnce, callsEach }: Load,
): Promise<number> {
  const provider = anthropic({ apiKey: 'emulated', baseUrl: url, model: 'emulated', ceiling: 200 });
  const heddle = await createHeddle({ agents: [caller], databaseUrl, providers: [provider] });
  try {
    const one = { agent: 'caller', input: { calls: callsEach } };
    const startedMs = performance.now();
    const runs = await heddle.startAll(Array.from({ length: atOnce }, () => one));
    await Promise.all(runs.map((run) => run.output({ timeoutMs: 120_000 })));
    return (performance.now() - startedMs) / callsEach;
  } finally {
    await heddle.close();
  }
}

export async function overhead(databaseUrl: string): Promise<void> {
  const rows = [
    ['calls at once', 'latency ms', 'bare SDK, ms', 'heddle, ms', 'more by, ms', 'throughput'],
  ];
  for (const [load, latencyMs] of [
    [{ atOnce: 1, callsEach: 100 }, 10],
    [{ atOnce: 200, callsEach: 10 }, 1_000],
    [{ atOnce: 200, callsEach: 10 }, 200],
  ] as const) {
    const script = { ceiling: 1_000, latencyMs };
    const emulators = await EmulatorsProcess.start([{ protocol: 'anthropic', seed: 1, script }], {
      onSlots: () => undefined,
      onLost: console.error,
    });
    const [url = ''] = emulators.urls;
    try {
      // Both are warm: what is compiled at the first calls is no cost of each.
      await bare(url, { ...load, callsEach: load.callsEach / 2 });
      await through(databaseUrl, url, { ...load, callsEach: load.callsEach / 2 });
      const bareMs = await bare(url, load);
      const heddleMs = await through(databaseUrl, url, load);
      rows.push([
        String(load.atOnce),
        String(latencyMs),
        bareMs.toFixed(1),
        heddleMs.toFixed(1),
        (heddleMs - bareMs).toFixed(1),
        `${(bareMs / heddleMs).toFixed(2)}×`,
      ]);
    } finally {
      await emulators.close();
    }
  }
  printTable('A call through heddle beside a bare one', rows);
}
