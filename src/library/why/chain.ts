/**
 * The runs for which a run waits, and for which those wait: its children, and, for a channel, the open runs of
 * its pipeline that may publish into it. Which of them will is not known: a channel's name is made when a
 * chart publishes. So publishers are inferred, from what their charts can still do.
 *
 * 1. Each run stands in the chain once, and no more than `hopsMax` runs do.
 * 2. A run that waits for one through which it is waited for closes a circle. It is named only where every run of
 *    the chain, and the one that was asked about, waits for another one: any other run might publish and so end it.
 * 3. Nobody is said to be open only where all open runs of the pipeline were looked at.
 * 4. Of a pipeline one row is in memory at a time, for each may have megabytes.
 */
import type { RunId } from '../../domain/ids.ts';
import { asRunId } from '../../domain/ids.ts';
import type { OneTenant } from '../../domain/scope.ts';
import type { Json } from '../../domain/json.ts';
import { anyRun, type RunPage, type RunPlace } from '../../store/ports/listing-port.ts';
import type { RunRow } from '../../store/rows.ts';
import type { RunStatus } from '../../../machines/run.ts';
import { openStatuses } from '../runs-query.ts';
import { besideOf, type BesideReads } from './beside.ts';
import { canPublish, type CanPublish } from './can-publish.ts';
import { stateValueOf } from '../run-view.ts';
import { wordsOfAll } from './wait-words.ts';
import { waitsOf } from './waits-of.ts';
import type { Wait } from './wait.ts';

const hopsMax = 16;
/** Open runs of one pipeline that are looked at. */
const pipelineMax = 200;
/** Pages of the list of open runs that are looked at for them: each looks at thousands. */
const pagesMax = 5;

/** A run that must do something before another run can go on. */
export type Hop = {
  /** The run. */
  readonly runId: RunId;
  /** Its agent's name. */
  readonly agent: string;
  /** Its status. */
  readonly status: RunStatus;
  /** The run that waits for it. */
  readonly waitedForBy: RunId;
  /** How far it stands from the run that was asked about: 1 for what that run itself waits for. */
  readonly depth: number;
  /** `child`: its end is waited for. `publisher`: it is inferred that it may publish the message. */
  readonly as: 'child' | 'publisher';
  /** For a publisher: what its chart can still do. `by-code`: a task or child of it might. Null for a child. */
  readonly canPublish: CanPublish | null;
  /** What it waits for itself. */
  readonly waits: readonly Wait[];
  /** The same, in words. */
  readonly words: string;
};

/** The runs for which a run waits, and for which those wait. */
export type Chain = {
  /** The nearest first; those that can publish by their charts before others. */
  readonly hops: readonly Hop[];
  /** Runs that wait for one another, and for nothing else, in order; empty without such a circle. */
  readonly circle: readonly RunId[];
  /** The channels on which a run of the chain waits though no open run of its pipeline can publish any more. */
  readonly nobodyOpen: readonly {
    /** The run's id. */
    readonly runId: RunId;
    /** The channels. */
    readonly channels: readonly string[];
  }[];
  /** True when more than 16 runs stand in the chain, or a pipeline has so many open runs that not all were looked at. */
  readonly isCut: boolean;
};

/** `definitionOf`: the chart of a run's version; null when it is not known here. */
export type ChainReads = BesideReads & {
  /** Whose it is: of a run, an agent, a user or the tenant. */
  readonly scope: OneTenant;
  readonly definitionOf: (row: RunRow) => Promise<Json>;
};

type Waiting = {
  readonly row: Pick<RunRow, 'runId' | 'pipeline'>;
  /** What it waits for. */
  readonly waits: readonly Wait[];
  readonly depth: number;
};

const byLikelihood: readonly CanPublish[] = ['by-chart', 'by-code', 'unknown', 'no'];

export async function chainOf(
  reads: ChainReads,
  row: RunRow,
  waits: readonly Wait[],
): Promise<Chain> {
  const hops: Hop[] = [];
  /** By run: those for which it waits. */
  const waitsFor = new Map<RunId, readonly RunId[]>();
  const nobodyOpen: Chain['nobodyOpen'][number][] = [];
  const seen = new Set<RunId>([row.runId]);
  const pipelines = new Map<string, Pipeline>();
  let isCut = false;
  const open: Waiting[] = [{ row, waits, depth: 0 }];
  for (let at = open.shift(); at !== undefined; at = open.shift()) {
    const next = await nextOf(reads, at, pipelines);
    isCut ||= next.isCut;
    for (const channels of next.nobodyOpen) nobodyOpen.push({ runId: at.row.runId, channels });
    waitsFor.set(
      at.row.runId,
      next.runs.map(({ runId }) => runId),
    );
    for (const { runId: id, as, can } of next.runs) {
      if (seen.has(id)) continue;
      if (hops.length >= hopsMax) {
        isCut = true;
        continue;
      }
      seen.add(id);
      const to = await reads.store.run(reads.scope, id);
      // It has ended since its pipeline was looked at.
      if (to === null || to.endedAtMs !== null) continue;
      const theirs = waitsOf(to, await besideOf(reads, reads.scope, to));
      const { runId, agent, status } = to;
      hops.push({
        runId,
        agent,
        status,
        waitedForBy: at.row.runId,
        depth: at.depth + 1,
        as,
        canPublish: can,
        waits: theirs,
        words: wordsOfAll(theirs),
      });
      open.push({ row: { runId, pipeline: to.pipeline }, waits: theirs, depth: at.depth + 1 });
    }
  }
  const isStuck = !isCut && ![{ waits }, ...hops].some(goesOn);
  return { hops, circle: isStuck ? circleIn(waitsFor) : [], nobodyOpen, isCut };
}

/** The shortest circle of runs that wait for one another, of those the one that is met first; empty without any. */
function circleIn(waitsFor: ReadonlyMap<RunId, readonly RunId[]>): readonly RunId[] {
  let shortest: readonly RunId[] = [];
  for (const first of waitsFor.keys()) {
    const found = wayBack(first, waitsFor);
    if (found.length > 0 && (shortest.length === 0 || found.length < shortest.length)) {
      shortest = found;
    }
  }
  return shortest;
}

/** The shortest way from a run to itself, breadth first. */
function wayBack(first: RunId, waitsFor: ReadonlyMap<RunId, readonly RunId[]>): readonly RunId[] {
  const seen = new Set<RunId>();
  const ways: (readonly [RunId, ...RunId[]])[] = [[first]];
  for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
    for (const next of waitsFor.get(way.at(-1) ?? first) ?? []) {
      if (next === first) return way;
      if (seen.has(next)) continue;
      seen.add(next);
      ways.push([...way, next]);
    }
  }
  return [];
}

/** True when the run waits for something that is no other run: it may go on by itself. */
export function goesOn({ waits }: Pick<Hop, 'waits'>): boolean {
  return waits.some(({ kind }) => kind !== 'channel' && kind !== 'child');
}

type Next = {
  /** Runs: begun, followed, steered. */
  readonly runs: readonly {
    readonly runId: RunId;
    /** Whether it is a child, or may publish the message. */
    readonly as: Hop['as'];
    readonly can: CanPublish | null;
  }[];
  /** Channels on which no open run of the pipeline can publish any more. */
  readonly nobodyOpen: readonly (readonly string[])[];
  /** Not all open runs of the pipeline were looked at. */
  readonly isCut: boolean;
};

/** Open runs of a pipeline, and what the chart of each can still publish. */
type Pipeline = {
  readonly runs: readonly { readonly runId: RunId; readonly can: CanPublish }[];
  readonly isWhole: boolean;
};

async function nextOf(
  reads: ChainReads,
  { row, waits }: Waiting,
  pipelines: Map<string, Pipeline>,
): Promise<Next> {
  const runs: Next['runs'][number][] = [];
  for (const wait of waits) {
    if (wait.kind === 'child') runs.push({ runId: asRunId(wait.runId), as: 'child', can: null });
  }
  const channels = waits.flatMap((wait) => (wait.kind === 'channel' ? [wait.channels] : []));
  if (channels.length === 0) return { runs, nobodyOpen: [], isCut: false };
  const pipeline = pipelines.get(row.pipeline) ?? (await pipelineOf(reads, row.pipeline));
  pipelines.set(row.pipeline, pipeline);
  const publishers = pipeline.runs
    .filter(({ runId, can }) => runId !== row.runId && can !== 'no')
    .map(({ runId, can }) => ({ runId, as: 'publisher' as const, can }))
    .sort((a, b) => byLikelihood.indexOf(a.can) - byLikelihood.indexOf(b.can));
  return {
    runs: [...runs, ...publishers],
    nobodyOpen: publishers.length === 0 && pipeline.isWhole ? channels : [],
    isCut: !pipeline.isWhole,
  };
}

/** The list goes along the index of open runs; their rows, which have the charts' states, are read one by one. */
async function pipelineOf(
  { definitionOf, scope, store }: ChainReads,
  pipeline: string,
): Promise<Pipeline> {
  const runs: Pipeline['runs'][number][] = [];
  const wanted = { ...anyRun, statuses: openStatuses, pipeline, order: 'newest' } as const;
  let after: RunPlace | null = null;
  for (let pages = 0; pages < pagesMax && runs.length < pipelineMax; pages++) {
    const page: RunPage = await store.list(scope, { ...wanted, after, limit: pipelineMax });
    for (const { runId } of page.runs.slice(0, pipelineMax - runs.length)) {
      const row = await store.run(scope, runId);
      if (row === null || row.endedAtMs !== null) continue;
      runs.push({ runId, can: canPublish(await definitionOf(row), stateValueOf(row)) });
    }
    after = page.next;
    if (after === null) return { runs, isWhole: true };
  }
  return { runs, isWhole: false };
}
