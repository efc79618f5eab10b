/**
 * A process of its own: parks runs that wait to receive, and tells its memory after collection.
 * Then, if asked, wakes some of them and tells how long each took to its committed turn.
 */
import { setup } from 'xstate';
import { catalogue } from '../../src/index.ts';
import { createHeddle, type Heddle } from '../../src/heddle.ts';
import { percentile, stubs } from './workload.ts';

const sleeper = setup({
  types: { input: {} as { readonly n: number }, context: {} as { readonly n: number } },
  actors: { ...catalogue },
}).createMachine({
  id: 'sleeper',
  context: ({ input }) => input,
  initial: 'waiting',
  states: {
    waiting: {
      invoke: {
        id: 'wait',
        src: 'receive',
        input: ({ context }) => ({ channel: `wake/${context.n}` }),
        onDone: 'done',
      },
    },
    done: { type: 'final' },
  },
});

/** Its own tenant: what another run of this has published must wake nobody here. */
const tenant = `parked${process.pid}`;

async function park(heddle: Heddle, from: number, to: number): Promise<void> {
  for (let n = from; n < to; n += 500) {
    const size = Math.min(500, to - n);
    await heddle.startAll(
      Array.from({ length: size }, (_, i) => ({ agent: 'sleeper', input: { n: n + i }, tenant })),
    );
  }
}

/** Until everything is parked and nothing is under way, then what stays after collection. */
async function settledRssBytes(heddle: Heddle): Promise<number> {
  while (heddle.runtime.stats().inMemory > 0) await pause(20);
  let lowest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 8; i++) {
    globalThis.gc?.();
    await pause(100);
    lowest = Math.min(lowest, process.memoryUsage().rss);
  }
  return lowest;
}

async function wake(heddle: Heddle, runs: number, times: number): Promise<readonly number[]> {
  const latenciesMs: number[] = [];
  for (let i = 0; i < times; i++) {
    const n = Math.floor((i * runs) / times);
    await new Promise<void>((resolve, reject) => {
      const startedMs = performance.now();
      const watching = heddle.runtime.runEvents.all.subscribe((change) => {
        if (!change.ended) return;
        latenciesMs.push(performance.now() - startedMs);
        watching.unsubscribe();
        resolve();
      });
      heddle.publish(`wake/${n}`, { n }, { tenant }).catch(reject);
    });
  }
  return latenciesMs;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function main(databaseUrl: string, runs: number, wakes: number): Promise<void> {
  const heddle = await createHeddle({ agents: [sleeper], databaseUrl, providers: stubs(0) });
  // The first ones load code and fill pools: they are the base line's.
  await park(heddle, 1_000_000, 1_002_000);
  const baseBytes = await settledRssBytes(heddle);
  await park(heddle, 0, runs);
  const parkedBytes = await settledRssBytes(heddle);
  const latenciesMs = await wake(heddle, runs, wakes);
  const wakeMs = { p50: percentile(latenciesMs, 0.5), p99: percentile(latenciesMs, 0.99) };
  console.log(JSON.stringify({ runs, bytesPerRun: (parkedBytes - baseBytes) / runs, wakeMs }));
  await heddle.close();
}

await main(process.argv[2] ?? '', Number(process.argv[3]), Number(process.argv[4]));
