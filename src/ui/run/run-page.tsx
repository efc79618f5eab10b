/** A run: why it is where it is, its chart at any turn, what each turn did, its journal, and what can be done. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import './run.css';
import type { RunInFull, StreamEvent } from '../../client/index.ts';
import { client } from '../shell/access.ts';
import { useAnswer } from '../shell/ask.ts';
import { useKeys } from '../keys/keys.ts';
import { useStream } from '../shell/live.ts';
import { query, setQuery } from '../shell/router.ts';
import { Trouble } from '../shell/trouble.tsx';
import { Journal } from './journal.tsx';
import { LiveText, useLiveText } from './live-text.tsx';
import { RunActions } from './run-actions.tsx';
import { RunChart } from './run-chart.tsx';
import { RunHead } from './run-head.tsx';
import { TurnDetail } from './turn-detail.tsx';
import { TurnStore } from './turn-store.ts';

const playMs = 700;

export function RunPage({ words }: { readonly words: readonly string[] }): JSX.Element {
  const [runId = ''] = words;
  const asked = useAnswer((on) => on.runs.get(runId), [runId]);
  const why = useAnswer(
    (on) => on.runs.why(runId),
    [runId, asked.value?.turn, asked.value?.status],
  );
  const run = asked.value?.id === runId ? asked.value : null;
  if (run === null) {
    return asked.trouble === null ? (
      <p class="say quiet">Looking …</p>
    ) : (
      <Trouble error={asked.trouble} again={asked.again} />
    );
  }
  return <Shown key={runId} run={run} why={why.value?.words ?? null} again={asked.again} />;
}

type ShownProps = {
  readonly run: RunInFull;
  readonly why: string | null;
  readonly again: () => void;
};

function Shown({ run, why, again }: ShownProps): JSX.Element {
  const store = useMemo(() => new TurnStore(client.value, run.id), [client.value, run.id]);
  const text = useLiveText();
  const [last, setLast] = useState(run.turn);
  useEffect(() => setLast((before) => Math.max(before, run.turn)), [run.turn]);
  const topic = useMemo(
    () => [{ kind: 'run', runId: run.id, after: run.turn, text: true } as const],
    [run.id],
  );
  useStream(run.endedAtMs === null ? topic : [], (event: StreamEvent) => {
    text.heard(event);
    const { turn } = event.data;
    if (event.event === 'turn' && typeof turn === 'number') {
      setLast((before) => Math.max(before, turn));
      store.grown(turn);
    }
    if (event.event === 'turn' || event.event === 'ended' || event.event === 'now') again();
  });
  const { turn, goTo, isPlaying, play } = useTurn(last);
  useEffect(() => store.need(turn, last), [store, turn, last]);
  // Read, so that the page is shown anew with what has come.
  void store.version.value;
  return (
    <>
      <RunHead run={run} why={why} />
      {store.trouble.value !== null && <Trouble error={store.trouble.value} />}
      <div class="run-grid">
        <RunChart run={run} store={store} turn={turn} />
        <div class="run-detail">
          <TurnDetail store={store} turn={turn} />
          <LiveText texts={text.texts} />
          <RunActions run={run} again={again} />
        </div>
      </div>
      <Journal
        run={run}
        store={store}
        turn={turn}
        last={last}
        goTo={goTo}
        isPlaying={isPlaying}
        play={play}
      />
    </>
  );
}

/** Which turn is shown: the one in the address, else the newest. */
function useTurn(last: number): {
  readonly turn: number;
  readonly goTo: (turn: number) => void;
  readonly isPlaying: boolean;
  readonly play: () => void;
} {
  const asked = Number(query.value.get('turn') ?? last);
  const turn = Math.max(1, Math.min(Number.isInteger(asked) ? asked : last, last));
  const [isPlaying, setPlaying] = useState(false);
  const goTo = (to: number): void => {
    const within = Math.max(1, Math.min(to, last));
    setQuery({ turn: within === last ? null : within });
  };
  useEffect(() => {
    if (!isPlaying) return undefined;
    if (turn >= last) {
      setPlaying(false);
      return undefined;
    }
    const timer = setTimeout(() => goTo(turn + 1), playMs);
    return () => clearTimeout(timer);
  });
  const play = (): void => {
    if (!isPlaying && turn >= last) goTo(1);
    setPlaying(!isPlaying);
  };
  useKeys({
    ',': () => goTo(turn - 1),
    '.': () => goTo(turn + 1),
    ' ': play,
  });
  return { turn, goTo, isPlaying, play };
}
