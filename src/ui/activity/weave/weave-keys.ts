/** The weave by keys: arrows move the hairline and the place on it, + and − zoom there, enter opens the run. */
import { go, pageAt } from '../../shell/router.ts';
import type { ActivityLink } from '../activity-link.ts';
import type { Cursor } from '../words.ts';

const middle: Cursor = { x: 0.98, y: 0.5 };
const zoomBy = 1.25;

type Handlers = {
  readonly onFocus: (event: FocusEvent) => void;
  readonly onBlur: () => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
};

/** By key: so many steps to the right and down. */
const arrows: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

const within = (part: number): number => Math.max(0.001, Math.min(0.999, part));

export function useWeaveKeys(link: ActivityLink, heightPx: number): Handlers {
  const here = (): { readonly x: number; readonly y: number } => {
    const { x, y } = link.cursor.peek() ?? middle;
    return { x, y: y ?? 0.5 };
  };
  const zoom = (by: number, event: KeyboardEvent): void =>
    link.say({ kind: 'zoom', ...here(), by, axes: event.altKey ? 'rows' : 'both' });
  const take = (event: KeyboardEvent): boolean => {
    const arrow = arrows[event.key];
    if (arrow !== undefined) {
      const { x, y } = here();
      // A step down is a row where rows are higher than a pixel, else a few of them.
      const rowPx = 1 / (link.view.peek()?.rowsPerPx ?? 1);
      const steps = event.shiftKey ? 10 : 1;
      link.point({
        x: within(x + arrow[0] * steps * 0.01),
        y: within(y + (arrow[1] * steps * Math.max(rowPx, 4)) / heightPx),
      });
      return true;
    }
    if (event.key === '+' || event.key === '=') zoom(1 / zoomBy, event);
    else if (event.key === '-') zoom(zoomBy, event);
    else if (event.key === 'Enter') {
      void link.pointed(here()).then((run) => {
        if (run !== null) go(pageAt(['runs', run.runId]));
      });
    } else return false;
    return true;
  };
  return {
    onFocus({ currentTarget }) {
      // A pointer that has pressed here points somewhere already.
      const isByKeys = currentTarget instanceof Element && currentTarget.matches(':focus-visible');
      if (isByKeys && link.cursor.peek() === null) link.point(middle);
    },
    onBlur: () => link.point(null),
    onKeyDown(event) {
      if (event.ctrlKey || event.metaKey || !take(event)) return;
      event.preventDefault();
      event.stopPropagation();
    },
  };
}
