/**
 * A process of its own: starts runs that each wait for a model call, at a provider that takes ten and never
 * answers, and tells what a waiting call costs in memory after collection.
 */
import { setup } from 'xstate';
import { catalogue } from '../../src/index.ts';
import { createHeddle, type Heddle } from '../../src/heddle.ts';
import type { Provider } from '../../src/providers/port.ts';

const promptChars = 10_000;
/** Of all: these load code and fill pools, and the nearest to their slots keep their prompts. */
const firstRuns = 2_000;
/** Of one start: all their prompts stand in one transaction. */
const startedTogether = 250;

const asker = setup({
  types: { input: {} as { readonly n: number }, context: {} as { readonly n: number } },
  actors: { ...catalogue },
}).createMachine({
  id: 'asker',
  context: ({ input }) => input,
  initial: 'asking',
  states: {
    asking: {
      invoke: {
        id: 'ask',
        src: 'generate',
        input: ({ context }) => ({ prompt: `${context.n} ${'x'.repeat(promptChars)}` }),
        onDone: 'done',
      },
    },
    done: { type: 'final' },
  },
});

const silent: Provider = {
  name: 'silent',
  ceiling: 10,
  call: ({ signal }) =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('aborted')));
    }),
};

const tenant = `waiting${process.pid}`;

async function ask(heddle: Heddle, from: number, to: number): Promise<void> {
  for (let n = from; n < to; n += startedTogether) {
    const size = Math.min(startedTogether, to - n);
    await heddle.startAll(
      Array.from({ length: size }, (_, i) => {
        return { agent: 'asker', input: { n: n + i }, tenant, user: `user ${(n + i) % 100}` };
      }),
    );
  }
  while (heddle.runtime.stats().pool.queued < to - silent.ceiling) await pause(20);
}

/** The lowest of some collections: what is under way between them is not what waits. */
async function heapBytes(): Promise<number> {
  let lowest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 8; i++) {
    globalThis.gc?.();
    await pause(100);
    lowest = Math.min(lowest, process.memoryUsage().heapUsed);
  }
  return lowest;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function main(databaseUrl: string, calls: number): Promise<void> {
  const heddle = await createHeddle({ agents: [asker], databaseUrl, providers: [silent] });
  await ask(heddle, 0, firstRuns);
  const baseBytes = await heapBytes();
  await ask(heddle, firstRuns, calls);
  const bytesPerCall = ((await heapBytes()) - baseBytes) / (calls - firstRuns);
  console.log(JSON.stringify({ calls, bytesPerCall }));
  // Nobody answers what is out.
  process.exit();
}

await main(process.argv[2] ?? '', Number(process.argv[3]));
