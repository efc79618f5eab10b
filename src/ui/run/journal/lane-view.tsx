/** Lanes over time: the state, the turns, and for each invocation and timer when it was open. */
import type { JSX } from 'preact';
import { useMemo, useRef } from 'preact/hooks';
import type { RunInFull } from '../../../client/index.ts';
import { duration, nowMs } from '../../look/time.ts';
import { lookOf, words } from '../../look/states.ts';
import type { TurnPage } from '../turns/turn-store.ts';
import type { OutNow } from './attempt-bars.ts';
import type { Bar } from './bar.ts';
import { lanesOf, type Lane, type Lanes } from './lanes.ts';

/** Numbers of turns stand no closer, in parts of the width. */
const numberGap = 0.028;

type Props = {
  readonly run: RunInFull;
  readonly page: TurnPage;
  readonly out: readonly OutNow[];
  readonly turn: number;
  readonly goTo: (turn: number) => void;
};

export function LaneView({ run, page, out, turn, goTo }: Props): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  // An open run goes on while nobody does anything; one that has ended stands still.
  const now = run.endedAtMs ?? nowMs.value;
  const shown = useMemo(
    () => lanesOf(page, { run, nowMs: now, out }),
    [page, run.status, run.turn, run.endedAtMs, now, out],
  );
  const { lanes, left, dots, scale } = shown;
  const nearest = (event: PointerEvent): void => {
    const of = box.current?.getBoundingClientRect();
    if (of === undefined) return;
    const ms = scale.msOf((event.clientX - of.left) / of.width);
    const hit = dots.findLast((dot) => dot.atMs <= ms) ?? dots[0];
    if (hit !== undefined && hit.turn !== turn) goTo(hit.turn);
  };
  const here = dots.find((dot) => dot.turn === turn);
  return (
    <div class="lanes">
      <div class="lane-names">
        <span>state</span>
        <span class="lane-turns">turn</span>
        {lanes.map(({ id, name, src }) => (
          <span key={id} title={`${id} ${src}`}>
            <b>{name}</b> <i>{src}</i>
          </span>
        ))}
      </div>
      <div
        class="lane-box"
        ref={box}
        onPointerDown={(event) => {
          box.current?.setPointerCapture(event.pointerId);
          nearest(event);
        }}
        onPointerMove={(event) => {
          if (event.buttons === 1) nearest(event);
        }}
      >
        <Bars shown={shown} />
        <Dots shown={shown} turn={turn} />
        {here !== undefined && <i class="lane-hair" style={{ left: at(shown, here.atMs) }} />}
        <Axis shown={shown} />
      </div>
      {left > 0 && <p class="small quiet">{left} more lanes are not shown.</p>}
    </div>
  );
}

const at = ({ scale }: Lanes, ms: number): string => `${scale.partOf(ms) * 100}%`;

const wide = ({ scale }: Lanes, from: number, to: number): string =>
  `${Math.max(0.15, (scale.partOf(to) - scale.partOf(from)) * 100)}%`;

/** All that a step from turn to turn does not change. */
function Bars({ shown }: { readonly shown: Lanes }): JSX.Element {
  return useMemo(
    () => (
      <>
        <div class="lane">
          {shown.ribbon.map(({ status, from, to }, n) => {
            const look = lookOf(status, null);
            return (
              <i
                key={n}
                class="lane-bar ribbon"
                title={`${words[look]} ${duration(to - from)}`}
                style={{
                  left: at(shown, from),
                  width: wide(shown, from, to),
                  backgroundColor: `var(--fill-${look})`,
                }}
              />
            );
          })}
        </div>
        <div class="lane lane-turns" />
        {shown.lanes.map((lane) => (
          <LaneBars key={lane.id} shown={shown} lane={lane} />
        ))}
      </>
    ),
    [shown],
  );
}

function LaneBars({ shown, lane }: { readonly shown: Lanes; readonly lane: Lane }): JSX.Element {
  return (
    <div class="lane" role="img" aria-label={laneWords(lane)}>
      {lane.bars.map(({ kind, from, to, look, words: said }, n) => (
        <i
          key={n}
          class={`lane-bar ${kind}`}
          title={`${said} ${duration(to - from)}`}
          style={{
            left: at(shown, from),
            width: wide(shown, from, to),
            backgroundColor: `var(--fill-${look})`,
          }}
        />
      ))}
      {lane.bars.map(({ label, to }, n) =>
        label === '' ? null : (
          <b key={n} class="lane-label" style={{ left: at(shown, to) }}>
            {label}
          </b>
        ),
      )}
    </div>
  );
}

const told = ({ words: said, from, to }: Bar): string =>
  /\d$/.test(said) ? said : `${said} ${duration(to - from)}`;

/** For those who cannot see it. */
function laneWords({ name, src, bars }: Lane): string {
  const most = 12;
  const more = bars.length > most ? `, and ${bars.length - most} more` : '';
  return `${name}, ${src}: ${bars.slice(0, most).map(told).join('; ')}${more}`;
}

function Dots({ shown, turn }: { readonly shown: Lanes; readonly turn: number }): JSX.Element {
  const { dots, scale } = shown;
  const numbered = useMemo(() => {
    const numbers = new Set<number>();
    let before = -Infinity;
    for (const { turn: one, atMs } of dots) {
      const place = scale.partOf(atMs);
      if (place - before < numberGap) continue;
      numbers.add(one);
      before = place;
    }
    return numbers;
  }, [dots, scale]);
  return (
    <div class="lane-dots">
      {dots.map(({ turn: one, atMs }, n) => (
        // By its place: in the next window the same dots stand elsewhere.
        <i
          key={n}
          class={`lane-dot ${one === turn ? 'is-here' : one < turn ? 'past' : ''}`}
          style={{ left: at(shown, atMs) }}
        >
          {(one === turn || numbered.has(one)) && <small>{one}</small>}
        </i>
      ))}
    </div>
  );
}

/** Time since the beginning, and what of it is shortened. */
function Axis({ shown }: { readonly shown: Lanes }): JSX.Element {
  const { fromMs, scale } = shown;
  const parts = [0, 0.25, 0.5, 0.75].filter((part) => {
    const ms = scale.msOf(part);
    return part === 0 || !scale.breaks.some((one) => one.fromMs < ms && ms < one.toMs);
  });
  return (
    <div class="lane lane-axis" aria-hidden="true">
      {parts.map((part) => (
        <i key={part} style={{ left: `${part * 100}%` }}>
          {part === 0 ? '0' : `+${duration(scale.msOf(part) - fromMs)}`}
        </i>
      ))}
      {scale.breaks.map((one) => (
        <b
          key={one.fromMs}
          class="lane-break"
          title="Nothing began or ended: this time is shortened"
          style={{ left: at(shown, one.fromMs), width: wide(shown, one.fromMs, one.toMs) }}
        >
          ⫽ {duration(one.toMs - one.fromMs)}
        </b>
      ))}
    </div>
  );
}
