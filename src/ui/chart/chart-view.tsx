/** A chart: drawn where it could be laid out and there is room, else as an outline. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import './chart.css';
import type { AgentChart } from '../../client/index.ts';
import { ChartOutline } from './chart-outline.tsx';
import { ChartPicture } from './chart-picture.tsx';
import { ChartTable } from './chart-table.tsx';
import { dark, litPlan, type Light } from './lit.ts';

/** Below this a chart is read better as an outline. */
const roomPx = 480;
/** A chart that would have to be smaller is scrolled instead. */
const scaleMin = 0.64;
const outlineStates = 40;

const views = ['chart', 'outline', 'table'] as const;
export type View = (typeof views)[number];

export const asView = (word: string | null): View | null =>
  views.find((view) => view === word) ?? null;

const noSteps: readonly string[] = [];

type Props = {
  readonly chart: AgentChart;
  readonly light?: Light;
  /** Edges of the chart along which a token goes, in order. */
  readonly steps?: readonly string[];
  readonly label: string;
  /** What was asked for, and who is told when another view is; default: the chart keeps it itself. */
  readonly view?: View | null;
  readonly setView?: (view: View) => void;
};

export function ChartView(props: Props): JSX.Element {
  const { chart, light = dark, steps = noSteps, label } = props;
  const lit = useMemo(() => litPlan(chart.plan, light), [chart, light]);
  const { drawing, plan } = chart;
  const [own, setOwn] = useState<View | null>(null);
  const asked = props.view === undefined ? own : props.view;
  const setView = props.setView ?? setOwn;
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(960);
  useEffect(() => {
    const { current } = box;
    if (current === null) return undefined;
    const seen = new ResizeObserver(() => setWidth(current.clientWidth));
    seen.observe(current);
    return () => seen.disconnect();
  }, []);
  const drawn = useMemo(() => drawnSteps(plan, steps), [plan, steps]);
  const isLarge = plan.nodes.length > outlineStates || width < roomPx;
  const usual: View = drawing === null || isLarge ? 'outline' : 'chart';
  const shown = drawing === null && asked === 'chart' ? usual : (asked ?? usual);
  const scale =
    drawing === null ? 1 : Math.min(1, Math.max(scaleMin, (width - 24) / drawing.width));
  return (
    <div class="chart" ref={box}>
      <div class="chart-bar">
        <div class="choice" role="group" aria-label="Show the chart as">
          {views.map((one) => (
            <button
              key={one}
              type="button"
              aria-pressed={shown === one}
              disabled={one === 'chart' && drawing === null}
              onClick={() => setView(one)}
            >
              {one}
            </button>
          ))}
        </div>
        {drawing === null && (
          <span class="small quiet">No drawing: {chart.why ?? 'it was not drawn'}.</span>
        )}
      </div>
      {shown === 'chart' && drawing !== null && (
        <ChartPicture
          plan={plan}
          drawing={drawing}
          lit={lit}
          scale={scale}
          label={label}
          steps={drawn}
        />
      )}
      {shown === 'outline' && <ChartOutline plan={plan} lit={lit} label={label} />}
      {shown === 'table' && <ChartTable plan={plan} lit={lit} label={label} />}
    </div>
  );
}

/** The drawn edges of these edges of the chart, in their order; inlets have no line to go along. */
function drawnSteps(plan: AgentChart['plan'], steps: readonly string[]): readonly string[] {
  if (steps.length === 0) return noSteps;
  return steps.flatMap((step) =>
    plan.edges.filter(({ edges }) => edges.includes(step)).map(({ id }) => id),
  );
}
