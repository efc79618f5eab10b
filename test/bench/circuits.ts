/** heddle itself: the same circuits through the library, on a database that is there. */
import { createHeddle, type Heddle } from '../../src/heddle.ts';
import type { Provider } from '../../src/providers/port.ts';
import { editor } from '../../machines/agents/editor.ts';
import { evaluator } from '../../machines/agents/evaluator.ts';
import { researcher } from '../../machines/agents/researcher.ts';
import { cpuMs, prompts, stubs, type Measured } from './workload.ts';

const agents = [researcher, editor, evaluator];

export function openHeddle(
  databaseUrl: string,
  options: { readonly providers: readonly Provider[] },
): Promise<Heddle> {
  return createHeddle({ agents, databaseUrl, ...options });
}

/** Starts `count` circuits at once; latencies from each start to the end of its last run. */
export async function runCircuits(
  heddle: Heddle,
  tenant: string,
  count: number,
): Promise<readonly number[]> {
  const open = new Map<string, { left: number; readonly startedMs: number }>();
  const latenciesMs: number[] = [];
  const pipelineOf = new Map<string, string>();
  const early: string[] = [];
  let finish = (): void => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const ended = (runId: string): void => {
    const pipeline = pipelineOf.get(runId);
    // A run may end before the answer to its start has been heard.
    if (pipeline === undefined) return void early.push(runId);
    const circuit = open.get(pipeline);
    if (circuit === undefined) throw new TypeError('a circuit ended twice');
    circuit.left -= 1;
    if (circuit.left > 0) return;
    open.delete(pipeline);
    latenciesMs.push(performance.now() - circuit.startedMs);
    if (latenciesMs.length === count) finish();
  };
  const watching = heddle.runtime.runEvents.all.subscribe((change) => {
    if (!change.ended || change.tenant !== tenant) return;
    if (change.status !== 'completed') throw new Error(`run ${change.runId} is ${change.status}`);
    ended(change.runId);
  });
  await Promise.all(
    Array.from({ length: count }, async (_, circuit) => {
      const pipeline = `c${circuit}`;
      const of = { tenant, user: `u${Math.floor(circuit / 10)}`, pipeline };
      open.set(pipeline, { left: 3, startedMs: performance.now() });
      const question = prompts.research(circuit);
      const runs = await heddle.startAll([
        { agent: 'researcher', input: { circuit, question }, ...of },
        { agent: 'editor', input: { circuit }, ...of },
        { agent: 'evaluator', input: { circuit }, ...of },
      ]);
      for (const { id } of runs) pipelineOf.set(id, pipeline);
    }),
  );
  for (const runId of early.splice(0)) ended(runId);
  await finished;
  watching.unsubscribe();
  return latenciesMs;
}

let tenants = 0;

export async function heddleCircuits(
  databaseUrl: string,
  circuits: number,
  latencyMs: number,
): Promise<Measured> {
  const heddle = await openHeddle(databaseUrl, { providers: stubs(latencyMs) });
  try {
    await runCircuits(heddle, `warm${tenants++}`, 20);
    const { store } = heddle.runtime;
    const before = await store.activity();
    const cpu = process.cpuUsage();
    const startedMs = performance.now();
    const latenciesMs = await runCircuits(heddle, `t${tenants++}`, circuits);
    const wallMs = performance.now() - startedMs;
    const spentMs = cpuMs(cpu);
    const after = await store.activity();
    return {
      contender: 'heddle',
      circuits,
      wallMs,
      latenciesMs,
      cpuMs: spentMs,
      transactions: after.transactions - before.transactions,
      walBytes: after.walBytes - before.walBytes,
    };
  } finally {
    await heddle.close();
  }
}
