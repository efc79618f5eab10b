/** What heddle costs per call, against the bare SDK, or bare `fetch`, on the same emulator. */
import Anthropic from '@anthropic-ai/sdk';
import { assign, setup } from 'xstate';
import { EmulatorsProcess } from '../../src/circuits/emulators-process.ts';
import {
  anthropic,
  catalogue,
  createHeddle,
  openaiCompatible,
  type Provider,
} from '../../src/index.ts';
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

/** How one protocol is called without heddle, and through it. */
type Way = {
  readonly protocol: 'anthropic' | 'openai';
  readonly bareName: string;
  /** Gives a function that makes one call. */
  readonly bare: (url: string) => () => Promise<unknown>;
  readonly provider: (url: string) => Provider;
};

const ask = {
  model: 'emulated',
  max_tokens: 1_024,
  messages: [{ role: 'user' as const, content: 'why?' }],
};

const ways: readonly Way[] = [
  {
    protocol: 'anthropic',
    bareName: 'its SDK',
    bare: (baseURL) => {
      const client = new Anthropic({ apiKey: 'emulated', baseURL, maxRetries: 0 });
      return () => client.messages.stream(ask).finalMessage();
    },
    provider: (baseUrl) =>
      anthropic({ apiKey: 'emulated', baseUrl, model: 'emulated', ceiling: 200 }),
  },
  {
    protocol: 'openai',
    bareName: 'fetch',
    bare: (url) => async () => fetched(`${url}/v1/chat/completions`),
    provider: (url) =>
      openaiCompatible({
        name: 'openai',
        apiKey: 'emulated',
        baseUrl: `${url}/v1`,
        model: 'emulated',
        ceiling: 200,
      }),
  },
];

/** The text of an answer, as whoever uses no library reads it. */
async function fetched(url: string): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: 'Bearer emulated', 'content-type': 'application/json' },
    body: JSON.stringify({ ...ask, stream: true, stream_options: { include_usage: true } }),
  });
  let text = '';
  for (const line of (await response.text()).split('\n')) {
    if (!line.startsWith('data: {')) continue;
    const { choices } = JSON.parse(line.slice(6)) as Chunk;
    text += choices[0]?.delta.content ?? '';
  }
  return text;
}

type Chunk = { readonly choices: readonly { readonly delta: { readonly content?: string } }[] };

/** Mean milliseconds per call of one caller. */
async function bare(call: () => Promise<unknown>, { atOnce, callsEach }: Load): Promise<number> {
  const startedMs = performance.now();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let i = 0; i < callsEach; i++) await call();
    }),
  );
  return (performance.now() - startedMs) / callsEach;
}

async function through(
  databaseUrl: string,
  provider: Provider,
  { atOnce, callsEach }: Load,
): Promise<number> {
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

const loads = [
  [{ atOnce: 1, callsEach: 100 }, 10],
  [{ atOnce: 200, callsEach: 10 }, 1_000],
  [{ atOnce: 200, callsEach: 10 }, 200],
] as const;

export async function overhead(databaseUrl: string): Promise<void> {
  for (const way of ways) {
    const rows = [
      [
        'calls at once',
        'latency ms',
        `${way.bareName}, ms`,
        'heddle, ms',
        'more by, ms',
        'throughput',
      ],
    ];
    for (const [load, latencyMs] of loads) {
      rows.push(await compared(databaseUrl, way, { load, latencyMs }));
    }
    printTable(`A call through heddle beside a bare one: ${way.protocol}`, rows);
  }
}

async function compared(
  databaseUrl: string,
  way: Way,
  { load, latencyMs }: { readonly load: Load; readonly latencyMs: number },
): Promise<string[]> {
  const script = { ceiling: 1_000, latencyMs };
  const emulators = await EmulatorsProcess.start([{ protocol: way.protocol, seed: 1, script }], {
    onSlots: () => undefined,
    onLost: console.error,
  });
  const [url = ''] = emulators.urls;
  try {
    // Both are warm: what is compiled at the first calls is no cost of each.
    const half = { ...load, callsEach: load.callsEach / 2 };
    const call = way.bare(url);
    await bare(call, half);
    await through(databaseUrl, way.provider(url), half);
    const bareMs = await bare(call, load);
    const heddleMs = await through(databaseUrl, way.provider(url), load);
    return [
      String(load.atOnce),
      String(latencyMs),
      bareMs.toFixed(1),
      heddleMs.toFixed(1),
      (heddleMs - bareMs).toFixed(1),
      `${(bareMs / heddleMs).toFixed(2)}×`,
    ];
  } finally {
    await emulators.close();
  }
}
