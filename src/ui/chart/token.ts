/**
 * A token that goes along the edges that a turn has taken, in their order. It tells where the run went and nothing that
 * does not stand there without it, so those who ask for less motion get none.
 */
import { useEffect } from 'preact/hooks';

const msMin = 160;
const msMax = 520;
const msOfPx = 0.9;

type Line = { readonly path: SVGPathElement; readonly length: number };

/** Of all lines together, in ms. */
const tokenMs = (lengthPx: number): number => Math.max(msMin, Math.min(msMax, lengthPx * msOfPx));

/** `steps`: ids of drawn edges; a new list sets the token off, and an empty one takes it away. */
export function useToken(
  box: { readonly current: HTMLElement | null },
  steps: readonly string[],
): void {
  useEffect(() => {
    const svg = box.current?.querySelector('svg');
    if (svg === null || svg === undefined || steps.length === 0) return undefined;
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return undefined;
    const lines = steps.flatMap((id): Line[] => {
      const path = svg.querySelector<SVGPathElement>(`path[data-edge="${CSS.escape(id)}"]`);
      return path === null ? [] : [{ path, length: path.getTotalLength() }];
    });
    const all = lines.reduce((sum, { length }) => sum + length, 0);
    if (all === 0) return undefined;
    const token = document.createElementNS('http://www.w3.org/2000/svg', 'circle');
    token.setAttribute('class', 'chart-token');
    token.setAttribute('r', '5');
    svg.append(token);
    const begunMs = performance.now();
    const lastsMs = tokenMs(all);
    let frame = 0;
    const move = (): void => {
      const part = (performance.now() - begunMs) / lastsMs;
      const place = placeAt(lines, part * all);
      if (part >= 1 || place === null) {
        token.remove();
        return;
      }
      token.setAttribute('cx', String(place.x));
      token.setAttribute('cy', String(place.y));
      frame = requestAnimationFrame(move);
    };
    move();
    return () => {
      cancelAnimationFrame(frame);
      token.remove();
    };
  }, [steps]);
}

function placeAt(lines: readonly Line[], far: number): DOMPoint | null {
  let left = far;
  for (const { path, length } of lines) {
    if (left <= length) return path.getPointAtLength(left);
    left -= length;
  }
  return null;
}
