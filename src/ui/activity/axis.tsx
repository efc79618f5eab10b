/** The axis of time below all tracks. */
import type { JSX } from 'preact';
import type { ActivityLink } from './activity-link.ts';

export function Axis({ link }: { readonly link: ActivityLink }): JSX.Element {
  const view = link.view.value;
  if (view === null) return <div class="axis" />;
  const { fromMs, toMs, isLive } = view;
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300].map((s) => s * 1_000);
  const step = steps.find((one) => (toMs - fromMs) / one <= 8) ?? 600_000;
  const first = Math.ceil(fromMs / step) * step;
  const marks = Array.from(
    { length: Math.floor((toMs - first) / step) + 1 },
    (_, i) => first + i * step,
  );
  return (
    <div class="axis" aria-hidden="true">
      <span>{isLive ? 'live' : 'past'}</span>
      <div>
        {marks.map((ms) => (
          <i key={ms} style={{ left: `${((ms - fromMs) / (toMs - fromMs)) * 100}%` }}>
            {new Date(ms).toTimeString().slice(step < 60_000 ? 3 : 0, 8)}
          </i>
        ))}
      </div>
    </div>
  );
}
