/** The run's chart as it was after a turn, with the edges of this turn and of those before it. */
import type { JSX } from 'preact';
import { useMemo, useRef } from 'preact/hooks';
import type { RunInFull } from '../../client/index.ts';
import { activePlaces } from '../chart/active.ts';
import { ChartView } from '../chart/chart-view.tsx';
import type { Light } from '../chart/lit.ts';
import { useChart } from '../chart/use-chart.ts';
import { Trouble } from '../shell/trouble.tsx';
import type { TurnPage, TurnStore } from './turns/turn-store.ts';

type Props = { readonly run: RunInFull; readonly store: TurnStore; readonly turn: number };

export function RunChart({ run: { agent, version }, store, turn }: Props): JSX.Element {
  const { chart, trouble, again } = useChart(agent, version);
  const line = store.turn(turn);
  const snapshot = store.snapshot(turn);
  const own = store.page(turn);
  const pages = store.pagesBefore(turn);
  // Windows come and go, and one takes the place of another.
  const known = pages.map(({ turns }) => `${turns[0]?.turn} ${turns.length}`).join();
  const root = chart?.plan.root ?? '';
  // Where the turn led stands in its window. Where the chart here may lead elsewhere, a snapshot says it better.
  const told = snapshot !== null && line?.exact !== true ? snapshot : line;
  const value = told?.value ?? null;
  const light = useMemo((): Light => {
    const now = told?.edges ?? [];
    const before = new Set(pages.flatMap((page) => [...edgesOf(page)]));
    for (const one of own?.turns ?? [])
      if (one.turn < turn) for (const { id } of one.edges ?? []) before.add(id);
    return {
      active: value === null ? new Set() : activePlaces(root, value),
      now: new Set(now.map(({ id }) => id)),
      before,
    };
  }, [root, told, own, known, turn]);
  const steps = useForwardSteps(told);
  if (chart === null) {
    return trouble === null ? (
      <p class="quiet run-chart">Drawing …</p>
    ) : (
      <Trouble error={trouble} again={again} />
    );
  }
  return (
    <div class="run-chart">
      <ChartView
        chart={chart}
        light={light}
        steps={steps}
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

const edgesOfPages = new WeakMap<TurnPage, ReadonlySet<string>>();

/** The edges that the turns of a window took. Many steps are made in another window: they are counted up once. */
function edgesOf(page: TurnPage): ReadonlySet<string> {
  const known = edgesOfPages.get(page);
  if (known !== undefined) return known;
  const edges = new Set(page.turns.flatMap((one) => (one.edges ?? []).map(({ id }) => id)));
  edgesOfPages.set(page, edges);
  return edges;
}

const none: readonly string[] = [];

/** The edges of the turn that is shown, when it is the one after the turn that was shown before. */
function useForwardSteps(
  told: { readonly turn: number; readonly edges: readonly { readonly id: string }[] | null } | null,
): readonly string[] {
  const before = useRef<number | null>(null);
  return useMemo(() => {
    if (told === null) return none;
    const isForward = told.turn - 1 === before.current;
    before.current = told.turn;
    return isForward ? (told.edges ?? []).map(({ id }) => id) : none;
  }, [told]);
}
