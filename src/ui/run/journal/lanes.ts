/**
 * The bars of the journal: a lane for each invocation and timer, with when it was open, and for a provider call when it
 * waited, when a request was out, and when it was held back.
 */
import type {
  Attempt,
  InvokedKind,
  RunInFull,
  RunSnapshot,
  TracedTurn,
} from '../../../client/index.ts';
import type { Look } from '../../look/states.ts';
import { duration } from '../../look/duration.ts';
import { attemptBars, type OutNow } from './attempt-bars.ts';
import type { Bar } from './bar.ts';
import { timeScale, type TimeScale } from './time-scale.ts';
import type { TurnPage } from '../turns/turn-store.ts';
import { pageOf } from '../turns/wanted.ts';

export type Lane = {
  readonly id: string;
  /** What people call it, and what it is. */
  readonly name: string;
  readonly src: string;
  readonly bars: readonly Bar[];
};

type Ribbon = readonly {
  readonly status: string;
  readonly from: number;
  readonly to: number;
}[];

export type Lanes = {
  readonly lanes: readonly Lane[];
  /** Lanes that are left out. */
  readonly left: number;
  readonly ribbon: Ribbon;
  readonly dots: readonly { readonly turn: number; readonly atMs: number }[];
  readonly fromMs: number;
  readonly toMs: number;
  /** Where an instant lies over the lanes. */
  readonly scale: TimeScale;
};

const lanesMax = 100;

/** The source of an invocation, or `timer`. */
type Source = InvokedKind | 'timer';

const looks: Readonly<Record<Source, Look>> = {
  generate: 'calling-provider',
  receive: 'waiting-on-channel',
  ask: 'waiting-on-person',
  child: 'waiting-on-child',
  timer: 'waiting-on-timer',
  task: 'running-task',
  publish: 'running-task',
  remember: 'running-task',
  recall: 'running-task',
  forget: 'running-task',
  evaluate: 'running-task',
};

/** One start of an invocation or timer, from the turn that opened it to its end. */
type Span = {
  readonly id: string;
  readonly incarnation: number;
  readonly source: Source;
  readonly src: string;
  readonly from: number;
  to: number | null;
  how: 'done' | 'failed' | 'stopped' | 'open';
};

/** What the page shows beside its turns: the run, the instant to which open bars reach, and which calls are out now. */
type Around = {
  readonly run: Pick<RunInFull, 'createdAtMs' | 'endedAtMs' | 'status' | 'turn'>;
  readonly nowMs: number;
  readonly out: readonly OutNow[];
};

export function lanesOf(page: TurnPage, { run, nowMs, out }: Around): Lanes {
  const { turns, attempts } = page;
  const isFirst = turns[0]?.turn === 1;
  const fromMs = isFirst
    ? Math.min(run.createdAtMs, turns[0]?.atMs ?? run.createdAtMs)
    : (turns[0]?.atMs ?? run.createdAtMs);
  const lastMs = turns.at(-1)?.atMs ?? fromMs;
  const isNewest = pageOf(turns.at(-1)?.turn ?? 1) === pageOf(run.turn);
  const untilMs = isNewest ? (run.endedAtMs ?? nowMs) : lastMs;
  const toMs = Math.max(lastMs, untilMs, fromMs + 1);
  const byLane = new Map<string, Span[]>();
  for (const span of spansOf(page, fromMs)) {
    byLane.set(span.id, [...(byLane.get(span.id) ?? []), span]);
  }
  // Of a turn whose chart is not here only the attempts are known.
  for (const { invocationId } of attempts) {
    if (!byLane.has(invocationId)) byLane.set(invocationId, []);
  }
  const lanes = [...byLane].map(([id, spans]): Lane => {
    const own = attempts.filter(({ invocationId }) => invocationId === id);
    const isOut = isNewest ? out.find(({ invocationId }) => invocationId === id) : undefined;
    const { source = 'generate', src = 'generate' } = spans[0] ?? {};
    return { id, ...namesOf(id, source, src), bars: barsOf(spans, own, { isOut, toMs }) };
  });
  const bars = lanes.flatMap((lane) => lane.bars);
  const marks = [...turns.map(({ atMs }) => atMs), ...bars.flatMap(({ from, to }) => [from, to])];
  return {
    lanes: lanes.slice(0, lanesMax),
    left: Math.max(0, lanes.length - lanesMax),
    ribbon: ribbonOf(turns, isFirst ? run.createdAtMs : null, toMs, isNewest ? run.status : null),
    dots: turns.map(({ turn, atMs }) => ({ turn, atMs })),
    fromMs,
    toMs,
    scale: timeScale({ fromMs, toMs }, marks),
  };
}

/** From the turn that opened each to the one that took its result, left it, or heard it ring. */
function spansOf({ turns, open }: TurnPage, fromMs: number): readonly Span[] {
  const spans: Span[] = [];
  const running = new Map<string, Span>();
  const begin = (span: Omit<Span, 'to' | 'how'>): void => {
    const one: Span = { ...span, to: null, how: 'open' };
    spans.push(one);
    running.set(`${span.id} ${span.incarnation}`, one);
  };
  for (const one of open ?? []) {
    const { id, incarnation, generation } = one;
    begin({ id, incarnation: incarnation ?? generation ?? 0, ...openSource(one), from: fromMs });
  }
  const end = (id: unknown, n: unknown, to: number, how: Span['how']): void => {
    const span = running.get(`${String(id)} ${String(n)}`);
    if (span === undefined) return;
    span.to = to;
    span.how = how;
    running.delete(`${span.id} ${span.incarnation}`);
  };
  for (const { atMs, entries, opened, stopped } of turns) {
    // Numbers are given once within a run, so what a turn both opens and ends may be told in any order.
    for (const one of opened ?? []) {
      if (one.kind === 'timer') {
        const { id, generation: number } = one;
        begin({ id, incarnation: number, source: 'timer', src: 'timer', from: atMs });
      } else begin({ ...one, from: atMs });
    }
    for (const { kind, id, incarnation, generation } of entries) {
      if (kind === 'done' || kind === 'failed') end(id, incarnation, atMs, kind);
      if (kind === 'timer') end(id, generation, atMs, 'done');
    }
    for (const one of stopped ?? []) {
      end(one.id, one.kind === 'timer' ? one.generation : one.incarnation, atMs, 'stopped');
    }
  }
  return spans;
}

/** What was open is named as where a turn opens it. Without its chart, heddle's own actors are known by their usual names. */
function openSource({
  kind,
  source: told,
  src = '',
  agent,
}: RunSnapshot['open'][number]): Pick<Span, 'source' | 'src'> {
  if (kind === 'timer') return { source: 'timer', src: 'timer' };
  const source = told ?? (Object.hasOwn(looks, src) ? (src as Source) : 'task');
  if (source === 'child') return { source, src: agent ?? src };
  return { source, src: source === 'task' ? src : source };
}

const ends: Readonly<Record<Span['how'], string>> = {
  done: 'ended after',
  failed: 'failed after',
  stopped: 'was left after',
  open: 'is open for',
};

function barsOf(
  spans: readonly Span[],
  attempts: readonly Attempt[],
  { isOut, toMs }: { readonly isOut: OutNow | undefined; readonly toMs: number },
): readonly Bar[] {
  const bars = spans.map(({ source, from, to, how }): Bar => {
    const until = to ?? toMs;
    const words = `${ends[how]} ${duration(until - from)}`;
    const isCall = source === 'generate';
    const isFailed = how === 'failed' && !isCall;
    return {
      kind: isCall ? 'waits' : 'open',
      from,
      to: until,
      look: looks[source],
      label: isFailed ? '×' : '',
      words: isCall ? `call ${words}` : words,
    };
  });
  const untilOf = (incarnation: number): number =>
    spans.find((span) => span.incarnation === incarnation)?.to ?? toMs;
  return [...bars, ...attemptBars(attempts, { untilOf, isOut, toMs })];
}

/** `after:60000:door.open` is a delay of the state `open`; `send:id` an event that its author named. */
function namesOf(
  id: string,
  source: Source,
  src: string,
): { readonly name: string; readonly src: string } {
  if (source !== 'timer') return { name: id, src };
  const [, delay = '', place = ''] = /^after:([^:]*):(.*)$/s.exec(id) ?? [];
  if (place === '') return { name: id.replace(/^(send|auto):/, ''), src: 'timer' };
  const words = /^\d+$/.test(delay) ? duration(Number(delay)) : delay;
  return { name: place.slice(place.lastIndexOf('.') + 1), src: `timer ${words}` };
}

/** What the run was in, from turn to turn. */
function ribbonOf(
  turns: readonly TracedTurn[],
  createdAtMs: number | null,
  toMs: number,
  statusNow: string | null,
): Ribbon {
  const [first] = turns;
  const begins = { status: 'queued', from: createdAtMs ?? 0, to: first?.atMs ?? toMs };
  const ribbon = turns.map(({ status, atMs }, at) => {
    const next = turns[at + 1];
    // A run may be held back, or be paused, between two turns: of the newest one the row says so.
    const now = next === undefined && statusNow !== null ? statusNow : (status ?? 'admitted');
    return { status: now, from: atMs, to: next?.atMs ?? toMs };
  });
  return createdAtMs === null || begins.to <= begins.from ? ribbon : [begins, ...ribbon];
}
