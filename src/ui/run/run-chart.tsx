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
  const snapshot = store.snapshot(turn);
  const page = store.page(turn);
  const root = chart.value?.plan.root ?? '';
  const light = useMemo((): Light => {
    const now = snapshot?.edges ?? page?.turns.find((one) => one.turn === turn)?.edges ?? [];
    const before = (page?.turns ?? [])
      .filter((one) => one.turn < turn)
      .flatMap(({ edges }) => edges ?? []);
    return {
      active: snapshot === null ? new Set() : activePlaces(root, snapshot.value),
      now: new Set(now.map(({ id }) => id)),
      before: new Set(before.map(({ id }) => id)),
    };
  }, [root, snapshot, page, turn]);
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
