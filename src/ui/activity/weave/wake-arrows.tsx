/**
 * Where a message of a run wakes another: an arrow from row to row. Journals tell it; they are read for the runs that are
 * shown, a few at a time, and again when a run has moved.
 */
import type { JSX } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import { client } from '../../shell/access.ts';
import type { ActivityLink } from '../activity-link.ts';
import { KnownWakes } from './known-wakes.ts';

/** As wide as the head of an arrow needs it. */
const headPx = 3;

export function WakeArrows({
  link,
  heightPx,
}: {
  readonly link: ActivityLink;
  readonly heightPx: number;
}): JSX.Element | null {
  const wakes = useMemo(() => new KnownWakes(client.value), [client.value]);
  const view = link.view.value;
  const rows = view?.rows ?? [];
  useEffect(() => wakes.want(rows), [wakes, rows]);
  if (view === null || rows.length === 0 || wakes.version.value === 0) return null;
  const { fromMs, toMs } = view;
  const yOf = new Map(rows.map(({ runId, y }) => [runId, y * heightPx]));
  const arrows = rows.flatMap(({ runId }) =>
    wakes.of(runId).flatMap(({ byRunId, atMs }) => {
      const [from, to] = [yOf.get(byRunId), yOf.get(runId)];
      if (from === undefined || to === undefined || atMs < fromMs || atMs > toMs) return [];
      return [
        { key: `${byRunId} ${runId} ${atMs}`, x: (atMs - fromMs) / (toMs - fromMs), from, to },
      ];
    }),
  );
  return (
    <svg class="wakes" height={heightPx} role="img" aria-label={labelOf(arrows.length)}>
      {arrows.map(({ key, x, from, to }) => {
        const down = Math.sign(to - from);
        return (
          <svg key={key} x={`${x * 100}%`} overflow="visible">
            <circle cy={from} r={2} />
            <path d={`M0 ${from}V${to - down * headPx}`} />
            <path class="head" d={`M${-headPx} ${to - down * 2 * headPx}H${headPx}L0 ${to}Z`} />
          </svg>
        );
      })}
    </svg>
  );
}

const labelOf = (count: number): string =>
  `${count} ${count === 1 ? 'message has' : 'messages have'} woken a run that is shown`;
