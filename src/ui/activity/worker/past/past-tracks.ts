/**
 * The tracks below the weave for the time before this page watched. Runs by state, ends and latency come from the runs
 * themselves where all of them are there, lanes and slots from the counts of every 5 s.
 */
import type { ActivityCount, WeavePast, WeaveRun } from '../../../../client/index.ts';
import {
  codeCount,
  codeOf,
  codeOfRun,
  isEnded,
  looks,
  slotCode,
  type Look,
} from '../../../look/states.ts';
import { stepMs, stepOf } from '../history.ts';
import { laneValues } from '../lanes.ts';
import { latencyUpTo, pipelineOf, type Latency } from '../pipelines.ts';
import type { Past } from './past.ts';

const calling = codeOf('calling-provider');
/** A count stands for what follows it, until the next one or for so long. */
const countStandsMs = 10_000;
const latencyStepMs = 1_000;

export type PastTracks = {
  /** By code; null where nothing is known. */
  readonly states: (ms: number) => Float32Array | null;
  /** Calls that wait for a slot; null where it is not known which do. */
  readonly line: (ms: number) => number | null;
  readonly ended: (ms: number) => number;
  readonly latency: (ms: number) => Latency | null;
  readonly lanes: ReadonlyMap<string, (ms: number) => Float32Array | null>;
};

export function tracksOf({ weave, counts }: Past): PastTracks {
  const stack = stackOf(weave);
  const countAt = counts === null ? () => null : atOrBefore(counts);
  const isWhole = weave.every === 1 && weave.isOpenWhole;
  const states = (ms: number): Float32Array | null => {
    const values = stack.statesAt(ms);
    if (values === null) return null;
    const count = countAt(ms);
    if (count !== null && !(isWhole && ms >= weave.wholeFromMs)) counted(values, count);
    if (count === null) return values;
    // It knows of requests that are still out, which the runs' attempts do not.
    const calls = (values[calling] ?? 0) + (values[slotCode] ?? 0);
    const inSlots = Math.min(count.inSlots, calls);
    values[calling] = calls - inSlots;
    values[slotCode] = inSlots;
    return values;
  };
  const { ends } = endsOf(weave);
  const latencies = new Map<number, Latency | null>();
  const latencyAt = (ms: number): Latency | null => {
    const second = Math.floor((ms - weave.fromMs) / latencyStepMs);
    if (second < 0 || ms >= weave.atMs) return null;
    const known = latencies.get(second);
    if (known !== undefined) return known;
    const latency = latencyUpTo(ends, weave.fromMs + second * latencyStepMs);
    latencies.set(second, latency);
    return latency;
  };
  return {
    states,
    line: (ms) => (countAt(ms) === null ? null : (states(ms)?.[calling] ?? null)),
    ended: stack.endedAt,
    latency: latencyAt,
    lanes: lanesOf(counts ?? []),
  };
}

/** Open runs as they were counted; those that have ended stay as they were. */
function counted(values: Float32Array, { statuses }: ActivityCount): void {
  for (let code = 1; code < codeCount; code++) if (!isEnded(looks[code] as Look)) values[code] = 0;
  for (const [status, count] of Object.entries(statuses)) {
    const code = codeOfRun(status, null);
    values[code] = (values[code] ?? 0) + count;
  }
}

type Stack = {
  readonly statesAt: (ms: number) => Float32Array | null;
  readonly endedAt: (ms: number) => number;
};

/** How many runs were in each state at each step, and how many have ended in it. */
function stackOf({ runs, fromMs, atMs, every }: WeavePast): Stack {
  const first = stepOf(fromMs);
  const steps = Math.max(1, stepOf(atMs) - first + 1);
  const counts = new Float32Array(steps * codeCount);
  const ended = new Float32Array(steps);
  const placeOf = (ms: number): number =>
    Math.min(steps - 1, Math.max(0, stepOf(ms) - first)) * codeCount;
  const add = (place: number, by: number): void => {
    counts[place] = (counts[place] as number) + by;
  };
  for (const run of runs) {
    let before: number | null = null;
    for (const { atMs: ms, status, phase } of run.steps) {
      const code = codeOfRun(status, phase);
      if (before !== null) add(placeOf(ms) + before, -every);
      add(placeOf(ms) + code, every);
      before = code;
      if (isEnded(looks[code] as Look)) {
        const at = placeOf(ms) / codeCount;
        ended[at] = (ended[at] as number) + every;
      }
    }
  }
  for (let at = codeCount; at < counts.length; at++) add(at, counts[at - codeCount] as number);
  const at = (ms: number): number | null => {
    const step = stepOf(ms) - first;
    return step < 0 || step >= steps ? null : step;
  };
  return {
    statesAt: (ms) => {
      const step = at(ms);
      return step === null ? null : counts.slice(step * codeCount, (step + 1) * codeCount);
    },
    endedAt: (ms) => ended[at(ms) ?? -1] ?? 0,
  };
}

/** When pipelines of which no run is open ended, in that order, and how long each took. */
export function endsOf({ runs }: Pick<WeavePast, 'runs'>): {
  readonly ends: readonly { readonly atMs: number; readonly ms: number; readonly user: string }[];
} {
  type Pipeline = { startedMs: number; endedMs: number; isOpen: boolean; user: string };
  const of = new Map<string, Pipeline>();
  for (const run of runs) {
    const endedMs = endOf(run);
    const { user } = run;
    const none = { startedMs: Infinity, endedMs: 0, isOpen: false, user };
    const one = of.get(pipelineOf(run)) ?? none;
    of.set(pipelineOf(run), {
      startedMs: Math.min(one.startedMs, run.createdAtMs),
      endedMs: Math.max(one.endedMs, endedMs ?? 0),
      isOpen: one.isOpen || endedMs === null,
      user,
    });
  }
  const ends = [...of.values()]
    .filter(({ isOpen }) => !isOpen)
    .map(({ startedMs, endedMs, user }) => ({ atMs: endedMs, ms: endedMs - startedMs, user }))
    .sort((a, b) => a.atMs - b.atMs);
  return { ends };
}

/** Null while it is open. */
export function endOf({ steps }: Pick<WeaveRun, 'steps'>): number | null {
  const last = steps.at(-1);
  if (last === undefined) return null;
  return isEnded(looks[codeOfRun(last.status, null)] as Look) ? last.atMs : null;
}

function atOrBefore(counts: readonly ActivityCount[]): (ms: number) => ActivityCount | null {
  let place = 0;
  // It is asked in the order of time, mostly.
  return (ms) => {
    if ((counts[place]?.atMs ?? 0) > ms) place = 0;
    while ((counts[place + 1]?.atMs ?? Infinity) <= ms) place += 1;
    const count = counts[place];
    if (count === undefined || count.atMs > ms + stepMs) return null;
    return ms < count.atMs + countStandsMs ? count : null;
  };
}

function lanesOf(
  counts: readonly ActivityCount[],
): ReadonlyMap<string, (ms: number) => Float32Array | null> {
  const names = new Set(counts.flatMap(({ gates }) => gates.map(({ gate }) => gate)));
  const lanes = [...names].map((name) => {
    const countAt = atOrBefore(counts);
    return [
      name,
      (ms: number) => {
        const gate = countAt(ms)?.gates.find((one) => one.gate === name);
        return gate === undefined ? null : laneValues({ ...gate, isCooling: false });
      },
    ] as const;
  });
  return new Map(lanes);
}
