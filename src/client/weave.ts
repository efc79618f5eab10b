/** The past of drawn runs, out of the bytes that the API answers with: docs/pages.md has the format. */
import type { RunStatus } from './api-types.ts';

/** Which past is wanted. */
export type WeaveQuery = {
  /** How far back, in ms, an hour at most. Default 15 minutes. */
  readonly spanMs?: number;
  /** One run of so many, a power of two: as the activity stream says. Default 1. */
  readonly every?: number;
};
/** From when on a run was in something. */
export type WeaveStep = {
  /** When, in ms since 1970. */
  readonly atMs: number;
  /** The status from then on. `backoff`: all its calls that are known paused before another attempt. */
  readonly status: RunStatus;
  /**
   * Where the most advanced call of a run in `calling-provider` stood, as its attempts tell it. Absent: it waited for a
   * slot, or it is not known, as of a request that was out at the time of the read.
   */
  readonly phase?: 'in-slot' | 'answered';
};
/** A run, and what it was in. */
export type WeaveRun = {
  /** The run's id. */
  readonly runId: string;
  /** The agent's name. */
  readonly agent: string;
  /** The user for whom the run works. */
  readonly user: string;
  /** The pipeline to which the run belongs. */
  readonly pipeline: string;
  /** When it was created, in ms since 1970. */
  readonly createdAtMs: number;
  /** Its newest turn. */
  readonly turn: number;
  /** In order. What was before the first one is not known, or the run was not there. */
  readonly steps: readonly WeaveStep[];
};
/** What the runs of a picture were in. */
export type WeavePast = {
  /** The time of the read, in ms since 1970, by the database's clock. */
  readonly atMs: number;
  /** From when on, in ms since 1970. */
  readonly fromMs: number;
  /** One run of so many is there. */
  readonly every: number;
  /** From then on all of these runs that have ended are there; those that ended before had no room. */
  readonly wholeFromMs: number;
  /** False: there was no room for all open runs. */
  readonly isOpenWhole: boolean;
  /** False: earlier turns of some runs had no room. */
  readonly isTurnsWhole: boolean;
  /** The runs: open ones, then those that ended, the last one first. */
  readonly runs: readonly WeaveRun[];
};

type Header = Omit<WeavePast, 'runs'> & {
  readonly runs: number;
  readonly steps: number;
  readonly statuses: readonly RunStatus[];
  /** By place in `statuses`. Replicas of earlier releases have none. */
  readonly phases?: readonly (WeaveStep['phase'] | null)[];
  readonly names: readonly string[];
};

const magic = 0x31574448;

export function weaveOf(bytes: Uint8Array): WeavePast {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8 || view.getUint32(0, true) !== magic)
    throw new TypeError('this is no past of runs, or of a format that this client does not know');
  const length = view.getUint32(4, true);
  const text = new TextDecoder().decode(bytes.subarray(8, 8 + length));
  const {
    runs: count,
    steps: stepCount,
    statuses,
    phases,
    names,
    ...about
  } = JSON.parse(text) as Header;
  const created = 8 + length;
  const columns = created + count * 8;
  const word = (place: number): number => view.getUint32(columns + place * 4, true);
  const ids = columns + (count * 5 + stepCount) * 4;
  let next = count * 5;
  const stepOf = (packed: number): WeaveStep => {
    const status = statuses[packed % 32] ?? 'admitted';
    const phase = phases?.[packed % 32] ?? null;
    const atMs = about.fromMs + Math.floor(packed / 32);
    return phase === null ? { atMs, status } : { atMs, status, phase };
  };
  const runs = Array.from({ length: count }, (_, i): WeaveRun => {
    const named = (column: number): string => names[word(column * count + i)] ?? '';
    const steps = Array.from({ length: word(4 * count + i) }, () => stepOf(word(next++)));
    return {
      runId: idAt(bytes, ids + i * 16),
      agent: named(0),
      user: named(1),
      pipeline: named(2),
      createdAtMs: view.getFloat64(created + i * 8, true),
      turn: word(3 * count + i),
      steps,
    };
  });
  return { ...about, runs };
}

function idAt(bytes: Uint8Array, at: number): string {
  let hex = '';
  for (let i = at; i < at + 16; i++) hex += (bytes[i] ?? 0).toString(16).padStart(2, '0');
  const [a, b, c, d] = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)];
  return `${a}-${b}-${c}-${d}-${hex.slice(20)}`;
}
