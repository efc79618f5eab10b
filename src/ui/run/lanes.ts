/** The bars of the journal: for each invocation when it waited, when a request was out, when it was held back. */
import type { Attempt, RunInFull, TracedTurn } from '../../client/index.ts';
import type { Look } from '../look/states.ts';
import type { TurnPage } from './turn-store.ts';

type Bar = {
  readonly kind: 'waits' | 'attempt' | 'held-back' | 'open';
  readonly from: number;
  readonly to: number;
  readonly look: Look;
  /** On the bar: `429`, `503`, `×`. */
  readonly label: string;
  readonly words: string;
};

export type Lane = { readonly id: string; readonly src: string; readonly bars: readonly Bar[] };

export type Lanes = {
  readonly lanes: readonly Lane[];
  readonly ribbon: readonly {
    readonly status: string;
    readonly from: number;
    readonly to: number;
  }[];
  readonly dots: readonly { readonly turn: number; readonly atMs: number }[];
  readonly fromMs: number;
  readonly toMs: number;
};

const lanesMax = 40;

const looks: Readonly<Record<string, Look>> = {
  generate: 'slot',
  receive: 'waiting-on-channel',
  ask: 'waiting-on-person',
  task: 'running-task',
  child: 'waiting-on-child',
};

export function lanesOf({ turns, attempts }: TurnPage, run: RunInFull): Lanes {
  const fromMs = Math.min(
    turns[0]?.atMs ?? run.createdAtMs,
    ...(turns[0]?.turn === 1 ? [run.createdAtMs] : []),
  );
  const lastMs = turns.at(-1)?.atMs ?? fromMs;
  const toMs = Math.max(lastMs, run.endedAtMs ?? lastMs, fromMs + 1);
  const lanes = new Map<string, { src: string; bars: Bar[] }>();
  const laneOf = (id: string, src: string): { src: string; bars: Bar[] } => {
    const known = lanes.get(id) ?? { src, bars: [] };
    if (known.src === '') known.src = src;
    lanes.set(id, known);
    return known;
  };
  addOpen(turns, toMs, laneOf);
  addAttempts(attempts, laneOf);
  return {
    lanes: [...lanes].slice(0, lanesMax).map(([id, { src, bars }]) => ({ id, src, bars })),
    ribbon: turns.map(({ status, atMs }, at) => ({
      status: status ?? 'admitted',
      from: atMs,
      to: turns[at + 1]?.atMs ?? toMs,
    })),
    dots: turns.map(({ turn, atMs }) => ({ turn, atMs })),
    fromMs,
    toMs,
  };
}

type LaneOf = (id: string, src: string) => { src: string; bars: Bar[] };

/** From the turn that opened an invocation to the one that took its result. */
function addOpen(turns: readonly TracedTurn[], toMs: number, laneOf: LaneOf): void {
  const open = new Map<string, { readonly src: string; readonly from: number }>();
  const close = (id: string, to: number, words: string): void => {
    const one = open.get(id);
    open.delete(id);
    if (one === undefined) return;
    const look = looks[one.src] ?? 'running-task';
    const isCall = one.src === 'generate';
    laneOf(id, one.src).bars.push({
      kind: isCall ? 'waits' : 'open',
      from: one.from,
      to,
      look: isCall ? 'calling-provider' : look,
      label: '',
      words,
    });
  };
  for (const { atMs, entries, opened = [], stopped = [] } of turns as readonly (TracedTurn &
    Traced)[]) {
    for (const { kind, id } of entries) {
      if ((kind === 'done' || kind === 'failed') && typeof id === 'string') close(id, atMs, kind);
    }
    for (const { id } of stopped) close(id, atMs, 'stopped');
    for (const { id, src } of opened) open.set(id, { src, from: atMs });
  }
  for (const id of open.keys()) close(id, toMs, 'open');
}

/** What the fold of a turn tells beside its edges. */
type Traced = {
  readonly opened?: readonly { readonly id: string; readonly src: string }[];
  readonly stopped?: readonly { readonly id: string }[];
};

function addAttempts(attempts: readonly Attempt[], laneOf: LaneOf): void {
  for (const {
    invocationId,
    how,
    sentAtMs,
    endedAtMs,
    waitMs,
    fault,
    provider,
    count,
  } of attempts) {
    const { bars } = laneOf(invocationId, 'generate');
    const isAnswer = how === 'answered';
    const label =
      how === 'rate-limited'
        ? '429'
        : isAnswer
          ? ''
          : (/\b[45]\d\d\b/.exec(fault ?? '')?.[0] ?? '×');
    bars.push({
      kind: 'attempt',
      from: sentAtMs,
      to: endedAtMs,
      look: isAnswer ? 'slot' : how === 'rate-limited' ? 'backoff' : 'stalled',
      label: count > 1 ? `${count} × ${label}` : label,
      words: `${provider} ${how}${fault === undefined ? '' : `: ${fault}`}`,
    });
    if (waitMs !== undefined && waitMs > 0) {
      const to = endedAtMs + waitMs;
      bars.push({
        kind: 'held-back',
        from: endedAtMs,
        to,
        look: 'backoff',
        label: '',
        words: 'held back',
      });
    }
  }
}
