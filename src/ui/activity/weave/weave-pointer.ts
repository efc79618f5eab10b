/**
 * What a pointer does on the weave: it drags the picture and clicks a run; the wheel zooms. It owns whether something is
 * dragged. Where it points at is the hairline's, because all tracks have that in common.
 */
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { go, pageAt } from '../../shell/router.ts';
import type { ActivityLink } from '../activity-link.ts';

type Point = { readonly x: number; readonly y: number };

/** Parts of the box's width and height below which a press is a click. */
const clickMax = 0.005;

type Handlers = {
  readonly onPointerDown: (event: PointerEvent) => void;
  readonly onPointerMove: (event: PointerEvent) => void;
  readonly onPointerUp: (event: PointerEvent) => void;
};

export function useWeavePointer(
  link: ActivityLink,
  box: RefObject<HTMLDivElement | null>,
): Handlers {
  const drag = useRef<(Point & { moved: boolean }) | null>(null);
  const at = ({ clientX, clientY }: MouseEvent): Point => {
    const of = box.current?.getBoundingClientRect();
    if (of === undefined) return { x: 0, y: 0 };
    return { x: (clientX - of.left) / of.width, y: (clientY - of.top) / of.height };
  };
  useWheel(box, (event) => {
    const delta = event.deltaY === 0 ? event.deltaX : event.deltaY;
    const by = Math.exp(Math.max(-1, Math.min(1, delta / 400)));
    link.say({ kind: 'zoom', ...at(event), by, axes: event.shiftKey ? 'rows' : 'both' });
  });
  return {
    onPointerDown(event) {
      if (event.button !== 0) return;
      drag.current = { ...at(event), moved: false };
      box.current?.setPointerCapture(event.pointerId);
    },
    onPointerMove(event) {
      const from = drag.current;
      if (from === null) return;
      const here = at(event);
      const far = Math.abs(here.x - from.x) + Math.abs(here.y - from.y);
      if (far < clickMax && !from.moved) return;
      link.say({ kind: 'pan', x: here.x - from.x, y: here.y - from.y });
      drag.current = { ...here, moved: true };
    },
    onPointerUp(event) {
      const isClick = drag.current?.moved === false;
      drag.current = null;
      if (!isClick) return;
      void link.pointed(at(event)).then((run) => {
        if (run !== null) go(pageAt(['runs', run.runId]));
      });
    },
  };
}

/** Not passive: the page would scroll. */
function useWheel(
  box: RefObject<HTMLDivElement | null>,
  turned: (event: WheelEvent) => void,
): void {
  const newest = useRef(turned);
  newest.current = turned;
  useEffect(() => {
    const { current } = box;
    const heard = (event: WheelEvent): void => {
      event.preventDefault();
      newest.current(event);
    };
    current?.addEventListener('wheel', heard, { passive: false });
    return () => current?.removeEventListener('wheel', heard);
  }, [box]);
}
