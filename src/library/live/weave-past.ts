/**
 * What the runs that a page draws were in during the last minutes, out of their journals and attempts: the page has
 * watched them only since it was opened.
 *
 * 1. It is bounded: `runsMax` runs, `turnsMax` turns, `namesMax` characters of names. What was left out is told. Of
 *    attempts that had no room a run seems to wait for a slot.
 * 2. Runs that are open come first, then those that ended, the last one first.
 * 3. Each read is a range of an index. A run's turns are read from the last one back, as far as the time goes.
 * 4. What is computed between two reads is that of `pageRuns` runs.
 */
import type { OneTenant } from '../../domain/scope.ts';
import type { RunStatus } from '../../../machines/run.ts';
import type { CallerStore } from '../../store/caller-port.ts';
import type { OtherAttempt, StatusTurn } from '../../store/ports/weave-port.ts';
import type { RunBrief } from '../../store/watch-port.ts';
import { withPhases, type WeaveStep } from './weave-phases.ts';

/** As many as a page has rows for. */
const runsMax = 8_192;
const turnsMax = 200_000;
const namesMax = 2_000_000;
/** So long a piece of the time is looked through for ended runs at once. */
const sliceMs = 60_000;
const pageRuns = 500;
const firstTurns = 16;
/** Of one run, and in all: attempts whose end stands in no journal. */
const othersOfRun = 64;
const othersMax = 100_000;
/** The number of a run's newest turn is below it. */
const turnEnd = 2_147_483_647;

export type WeaveAsked = { readonly spanMs: number; readonly every: number };

/** `steps`: from when on it was in what, the first one first; of what is not known there is none. */
type WeaveRun = Pick<RunBrief, 'runId' | 'agent' | 'user' | 'pipeline' | 'turn' | 'createdAtMs'> & {
  readonly steps: readonly WeaveStep[];
};

export type WeavePast = {
  /** The time of the read, by the database's clock. */
  readonly atMs: number;
  readonly fromMs: number;
  readonly every: number;
  /** From then on every run that is drawn and has ended is there. */
  readonly wholeFromMs: number;
  /** False: runs that are open were left out. */
  readonly isOpenWhole: boolean;
  /** False: of some runs the earlier turns were left out. */
  readonly isTurnsWhole: boolean;
  readonly runs: readonly WeaveRun[];
};

type Reads = Pick<CallerStore, 'weaveOpen' | 'weaveEnded' | 'statusTurns' | 'otherAttempts'>;

export async function weavePast(
  reads: Reads,
  scope: OneTenant,
  { spanMs, every }: WeaveAsked,
): Promise<WeavePast> {
  const open = await reads.weaveOpen(scope, { every, limit: runsMax + 1 });
  const { atMs } = open;
  const fromMs = atMs - spanMs;
  const kept = new Kept();
  for (const run of open.runs) kept.take(run);
  const isOpenWhole = !kept.isFull;
  let wholeFromMs = fromMs;
  // Those that end while this is read are among them: they were read as open ones.
  for (let toMs = atMs + sliceMs; toMs > fromMs; toMs -= sliceMs) {
    const of = { fromMs: Math.max(fromMs, toMs - sliceMs), toMs, every };
    const limit = kept.endedRoom + 1;
    for (const run of await reads.weaveEnded(scope, { ...of, limit })) kept.take(run);
    if (!kept.isFull) continue;
    wholeFromMs = Math.min(kept.oldestEndMs, atMs);
    break;
  }
  const { runs } = kept;
  const turns = await turnsSince(reads, scope, { runs, fromMs });
  return {
    atMs,
    fromMs,
    every,
    wholeFromMs,
    isOpenWhole,
    isTurnsWhole: turns.isWhole,
    runs: await drawnRuns(reads, scope, { runs, turnsOf: turns.of, fromMs, atMs }),
  };
}

type Drawn = {
  readonly runs: readonly RunBrief[];
  readonly turnsOf: Turns['of'];
  readonly fromMs: number;
  readonly atMs: number;
};

async function drawnRuns(
  reads: Reads,
  scope: OneTenant,
  { runs, turnsOf, fromMs, atMs }: Drawn,
): Promise<WeaveRun[]> {
  const drawn: WeaveRun[] = [];
  let room = othersMax;
  for (let at = 0; at < runs.length; at += pageRuns) {
    const page = runs.slice(at, at + pageRuns).map((run, i) => {
      const turns = turnsOf[at + i] ?? [];
      return { run, turns, steps: stepsOf(run, turns, fromMs) };
    });
    const calling = page.filter(({ steps }) =>
      steps.some(({ status }) => status === 'calling-provider'),
    );
    const asked = calling.map(({ run: { runId }, turns }) => {
      return { runId, fromTurn: turns.at(-1)?.turn ?? 0 };
    });
    const found =
      room > 0 && asked.length > 0
        ? await reads.otherAttempts(scope, { runs: asked, limit: othersOfRun })
        : [];
    const othersOf = new Map<string, readonly OtherAttempt[]>();
    for (const [i, { runId }] of asked.entries()) othersOf.set(runId, found[i] ?? []);
    for (const { run, turns, steps } of page) {
      const { runId, agent, user, pipeline, turn, createdAtMs, status } = run;
      const others = othersOf.get(runId) ?? [];
      room -= others.length;
      const phased = withPhases({ steps, turns, others, atMs, status });
      drawn.push({ runId, agent, user, pipeline, turn, createdAtMs, steps: phased });
    }
  }
  return drawn;
}

/** The runs that there was room for, each once: one that has ended meanwhile as ended. */
class Kept {
  readonly #runs = new Map<string, RunBrief>();
  #names = 0;
  #ended = 0;
  isFull = false;
  oldestEndMs = Number.POSITIVE_INFINITY;

  get runs(): readonly RunBrief[] {
    return [...this.#runs.values()];
  }

  /** How many more ended runs there may be. Those that were read as open may be among them, and need no place. */
  get endedRoom(): number {
    return runsMax - this.#ended;
  }

  take(run: RunBrief): void {
    const before = this.#runs.get(run.runId);
    if (before === undefined) {
      this.#names += run.agent.length + run.user.length + run.pipeline.length;
      if (this.#runs.size >= runsMax || this.#names > namesMax) this.isFull = true;
      if (this.isFull) return;
    }
    this.#runs.set(run.runId, run);
    if (run.endedAtMs === null) return;
    if ((before?.endedAtMs ?? null) === null) this.#ended += 1;
    this.oldestEndMs = Math.min(this.oldestEndMs, run.endedAtMs);
  }
}

type Turns = { readonly of: readonly (readonly StatusTurn[])[]; readonly isWhole: boolean };

/** By index of the runs: their turns from the last one back to the one that was before `fromMs`. */
async function turnsSince(
  reads: Reads,
  scope: OneTenant,
  { runs, fromMs }: { readonly runs: readonly RunBrief[]; readonly fromMs: number },
): Promise<Turns> {
  const of = runs.map((): StatusTurn[] => []);
  let room = turnsMax;
  let open = runs.map((_, i) => i);
  for (let limit = firstTurns; open.length > 0; limit *= 4) {
    const next: number[] = [];
    for (let at = 0; at < open.length; at += pageRuns) {
      const page = open.slice(at, at + pageRuns);
      if (room < page.length * limit) return { of, isWhole: false };
      const asked = page.map((i) => {
        return { runId: runs[i]!.runId, beforeTurn: of[i]?.at(-1)?.turn ?? turnEnd };
      });
      const found = await reads.statusTurns(scope, { runs: asked, limit });
      for (const [place, i] of page.entries()) {
        const turns = found[place] ?? [];
        for (const { taken } of turns) room -= Math.max(1, taken.length);
        of[i]?.push(...turns);
        const { turn = 1, atMs = 0 } = turns.at(-1) ?? {};
        if (turns.length === limit && turn > 1 && atMs >= fromMs) next.push(i);
      }
    }
    open = next;
  }
  return { of, isWhole: true };
}

/** In order, each status once; what was before the time begins with it. */
function stepsOf(run: RunBrief, turns: readonly StatusTurn[], fromMs: number): WeaveStep[] {
  const steps: WeaveStep[] = [];
  const put = (atMs: number, status: RunStatus | null): void => {
    const last = steps.at(-1);
    if (status === null || last?.status === status) return;
    const at = Math.max(atMs, fromMs, last?.atMs ?? 0);
    if (at === last?.atMs) steps.pop();
    if (steps.at(-1)?.status !== status) steps.push({ atMs: at, status });
  };
  const first = turns.at(-1);
  // Until its first turn a run is queued.
  if (first === undefined ? run.turn === 0 : first.turn === 1) put(run.createdAtMs, 'queued');
  for (const { atMs, status } of turns.toReversed()) put(atMs, status);
  if (run.endedAtMs !== null) put(run.endedAtMs, run.status);
  return steps;
}
