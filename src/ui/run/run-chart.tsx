/** The run's chart as it was after a turn, with the edges of this turn and of those before it. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { RunInFull } from '../../client/index.ts';
import { activePlaces } from '../chart/active.ts';
import { ChartView } from '../chart/chart-view.tsx';
import type { Light } from '../chart/lit.ts';
import { useAnswer } from '../shell/ask.ts';
import { Trouble } from '../shell/trouble.tsx';
import type { TurnStore } from './turn-store.ts';

const narrowPx = 700;

type Props = { readonly run: RunInFull; readonly store: TurnStore; readonly turn: number };

export function RunChart({ run: { agent, version }, store, turn }: Props): JSX.Element {
  const width = innerWidth < narrowPx ? 'narrow' : 'wide';
  const chart = useAnswer(
    (on) => on.agents.chart(agent, { version, width }),
    [agent, version, width],
  );
  const line = store.turn(turn);
  const snapshot = store.snapshot(turn);
  const pages = store.pagesBefore(turn);
  const root = chart.value?.plan.root ?? '';
  // Where the turn led stands in its window. Where the chart here may lead elsewhere, a snapshot says it better.
  const told = snapshot !== null && line?.exact !== true ? snapshot : line;
  const value = told?.value ?? null;
  const light = useMemo((): Light => {
    const now = told?.edges ?? [];
    const before = pages.flatMap(({ turns }) =>
      turns.filter((one) => one.turn < turn).flatMap(({ edges }) => edges ?? []),
    );
    return {
      active: value === null ? new Set() : activePlaces(root, value),
      now: new Set(now.map(({ id }) => id)),
      before: new Set(before.map(({ id }) => id)),
    };
  }, [root, told, pages.length, turn]);
  if (chart.value === null) {
    return chart.trouble === null ? (
      <p class="quiet run-chart">Drawing …</p>
    ) : (
      <Trouble error={chart.trouble} />
    );
  }
  return (
    <div class="run-chart">
      <ChartView
        chart={chart.value}
        light={light}
        label={`The chart of ${agent} after turn ${turn}`}
      />
      {snapshot !== null && snapshot.exact !== true && (
        <p class="note small">
          {snapshot.exact === 'chart-changed'
            ? 'The chart’s code has changed since this turn, so its state may have been another.'
            : `No replica here has this version. ${snapshot.asOf === null ? 'No state is kept.' : `The state is that of turn ${snapshot.asOf}.`}`}
        </p>
      )}
    </div>
  );
}
