/** The runs of a tenant as the database holds them, for ends that this process was not told of. */
import type { Heddle } from '../heddle.ts';
import { leaves } from './circuit.ts';
import type { RunRow } from '../store/rows.ts';

const pageRuns = 1_000;

export async function* everyRun(heddle: Heddle, tenant: string): AsyncGenerator<RunRow> {
  for (let before: string | undefined; ;) {
    const page = await heddle.runs({
      tenant,
      limit: pageRuns,
      ...(before === undefined ? {} : { beforeRunId: before }),
    });
    yield* page;
    before = page.at(-1)?.runId;
    if (page.length < pageRuns || before === undefined) return;
  }
}

export type CircuitsInRows = {
  /** The number of accepted circuits: each has a pipeline of its own. */
  readonly circuits: number;
  readonly completed: number;
  readonly failed: number;
  /** From the start to the last end of each completed circuit, by the database's clock. */
  readonly latenciesMs: readonly number[];
};

type Circuit = { runs: number; completed: number; ended: number; fromMs: number; toMs: number };

export async function circuitsInRows(heddle: Heddle, tenant: string): Promise<CircuitsInRows> {
  const byPipeline = new Map<string, Circuit>();
  for await (const row of everyRun(heddle, tenant)) {
    const circuit = byPipeline.get(row.pipeline) ?? {
      runs: 0,
      completed: 0,
      ended: 0,
      fromMs: row.createdAtMs,
      toMs: row.createdAtMs,
    };
    byPipeline.set(row.pipeline, circuit);
    circuit.runs += 1;
    if (row.status === 'completed') circuit.completed += 1;
    if (row.endedAtMs !== null) circuit.ended += 1;
    circuit.fromMs = Math.min(circuit.fromMs, row.createdAtMs);
    circuit.toMs = Math.max(circuit.toMs, row.endedAtMs ?? row.createdAtMs);
  }
  const all = [...byPipeline.values()];
  const completed = all.filter((one) => one.completed === leaves.runs && one.runs === leaves.runs);
  return {
    circuits: all.length,
    completed: completed.length,
    failed: all.filter((one) => one.ended === one.runs).length - completed.length,
    latenciesMs: completed.map(({ fromMs, toMs }) => toMs - fromMs),
  };
}
