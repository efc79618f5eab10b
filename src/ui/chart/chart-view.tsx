/** A chart: drawn where it could be laid out and there is room, else as an outline. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import './chart.css';
import type { AgentChart } from '../../client/index.ts';
import { ChartOutline } from './chart-outline.tsx';
import { ChartPicture } from './chart-picture.tsx';
import { dark, litPlan, type Light } from './lit.ts';

/** Below this a chart is read better as an outline. */
const roomPx = 480;
/** A chart that would have to be smaller is scrolled instead. */
const scaleMin = 0.64;
const outlineStates = 40;

export function ChartView({
  chart,
  light = dark,
  label,
}: {
  readonly chart: AgentChart;
  readonly light?: Light;
  readonly label: string;
}): JSX.Element {
  const lit = useMemo(() => litPlan(chart.plan, light), [chart, light]);
  const { drawing, plan } = chart;
  const [asked, setAsked] = useState<'picture' | 'outline' | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(960);
  useEffect(() => {
    const { current } = box;
    if (current === null) return undefined;
    const seen = new ResizeObserver(() => setWidth(current.clientWidth));
    seen.observe(current);
    return () => seen.disconnect();
  }, []);
  const isLarge = plan.nodes.length > outlineStates || width < roomPx;
  const shown = drawing === null ? 'outline' : (asked ?? (isLarge ? 'outline' : 'picture'));
  const scale =
    drawing === null ? 1 : Math.min(1, Math.max(scaleMin, (width - 24) / drawing.width));
  return (
    <div class="chart" ref={box}>
      <div class="chart-bar">
        {drawing === null ? (
          <span class="small quiet">An outline, because {chart.why ?? 'it was not drawn'}.</span>
        ) : (
          <div class="choice" role="group" aria-label="Show the chart as">
            {(['picture', 'outline'] as const).map((one) => (
              <button
                key={one}
                type="button"
                aria-pressed={shown === one}
                onClick={() => setAsked(one)}
              >
                {one}
              </button>
            ))}
          </div>
        )}
      </div>
      {shown === 'picture' && drawing !== null ? (
        <ChartPicture plan={plan} drawing={drawing} lit={lit} scale={scale} label={label} />
      ) : (
        <ChartOutline plan={plan} lit={lit} label={label} />
      )}
    </div>
  );
}
