/** The runs above a run: those that it stems from. */
import type { Live } from '../../../library/live/live.ts';
import type { RunBrief } from '../../../store/watch-port.ts';

/** Deeper families have their root here. */
const generationsMax = 64;

export type Family = {
  readonly run: RunBrief;
  readonly rootId: string;
  /** As far as they had to be read: the nearest first. */
  readonly above: readonly RunBrief[];
};

/** `known`: the root of a run that has been told. Reads a generation of all runs at once. */
export async function familyOf(
  runs: readonly RunBrief[],
  of: { readonly reads: Live['reads']; readonly known: (runId: string) => string | undefined },
): Promise<readonly Family[]> {
  const read = new Map<string, RunBrief>(runs.map((run) => [run.runId, run]));
  const families = runs.map((run) => ({
    run,
    rootId: null as string | null,
    above: [] as RunBrief[],
  }));
  for (let generation = 0; generation < generationsMax; generation++) {
    const missing: { tenant: string; runId: RunBrief['runId'] }[] = [];
    for (const family of families) {
      for (;;) {
        if (family.rootId !== null) break;
        const top = family.above.at(-1) ?? family.run;
        const { tenant, parentRunId } = top;
        if (parentRunId === null || family.above.length >= generationsMax) {
          family.rootId = top.runId;
          break;
        }
        const parent = read.get(parentRunId);
        if (parent === undefined) {
          family.rootId = of.known(parentRunId) ?? null;
          if (family.rootId === null) missing.push({ tenant, runId: parentRunId });
          break;
        }
        family.above.push(parent);
      }
    }
    if (missing.length === 0) break;
    const found = await of.reads.briefs(missing);
    for (const run of found) read.set(run.runId, run);
    // What retention has taken away is the root, by its id.
    for (const { runId } of missing) {
      if (read.has(runId)) continue;
      for (const family of families) {
        const top = family.above.at(-1) ?? family.run;
        if (family.rootId === null && top.parentRunId === runId) family.rootId = runId;
      }
    }
  }
  return families.map(({ run, rootId, above }) => ({ run, above, rootId: rootId ?? run.runId }));
}
