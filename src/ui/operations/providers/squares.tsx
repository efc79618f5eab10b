/** The slots of a gate as squares, and what squares and lanes mean. */
import type { JSX } from 'preact';
import type { Provider } from '../../../client/index.ts';

/** Beyond this many squares nobody counts them. */
const squaresMax = 400;

export function Squares({
  provider: { inUse, limit, ceiling, status },
}: {
  readonly provider: Provider;
}): JSX.Element | null {
  const all = Math.max(limit, ceiling, inUse);
  if (all > squaresMax) return null;
  const isOpen = status === 'open';
  const free = Math.max(0, limit - inUse);
  const label = `${inUse} in use, ${free} ${isOpen ? 'free' : status}, ${Math.max(0, all - limit)} beyond the limit`;
  return (
    <div class="squares" role="img" aria-label={label} title={label}>
      {Array.from({ length: all }, (_, at) => {
        const kind = at < inUse ? 'used' : at >= limit ? 'beyond' : isOpen ? 'free' : 'stalled';
        return <i key={at} class={kind} />;
      })}
    </div>
  );
}

const kinds = [
  ['used', 'in use'],
  ['free', 'free'],
  ['stalled', 'held back: it takes no calls now'],
  ['beyond', 'beyond the limit that heddle has learned'],
] as const;

export function SquaresLegend(): JSX.Element {
  return (
    <div class="squares-legend small quiet">
      <span>Each square is a slot, for one call at a time:</span>
      {kinds.map(([kind, words]) => (
        <span key={kind} class="squares">
          <i class={kind} /> {words}
        </span>
      ))}
      <span>
        Over time: the area is slots in use, the line the limit, dashes the ceiling, a tick below a
        429, a band a time in which it took no calls.
      </span>
    </div>
  );
}
