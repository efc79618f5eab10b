/**
 * A long list of which only the rows that are seen are in the document. Rows are placed by their number, so the list
 * stays still while rows come and go elsewhere in it.
 */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

const beyond = 8;

export function VirtualRows({
  count,
  rowPx = 28,
  label,
  render,
  seen,
  current,
}: {
  readonly count: number;
  readonly rowPx?: number;
  readonly label: string;
  readonly render: (index: number) => ComponentChildren;
  /** Told which rows are seen, so that a page of them can be fetched. */
  readonly seen?: (from: number, to: number) => void;
  /** The row at which the keys are: it is brought into sight when it becomes another. */
  readonly current?: number;
}): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [{ top, height }, setPlace] = useState({ top: 0, height: 640 });
  useEffect(() => {
    const { current } = box;
    if (current === null) return undefined;
    const look = (): void => setPlace({ top: current.scrollTop, height: current.clientHeight });
    look();
    const size = new ResizeObserver(look);
    size.observe(current);
    current.addEventListener('scroll', look, { passive: true });
    return () => {
      size.disconnect();
      current.removeEventListener('scroll', look);
    };
  }, []);
  useEffect(() => {
    const { current: of } = box;
    if (of === null || current === undefined) return;
    const y = current * rowPx;
    if (y < of.scrollTop) of.scrollTop = y;
    else if (y + rowPx > of.scrollTop + of.clientHeight) of.scrollTop = y + rowPx - of.clientHeight;
  }, [current, rowPx]);
  const from = Math.max(0, Math.floor(top / rowPx) - beyond);
  const to = Math.min(count, Math.ceil((top + height) / rowPx) + beyond);
  useEffect(() => seen?.(from, to), [from, to, count]);
  return (
    <div class="virtual" ref={box} role="rowgroup" aria-label={label} tabIndex={0}>
      <div style={{ height: `${count * rowPx}px`, position: 'relative' }}>
        {Array.from({ length: Math.max(0, to - from) }, (_, i) => (
          <div
            key={from + i}
            class="virtual-row"
            style={{ transform: `translateY(${(from + i) * rowPx}px)`, height: `${rowPx}px` }}
          >
            {render(from + i)}
          </div>
        ))}
      </div>
    </div>
  );
}
