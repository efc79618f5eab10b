/** One track: its name, the canvas that the worker draws, its newest number. */
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { ActivityLink } from './activity-link.ts';
import type { TrackName } from './words.ts';

/** A canvas that the worker draws into, told of its size. */
export function TrackCanvas({
  link,
  track,
  height,
  label,
}: {
  readonly link: ActivityLink;
  readonly track: TrackName;
  readonly height: number;
  readonly label: string;
}): JSX.Element {
  const holder = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const box = holder.current;
    if (box === null) return undefined;
    // Made here, because a canvas can be given away once only.
    const canvas = document.createElement('canvas');
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', label);
    canvas.style.cssText = `display:block;width:100%;height:${height}px`;
    box.append(canvas);
    const size = () => ({ width: box.clientWidth, height, ratio: devicePixelRatio });
    link.give(track, canvas, size());
    const seen = new ResizeObserver(() => link.say({ kind: 'size', track, size: size() }));
    seen.observe(box);
    return () => {
      seen.disconnect();
      canvas.remove();
    };
  }, [link, track, height, label]);
  return <div ref={holder} />;
}

export function Track({
  name,
  below,
  end,
  ...of
}: {
  readonly link: ActivityLink;
  readonly track: TrackName;
  readonly height: number;
  readonly label: string;
  readonly name: string;
  readonly below: string;
  readonly end: JSX.Element | string;
}): JSX.Element {
  return (
    <div class="track">
      <div class="track-name">
        {name}
        <small>{below}</small>
      </div>
      <TrackCanvas {...of} />
      <div class="track-end">{end}</div>
    </div>
  );
}
