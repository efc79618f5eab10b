/** The lane of a gate over the last minutes: slots in use, its limit, 429s, when it took no calls. */
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { coloursOf } from '../../activity/worker/paint/colours.ts';
import { paintLane } from '../../activity/worker/paint/tracks.ts';
import type { Series } from '../../activity/worker/series.ts';
import { nowMs } from '../../look/time.ts';
import { theme } from '../../shell/theme.ts';
import { spanMs } from './gate-lanes.ts';

const heightPx = 70;

export function GateLane({
  series,
  most,
  label,
}: {
  readonly series: Series;
  /** The height of the lane, in slots. */
  readonly most: number;
  readonly label: string;
}): JSX.Element {
  const holder = useRef<HTMLDivElement>(null);
  const draw = useRef<() => void>(() => undefined);
  const newest = useRef({ series, most });
  newest.current = { series, most };
  useEffect(() => {
    const box = holder.current;
    if (box === null) return undefined;
    const canvas = document.createElement('canvas');
    canvas.setAttribute('aria-hidden', 'true');
    box.append(canvas);
    const drawn = canvas.transferControlToOffscreen();
    const surface = drawn.getContext('2d', { alpha: false });
    draw.current = () => {
      const width = Math.round(box.clientWidth * devicePixelRatio);
      if (surface === null || width === 0) return;
      drawn.width = width;
      drawn.height = Math.round(heightPx * devicePixelRatio);
      const toMs = Date.now();
      const area = { width, height: drawn.height, x0: 0, x1: width };
      const scale = { fromMs: toMs - spanMs, toMs };
      const colours = coloursOf(theme.peek(), null);
      paintLane(surface, area, scale, { ...newest.current, colours });
    };
    const seen = new ResizeObserver(() => draw.current());
    seen.observe(box);
    return () => {
      seen.disconnect();
      canvas.remove();
    };
  }, []);
  useEffect(() => draw.current(), [nowMs.value, theme.value, series, most]);
  return (
    <figure class="gate-lane">
      <div ref={holder} role="img" aria-label={label} />
      <figcaption>
        <span>5 min ago</span>
        <span>now</span>
      </figcaption>
    </figure>
  );
}
