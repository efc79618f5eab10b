/** The weave: each run a thread over time. The worker draws it; here are its names, its pointer and the tip. */
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { Swatch } from '../look/glyph.tsx';
import { words } from '../look/states.ts';
import type { ActivityLink } from './activity-link.ts';
import { TrackCanvas } from './track.tsx';
import { useWeavePointer, type Tip } from './weave-pointer.ts';

const heightPx = 340;
const nameMinPx = 13;

export function Weave({ link }: { readonly link: ActivityLink }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const { tip, handlers } = useWeavePointer(link, box);
  const { bands = [], rowsPerPx = 1 } = link.view.value ?? {};
  return (
    <div class="track weave">
      <div class="track-name">
        Threads
        <small>
          {rowsPerPx > 1 ? `1 of ${Math.round(rowsPerPx)} runs is drawn` : 'each run is drawn'}
        </small>
        <small class="hint">wheel: zoom; drag: move; click: the run</small>
      </div>
      <div class="weave-box" ref={box} {...handlers}>
        <TrackCanvas
          link={link}
          track="weave"
          height={heightPx}
          label="Each open run as a thread over time, coloured by its state"
        />
        {bands.map(({ name, top, bottom }) => (
          <span
            key={name}
            class="band-name"
            hidden={(bottom - top) * heightPx < nameMinPx}
            style={{ top: `${top * 100}%` }}
          >
            {name}
          </span>
        ))}
      </div>
      <div />
      {tip !== null && <WeaveTip {...tip} />}
    </div>
  );
}

function WeaveTip({ run, x, y }: Tip): JSX.Element {
  const { look } = run;
  const at = { left: `${Math.min(x + 12, innerWidth - 330)}px`, top: `${y + 12}px` };
  return (
    <div class="tip" style={at}>
      {look !== null && (
        <span class="state">
          <Swatch look={look} /> {words[look]}
          {run.sinceMs !== null && ` for ${((run.atMs - run.sinceMs) / 1_000).toFixed(1)} s`}
        </span>
      )}
      <div class="mono">
        {run.agent} · {run.user} · {run.pipeline}
      </div>
      <div class="mono quiet">{run.runId}</div>
    </div>
  );
}
