/**
 * What a run was: its snapshot as of any turn, and its journal turn by turn. Both fold the journal from the
 * nearest checkpoint, so that a run of any length is read in a short time.
 *
 * 1. `exact: true` is only said of a state which the run's own row, or its own build, has given.
 * 2. A chart that is not here, or cannot take the journal any more, makes no read fail: what is kept is given,
 *    and the answer says from which turn it is.
 */
import type { JournalEntry } from '../../domain/event.ts';
import { asWhole, refuseField } from '../../domain/field.ts';
import type { Json } from '../../domain/json.ts';
import { asOptions } from '../../domain/options.ts';
import type { OneTenant } from '../../domain/scope.ts';
import type { Edge } from '../../kernel/port.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { CheckpointRow, JournalRow, RunRow } from '../../store/rows.ts';
import type { RunStatus } from '../../../machines/run.ts';
import { canonicalJson } from '../requests.ts';
import { PastFold, type Taken } from './fold.ts';
import {
  keptState,
  type Kept,
  type PastOpen,
  type TurnOpened,
  type TurnStopped,
} from './open-in.ts';

/** A run as it was after a turn. */
export type PastSnapshot = {
  /** The turn that was asked for. */
  readonly turn: number;
  /**
   * The turn of which `value`, `context` and `open` are: `turn`, or an earlier one whose state was kept where
   * the chart is missing. Null: nothing is kept, and they are null.
   */
  readonly asOf: number | null;
  /**
   * True: the state is what the run's row was. `chart-changed`: another build of the chart took some of these
   * turns, and the one that is here was asked again. `version-missing`: no chart here takes runs of this version.
   */
  readonly exact: true | 'chart-changed' | 'version-missing';
  /** XState's state value; null before the chart began. */
  readonly value: Json;
  /** The chart's context; null before the chart began. */
  readonly context: Json;
  /** The run's status after the turn; null for turns of releases that did not note it. */
  readonly status: RunStatus | null;
  /** The edges that the turn took, in order; null where no chart here can tell. */
  readonly edges: readonly Edge[] | null;
  /** The invocations and timers that were open after the turn. */
  readonly open: readonly PastOpen[];
  /** When the turn committed, in ms since 1970 by the database's clock. */
  readonly atMs: number;
};

/** One turn of a run. */
export type Turn = {
  /** The turn's number, from 1. */
  readonly turn: number;
  /** The build that took it; null where it was not noted, or where no chart took part. */
  readonly build: string | null;
  /** When it committed, in ms since 1970 by the database's clock. */
  readonly atMs: number;
  /** The run's status after it; null for turns of releases that did not note it. */
  readonly status: RunStatus | null;
  /** The lines of the journal, in order. */
  readonly entries: readonly JournalEntry[];
  /** The edges that were taken, if they were asked for; null where no chart here can tell. */
  readonly edges?: readonly Edge[] | null;
  /** XState's state value after it, if edges were asked for; null before the chart began, and where no chart here can tell. */
  readonly value?: Json;
  /** The invocations and timers that it opened, if edges were asked for; null where no chart here can tell. */
  readonly opened?: readonly TurnOpened[] | null;
  /** Those that it stopped before they had a result or rang, if edges were asked for; null likewise. */
  readonly stopped?: readonly TurnStopped[] | null;
  /**
   * How well `value`, edges, `opened` and `stopped` are known, if edges were asked for. True: the build that took the turns
   * since the last kept state has told them. `chart-changed`: another build took some of these turns, and the one
   * that is here was asked again; null edges are those that it cannot tell. `version-missing`: no chart here takes
   * runs of this version.
   */
  readonly exact?: true | 'chart-changed' | 'version-missing';
};

/** Which turns are wanted: the first ones after a turn, or the last ones before a turn. Default: the last ones. */
export type TurnsQuery = {
  /** Only turns after this one. Not beside `before`. */
  readonly after?: number;
  /** Only turns before this one. */
  readonly before?: number;
  /** How many turns at most, 1 to 200. Default 100. */
  readonly limit?: number;
  /** True: each turn has where it led, the edges that it took, what it opened and stopped, from a fold of the journal. Default false. */
  readonly edges?: boolean;
};

const pageTurns = 200;
const turnMax = 2_147_483_646;

/** What a read of the past needs, and the scope within which the run was found. */
export type PastRead = Pick<Runtime, 'agents' | 'clock' | 'kernel' | 'store'> & {
  readonly scope: OneTenant;
};

export async function snapshotAt(
  read: PastRead,
  run: RunRow,
  given: unknown,
): Promise<PastSnapshot> {
  const bounds = { min: 1, max: turnMax, fallback: null };
  const turn = asWhole(given as Json, 'turn', bounds) ?? refuseField('turn', 'must be given');
  if (turn > run.turn) refuseField('turn', `is after the run’s last turn, ${run.turn}`);
  const { agents, scope, store } = read;
  const { runId } = run;
  const chart = agents.find(run.agent, run.version);
  const stateOf = (text: string | null, asOf: number | null): Kept =>
    keptState(text, asOf, (src) => chart?.sourceOf(src) ?? null);
  const [[row], kept] = await Promise.all([
    store.journal(scope, { runId, afterTurn: turn - 1, limit: 1 }),
    store.checkpoint(scope, { runId, turn }),
  ]);
  if (row === undefined || row.turn !== turn) refuseField('turn', 'is not in the run’s journal');
  const line = turnOf(row);
  const { status, atMs } = line;
  const isKept = kept?.turn === turn;
  const base = isKept ? await store.checkpoint(scope, { runId, turn: turn - 1 }) : kept;
  const past = await fold(read, run, base, [line]);
  const edges = past?.taken.get(turn)?.edges ?? null;
  const common = { turn, status, atMs, edges };
  const folded = past === null || edges === null ? null : stateOf(past.fold.text(), turn);
  // A row's own state, and one that was kept for this turn, is the run's, whatever chart is here.
  const own = turn === run.turn ? run.chartText : isKept ? kept.chartText : undefined;
  if (own !== undefined) {
    const state = stateOf(own, turn);
    // Edges that have led a changed chart elsewhere are not those that the turn took.
    const isThere = folded !== null && canonicalJson(folded.value) === canonicalJson(state.value);
    return { ...common, ...state, edges: isThere ? edges : null, exact: true };
  }
  if (past !== null && folded !== null) {
    return { ...common, ...folded, exact: past.fold.isOwnBuild || 'chart-changed' };
  }
  const exact = past === null ? 'version-missing' : 'chart-changed';
  return { ...common, ...stateOf(kept?.chartText ?? null, kept?.turn ?? null), exact };
}

export async function turnsOf(
  read: PastRead,
  run: RunRow,
  given: TurnsQuery,
): Promise<readonly Turn[]> {
  const query = asOptions(given, 'turns', ['after', 'before', 'limit', 'edges']);
  const after = asWhole(query.after, 'turns.after', { min: 0, max: turnMax, fallback: null });
  const end = { min: 1, max: turnMax, fallback: null };
  const before = asWhole(query.before, 'turns.before', end);
  if (after !== null && before !== null) refuseField('turns.before', 'must not stand beside after');
  const limit = asWhole(query.limit, 'turns.limit', { min: 1, max: 200, fallback: 100 });
  const { scope, store } = read;
  const { runId } = run;
  const beforeTurn = Math.min(before ?? turnMax, run.turn + 1);
  const from = after === null ? { beforeTurn } : { afterTurn: after };
  // Turns are dense, so that the first one is known before it is read.
  const turn = after ?? Math.max(0, beforeTurn - 1 - limit);
  const [rows, base] = await Promise.all([
    store.journal(scope, { runId, limit, ...from }),
    query.edges === true ? store.checkpoint(scope, { runId, turn }) : null,
  ]);
  const lines = rows.map(turnOf);
  if (query.edges !== true) return lines;
  const past = await fold(read, run, base, lines);
  const unknown = { value: null, edges: null, opened: null, stopped: null };
  return lines.map((line) => {
    const taken = past?.taken.get(line.turn);
    if (taken === undefined) {
      return { ...line, ...unknown, exact: past === null ? 'version-missing' : 'chart-changed' };
    }
    const { isOwnBuild, ...told } = taken;
    return { ...line, ...told, exact: isOwnBuild || 'chart-changed' };
  });
}

function turnOf({ turn, build, atMs, status, entriesText }: JournalRow): Turn {
  return { turn, build, atMs, status, entries: JSON.parse(entriesText) as JournalEntry[] };
}

type Past = { readonly fold: PastFold; readonly taken: ReadonlyMap<number, Taken> };

/**
 * What these turns did, by turn, as the chart here folds them from a checkpoint before them; only of the
 * first ones where it cannot go on. Null: no chart here takes the run.
 */
async function fold(
  { agents, clock, kernel, scope, store }: PastRead,
  run: RunRow,
  base: CheckpointRow | null,
  lines: readonly Turn[],
): Promise<Past | null> {
  const { runId } = run;
  const agent = agents.find(run.agent, run.version);
  if (agent === undefined) return null;
  const folded = new PastFold({ kernel, clock, agent, runId }, base);
  const done = new Map<number, Taken>();
  const past = { fold: folded, taken: done };
  const before = (lines[0]?.turn ?? 1) - 1;
  for (let afterTurn = base?.turn ?? 0; afterTurn < before;) {
    const limit = Math.min(pageTurns, before - afterTurn);
    const rows = await store.journal(scope, { runId, afterTurn, limit });
    for (const row of rows) {
      if (!(await folded.pass(turnOf(row)))) return past;
      afterTurn = row.turn;
    }
    if (rows.length === 0) break;
  }
  for (const line of lines) {
    const taken = await folded.take(line);
    if (taken === null) break;
    done.set(line.turn, taken);
  }
  return past;
}
