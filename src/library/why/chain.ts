/**
 * The runs for which a run waits, and for which those wait: its children, and, for a channel, the open runs of
 * its pipeline that may publish into it. Which of them will is not known: a channel's name is made when a
 * chart publishes. So publishers are inferred, from what their charts can still do.
 *
 * 1. Each run stands in the chain once, and no more than `hopsMax` runs do.
 * 2. A run that waits for one through which it is waited for closes a circle. It is named only where every run of
 *    the chain waits for another one: any other run might publish and so end it.
 */
import type { RunId } from '../../domain/ids.ts';
import { asRunId } from '../../domain/ids.ts';
import type { OneTenant } from '../../domain/scope.ts';
import type { Json } from '../../domain/json.ts';
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
  /** True when more than 16 runs stand in the chain. */
  readonly isCut: boolean;
};

/** `definitionOf`: the chart of a run's version; null when it is not known here. */
export type ChainReads = BesideReads & {
  /** Whose it is: of a run, an agent, a user or the tenant. */
  readonly scope: OneTenant;
  readonly definitionOf: (row: RunRow) => Promise<Json>;
};

type Waiting = {
  readonly row: RunRow;
  /** What it waits for. */
  readonly waits: readonly Wait[];
  /** The runs through which it was reached, itself the last. */
  readonly path: readonly RunId[];
};

const byLikelihood: readonly CanPublish[] = ['by-chart', 'by-code', 'unknown', 'no'];

export async function chainOf(
  reads: ChainReads,
  row: RunRow,
  waits: readonly Wait[],
): Promise<Chain> {
  const hops: Hop[] = [];
  const circle: RunId[] = [];
  const nobodyOpen: Chain['nobodyOpen'][number][] = [];
  const seen = new Set<RunId>([row.runId]);
  const pipelines = new Map<string, readonly RunRow[]>();
  let isCut = false;
  const open: Waiting[] = [{ row, waits, path: [row.runId] }];
  for (let at = open.shift(); at !== undefined; at = open.shift()) {
    const next = await nextOf(reads, at, pipelines);
    for (const channels of next.nobodyOpen) nobodyOpen.push({ runId: at.row.runId, channels });
    for (const { row: to, as, can } of next.runs) {
      const before = at.path.indexOf(to.runId);
      if (before >= 0 && circle.length === 0) circle.push(...at.path.slice(before));
      if (seen.has(to.runId)) continue;
      if (hops.length >= hopsMax) {
        isCut = true;
        continue;
      }
      seen.add(to.runId);
      const theirs = waitsOf(to, await besideOf(reads, reads.scope, to));
      const { runId, agent, status } = to;
      hops.push({
        runId,
        agent,
        status,
        waitedForBy: at.row.runId,
        depth: at.path.length,
        as,
        canPublish: can,
        waits: theirs,
        words: wordsOfAll(theirs),
      });
      open.push({ row: to, waits: theirs, path: [...at.path, runId] });
    }
  }
  const isStuck = !isCut && !hops.some(goesOn);
  return { hops, circle: isStuck ? circle : [], nobodyOpen, isCut };
}

/** True when the run waits for something that is no other run: it may go on by itself. */
export function goesOn({ waits }: Pick<Hop, 'waits'>): boolean {
  return waits.some(({ kind }) => kind !== 'channel' && kind !== 'child');
}

type Next = {
  /** Runs: begun, followed, steered. */
  readonly runs: readonly {
    readonly row: RunRow;
    /** Whether it is a child, or may publish the message. */
    readonly as: Hop['as'];
    readonly can: CanPublish | null;
  }[];
  /** Channels on which no open run of the pipeline can publish any more. */
  readonly nobodyOpen: readonly (readonly string[])[];
};

async function nextOf(
  reads: ChainReads,
  { row, waits }: Waiting,
  pipelines: Map<string, readonly RunRow[]>,
): Promise<Next> {
  const runs: Next['runs'][number][] = [];
  for (const wait of waits) {
    if (wait.kind !== 'child') continue;
    const child = await reads.store.run(reads.scope, asRunId(wait.runId));
    if (child !== null && child.endedAtMs === null)
      runs.push({ row: child, as: 'child', can: null });
  }
  const channels = waits.flatMap((wait) => (wait.kind === 'channel' ? [wait.channels] : []));
  if (channels.length === 0) return { runs, nobodyOpen: [] };
  const rows = pipelines.get(row.pipeline) ?? (await pipelineOf(reads, row));
  pipelines.set(row.pipeline, rows);
  const others = rows.filter(({ runId }) => runId !== row.runId);
  const able = others.map(async (one) => {
    return { row: one, as: 'publisher' as const, can: await canOf(reads, one) };
  });
  const publishers = (await Promise.all(able))
    .filter(({ can }) => can !== 'no')
    .sort((a, b) => byLikelihood.indexOf(a.can) - byLikelihood.indexOf(b.can));
  return { runs: [...runs, ...publishers], nobodyOpen: publishers.length === 0 ? channels : [] };
}

async function canOf({ definitionOf }: ChainReads, row: RunRow): Promise<CanPublish> {
  return canPublish(await definitionOf(row), stateValueOf(row));
}

function pipelineOf(
  { store, scope }: ChainReads,
  { pipeline }: RunRow,
): Promise<readonly RunRow[]> {
  return store.runs(scope, {
    statuses: openStatuses,
    agent: null,
    pipeline,
    beforeRunId: null,
    limit: pipelineMax,
  });
}
