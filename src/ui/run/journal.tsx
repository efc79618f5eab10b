/** The journal as lanes over time: the state, the turns, and for each invocation its waits, attempts and backoffs. */
import type { JSX } from 'preact';
import { useMemo, useRef } from 'preact/hooks';
import type { RunInFull } from '../../client/index.ts';
import { duration } from '../look/time.ts';
import { lookOf, words } from '../look/states.ts';
import { lanesOf, type Lane, type Lanes as Shown } from './lanes.ts';
import type { TurnPage, TurnStore } from './turn-store.ts';

type Props = {
  readonly run: RunInFull;
  readonly store: TurnStore;
  readonly turn: number;
  readonly last: number;
  readonly goTo: (turn: number) => void;
  readonly isPlaying: boolean;
  readonly play: () => void;
};

export function Journal({ run, store, turn, last, goTo, isPlaying, play }: Props): JSX.Element {
  const page = store.page(turn);
  const turns = page?.turns ?? [];
  const first = turns[0]?.turn ?? 1;
  const lastShown = turns.at(-1)?.turn ?? last;
  return (
    <section class="journal" aria-label="Journal">
      <div class="journal-head">
        <h2>
          Journal{' '}
          <small>
            {last} turns
            {last > turns.length && turns.length > 0 ? `, ${first} to ${lastShown} are shown` : ''}
          </small>
        </h2>
        <div class="buttons">
          <button
            class="button small"
            type="button"
            aria-label="Turn before"
            disabled={turn <= 1}
            onClick={() => goTo(turn - 1)}
          >
            ‹ <kbd>,</kbd>
          </button>
          <span>
            {turn} / {last}
          </span>
          <button
            class="button small"
            type="button"
            aria-label="Next turn"
            disabled={turn >= last}
            onClick={() => goTo(turn + 1)}
          >
            <kbd>.</kbd> ›
          </button>
          <button class="button small" type="button" onClick={play}>
            {isPlaying ? 'Halt' : 'Play'} <kbd>space</kbd>
          </button>
        </div>
      </div>
      <input
        class="journal-slider"
        type="range"
        min={1}
        max={Math.max(1, last)}
        value={turn}
        aria-label="Turn"
        onInput={({ currentTarget }) => goTo(Number(currentTarget.value))}
      />
      {page !== null && turns.length > 0 && <Lanes run={run} page={page} turn={turn} goTo={goTo} />}
    </section>
  );
}

function Lanes({
  run,
  page,
  turn,
  goTo,
}: {
  readonly run: RunInFull;
  readonly page: TurnPage;
  readonly turn: number;
  readonly goTo: (turn: number) => void;
}): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const { lanes, ribbon, dots, fromMs, toMs } = useMemo(() => lanesOf(page, run), [page, run]);
  const span = Math.max(1, toMs - fromMs);
  const at = (ms: number): string => `${((ms - fromMs) / span) * 100}%`;
  const wide = (from: number, to: number): string =>
    `${Math.max(0.15, ((to - from) / span) * 100)}%`;
  const nearest = (event: MouseEvent): void => {
    const of = box.current?.getBoundingClientRect();
    if (of === undefined) return;
    const ms = fromMs + ((event.clientX - of.left) / of.width) * span;
    const hit = dots.findLast((dot) => dot.atMs <= ms) ?? dots[0];
    if (hit !== undefined) goTo(hit.turn);
  };
  const now = dots.find((dot) => dot.turn === turn);
  return (
    <div class="lanes">
      <div class="lane-names">
        <span>state</span>
        <span>turn</span>
        {lanes.map(({ id, src }) => (
          <span key={id} title={id}>
            <b>{id}</b> <i>{src}</i>
          </span>
        ))}
      </div>
      <div
        class="lane-box"
        ref={box}
        onPointerDown={nearest}
        onPointerMove={(event) => {
          if (event.buttons === 1) nearest(event);
        }}
      >
        <Ribbon ribbon={ribbon} at={at} wide={wide} />
        <div class="lane">
          {dots.map((dot) => (
            <i
              key={dot.turn}
              class={`lane-dot ${dot.turn <= turn ? 'past' : ''}`}
              style={{ left: at(dot.atMs) }}
            />
          ))}
        </div>
        {lanes.map((lane) => (
          <LaneBars key={lane.id} lane={lane} at={at} wide={wide} />
        ))}
        {now !== undefined && <i class="lane-hair" style={{ left: at(now.atMs) }} />}
        <div class="lane lane-axis">
          {[0, 0.25, 0.5, 0.75].map((part) => (
            <i key={part} style={{ left: `${part * 100}%` }}>
              +{duration(part * span)}
            </i>
          ))}
        </div>
      </div>
    </div>
  );
}

type Scale = {
  readonly at: (ms: number) => string;
  readonly wide: (from: number, to: number) => string;
};

function Ribbon({ ribbon, at, wide }: Scale & Pick<Shown, 'ribbon'>): JSX.Element {
  return (
    <div class="lane">
      {ribbon.map(({ status, from, to }) => {
        const look = lookOf(status, null);
        return (
          <i
            key={from}
            class="lane-bar ribbon"
            title={`${words[look]} ${duration(to - from)}`}
            style={{ left: at(from), width: wide(from, to), background: `var(--fill-${look})` }}
          />
        );
      })}
    </div>
  );
}

function LaneBars({ lane, at, wide }: Scale & { readonly lane: Lane }): JSX.Element {
  return (
    <div class="lane">
      {lane.bars.map((bar) => (
        <i
          key={`${bar.kind} ${bar.from}`}
          class={`lane-bar ${bar.kind}`}
          title={`${bar.words} ${duration(bar.to - bar.from)}`}
          style={{
            left: at(bar.from),
            width: wide(bar.from, bar.to),
            background: `var(--fill-${bar.look})`,
          }}
        >
          {bar.label}
        </i>
      ))}
    </div>
  );
}
