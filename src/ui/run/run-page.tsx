/** A run: why it is where it is, its chart at any turn, what each turn did, its journal, and what can be done. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import './run.css';
import {
  HeddleRequestError,
  type RunInFull,
  type StreamEvent,
  type Why,
} from '../../client/index.ts';
import { client } from '../shell/access.ts';
import { useAnswer } from '../shell/ask.ts';
import { useKeys } from '../keys/keys.ts';
import { useStream } from '../shell/live.ts';
import { query, setQuery } from '../shell/router.ts';
import { Trouble } from '../shell/trouble.tsx';
import type { OutNow } from './journal/attempt-bars.ts';
import { Journal } from './journal/journal.tsx';
import { LiveText, useLiveText } from './live-text.tsx';
import { RunActions } from './run-actions.tsx';
import { RunChart } from './run-chart.tsx';
import { RunHead } from './run-head.tsx';
import { TurnDetail } from './turn-detail.tsx';
import { TurnStore } from './turns/turn-store.ts';

const playMs = 700;
const addressMs = 200;

export function RunPage({ words }: { readonly words: readonly string[] }): JSX.Element {
  const [runId = ''] = words;
  const asked = useAnswer((on) => on.runs.get(runId), [runId]);
  const why = useAnswer(
    (on) => on.runs.why(runId),
    [runId, asked.value?.turn, asked.value?.status, asked.value?.call?.phase],
  );
  const run = asked.value?.id === runId ? asked.value : null;
  if (run === null) {
    return asked.trouble === null ? (
      <p class="say quiet">Looking …</p>
    ) : (
      <Trouble error={asked.trouble} again={asked.again} />
    );
  }
  // That heddle is away the shell says.
  const { trouble } = asked;
  const refused = trouble instanceof HeddleRequestError && !trouble.retryable ? trouble : null;
  return (
    <>
      {refused !== null && <Trouble error={refused} again={asked.again} />}
      <Shown
        key={runId}
        run={run}
        why={why.value?.runId === runId ? why.value : null}
        again={asked.again}
      />
    </>
  );
}

type ShownProps = {
  readonly run: RunInFull;
  readonly why: Why | null;
  readonly again: () => void;
};

function Shown({ run, why, again }: ShownProps): JSX.Element {
  const store = useMemo(() => new TurnStore(client.value, run.id), [client.value, run.id]);
  const live = useLiveText();
  const [last, setLast] = useState(run.turn);
  useEffect(() => setLast((before) => Math.max(before, run.turn)), [run.turn]);
  // What models write, only those are told who may inspect runs; others follow the rest.
  const access = useAnswer((on) => on.operator.access(), []);
  const { scopes } = access.value ?? {};
  const isKnown = scopes !== undefined || access.trouble !== null;
  const text = scopes?.some((scope) => scope === 'inspect' || scope === 'admin') === true;
  const topic = useMemo(
    () => [{ kind: 'run', runId: run.id, after: run.turn, text } as const],
    [run.id, text],
  );
  useStream(isKnown && run.endedAtMs === null ? topic : [], (event: StreamEvent) => {
    live.heard(event);
    const { turn } = event.data;
    if (event.event === 'turn' && typeof turn === 'number') {
      setLast((before) => Math.max(before, turn));
      store.grown(turn);
    }
    if (event.event === 'turn' || event.event === 'ended' || event.event === 'now') again();
  });
  // A call has come into a slot or out of it: an attempt may have ended, which no turn tells of.
  useEffect(() => store.grown(run.turn), [store, run.turn, run.status, run.call?.phase]);
  useEffect(() => () => store.close(), [store]);
  const { turn, goTo, step, isPlaying, play } = useTurn(last);
  useEffect(() => store.need(turn, last), [store, turn, last, run]);
  const out = useOut(run, why);
  return (
    <>
      <RunHead run={run} why={why?.words ?? null} />
      {store.trouble.value !== null && (
        <Trouble error={store.trouble.value} again={() => store.need(turn, last)} />
      )}
      <div class="run-grid">
        <RunChart run={run} store={store} turn={turn} />
        <div class="run-detail">
          <TurnDetail store={store} turn={turn} />
          <RunActions run={run} again={again} />
          <LiveText texts={live.texts} />
        </div>
      </div>
      <Journal
        run={run}
        store={store}
        out={out}
        turn={turn}
        last={last}
        goTo={goTo}
        step={step}
        isPlaying={isPlaying}
        play={play}
      />
    </>
  );
}

type Waiting = { readonly kind: string; readonly phase?: string };

/** The requests that are out now. When they were sent is kept nowhere, so they are shown since they were seen. */
function useOut(run: RunInFull, why: Why | null): readonly OutNow[] {
  const seen = useRef(new Map<string, number>());
  const isOpen = run.endedAtMs === null;
  return useMemo(() => {
    const out: OutNow[] = [];
    const since = new Map<string, number>();
    for (const wait of isOpen ? (why?.waits ?? []) : []) {
      const { kind, phase, invocationId, provider, attempt } = wait as Partial<OutNow> & Waiting;
      if (kind !== 'call' || phase !== 'in-slot' || invocationId === undefined) continue;
      if (provider === undefined || attempt === undefined) continue;
      const key = `${run.turn} ${invocationId} ${attempt}`;
      const sinceMs = seen.current.get(key) ?? Date.now();
      since.set(key, sinceMs);
      out.push({ invocationId, provider, attempt, sinceMs });
    }
    seen.current = since;
    return out;
  }, [why, isOpen]);
}

/**
 * Which turn is shown: the one in the address, else the newest. The address follows with a little delay, because a
 * browser lets a page change it a few hundred times in half a minute and no more often.
 */
function useTurn(last: number): {
  readonly turn: number;
  readonly goTo: (turn: number) => void;
  /** Goes so many turns on. Each call counts, also where several come before the page is drawn. */
  readonly step: (by: number) => void;
  readonly isPlaying: boolean;
  readonly play: () => void;
} {
  const asked = Number(query.value.get('turn') ?? last);
  const said = Number.isInteger(asked) ? asked : last;
  const [chosen, setChosen] = useState<number | null>(null);
  const turn = Math.max(1, Math.min(chosen ?? said, last));
  const [isPlaying, setPlaying] = useState(false);
  const place = useRef({ turn, last });
  place.current = { turn, last };
  // Not in an effect: that of a step may come after the next step, and the address would take this one back.
  const addressed = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(addressed.current), []);
  const goTo = (to: number): void => {
    place.current.turn = Math.max(1, Math.min(to, last));
    setChosen(place.current.turn);
    clearTimeout(addressed.current);
    addressed.current = setTimeout(() => {
      const at = place.current;
      setQuery({ turn: at.turn >= at.last ? null : at.turn });
      setChosen(null);
    }, addressMs);
  };
  const step = (by: number): void => goTo(place.current.turn + by);
  useEffect(() => {
    if (!isPlaying) return undefined;
    if (turn >= last) {
      setPlaying(false);
      return undefined;
    }
    const timer = setTimeout(() => step(1), playMs);
    return () => clearTimeout(timer);
  }, [isPlaying, turn, last]);
  const play = (): void => {
    if (!isPlaying && turn >= last) goTo(1);
    setPlaying(!isPlaying);
  };
  useKeys({
    ',': () => step(-1),
    '.': () => step(1),
    ' ': play,
  });
  return { turn, goTo, step, isPlaying, play };
}
