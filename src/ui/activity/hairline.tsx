/**
 * One hairline over all tracks. It stands where the pointer is, or where keys have put it; the numbers beside the tracks
 * are those of its instant.
 */
import type { JSX, RefObject } from 'preact';
import { instant } from '../look/time.ts';
import type { ActivityLink } from './activity-link.ts';

type Handlers = {
  readonly onPointerMove: (event: PointerEvent) => void;
  readonly onPointerLeave: () => void;
};

/** `box`: the weave, whose width all tracks have. */
export function useHairline(link: ActivityLink, box: RefObject<HTMLDivElement | null>): Handlers {
  return {
    onPointerMove({ clientX, clientY }) {
      const of = box.current?.getBoundingClientRect();
      if (of === undefined) return;
      const x = (clientX - of.left) / of.width;
      const y = (clientY - of.top) / of.height;
      const isOn = x >= 0 && x <= 1;
      link.point(isOn ? { x, y: y >= 0 && y < 1 ? y : null } : null);
    },
    onPointerLeave: () => link.point(null),
  };
}

export function Hairline({ link }: { readonly link: ActivityLink }): JSX.Element | null {
  const cursor = link.cursor.value;
  const at = link.instant.value;
  if (cursor === null) return null;
  return (
    <div
      class={`hairline ${cursor.x > 0.9 ? 'is-right' : ''}`}
      aria-hidden="true"
      style={{ '--x': cursor.x }}
    >
      {at !== null && <span>{instant(at.atMs)}</span>}
    </div>
  );
}
