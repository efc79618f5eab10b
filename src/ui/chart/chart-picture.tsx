/** The drawing of a chart as SVG. Turns change classes only; nothing moves. */
import type { JSX, RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type {
  AgentChart,
  ChartBox,
  ChartDrawing,
  ChartEdge,
  ChartNode,
} from '../../client/index.ts';
import { inletId, type LitPlan } from './lit.ts';
import { useToken } from './token.ts';

type Plan = AgentChart['plan'];

const cornerPx = 7;
const linePx = 14;
const rowPx = 16;
const cellPx = 7;

export function ChartPicture({
  plan,
  drawing,
  lit,
  scale,
  label,
  steps,
}: {
  readonly plan: Plan;
  readonly drawing: ChartDrawing;
  readonly lit: LitPlan;
  readonly scale: number;
  readonly label: string;
  /** The drawn edges along which a token goes now, one after the other; none when nothing was stepped. */
  readonly steps: readonly string[];
}): JSX.Element {
  const { width, height, nodes, edges } = drawing;
  const box = useRef<HTMLDivElement>(null);
  useToken(box, steps);
  // A root with edges of its own has a frame from which they come.
  const isFramed = plan.edges.some(({ source, target }) => [source, target].includes(plan.root));
  const active = plan.nodes.findLast(
    ({ id, children }) => children.length === 0 && lit.nodes.has(id),
  );
  const place = active === undefined ? undefined : nodes[active.id];
  useInSight(box, { id: active?.id, place, scale });
  return (
    <div class="chart-stage" ref={box} tabIndex={0}>
      <svg
        width={width * scale}
        height={height * scale}
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={label}
      >
        <Marks />
        {plan.nodes.map((node) => {
          const at = nodes[node.id];
          return at === undefined || (node.id === plan.root && !isFramed) ? null : (
            <State key={node.id} node={node} at={at} lit={lit} />
          );
        })}
        {plan.nodes.map(({ id, initial }) => {
          const dot = nodes[`${id} initial`];
          const points = edges[`${id} initial edge`]?.points;
          return dot === undefined || initial === null ? null : (
            <g key={id} class="chart-initial">
              <circle cx={dot.x + dot.width / 2} cy={dot.y + dot.height / 2} r={4} />
              {points !== undefined && <path d={pathOf(points)} marker-end="url(#chart-tip)" />}
            </g>
          );
        })}
        {plan.edges.map((edge) => {
          const at = edges[edge.id];
          const how = lit.edges.get(edge.id);
          return at === undefined ? null : <Edge key={edge.id} edge={edge} at={at} how={how} />;
        })}
      </svg>
    </div>
  );
}

/** What is active comes into sight; a chart that is seen in whole does not move. */
function useInSight(
  box: RefObject<HTMLDivElement | null>,
  of: {
    readonly id: string | undefined;
    readonly place: ChartBox | undefined;
    readonly scale: number;
  },
): void {
  const { id, place, scale } = of;
  const scaled = useRef(scale);
  useEffect(() => {
    const { current } = box;
    if (current === null) return;
    // Of another size it begins at its corner again: what was scrolled for the size before has no meaning.
    if (scaled.current !== scale) current.scrollTo(0, 0);
    scaled.current = scale;
    if (place === undefined) return;
    const [x, y] = [place.x * scale, place.y * scale];
    const { scrollLeft, scrollTop, clientWidth, clientHeight } = current;
    if (x < scrollLeft || x + place.width * scale > scrollLeft + clientWidth)
      current.scrollLeft = x - clientWidth / 2;
    if (y < scrollTop || y + place.height * scale > scrollTop + clientHeight)
      current.scrollTop = y - clientHeight / 2;
  }, [id, scale]);
}

/** Tips of edges, in the colours that edges have. */
function Marks(): JSX.Element {
  return (
    <defs>
      {['chart-tip', 'chart-tip-before', 'chart-tip-now'].map((id) => (
        <marker
          key={id}
          id={id}
          class={id}
          viewBox="0 0 8 8"
          refX="7"
          refY="4"
          markerWidth="7"
          markerHeight="7"
          markerUnits="userSpaceOnUse"
          orient="auto"
        >
          <path d="M0 1 7.5 4 0 7Z" />
        </marker>
      ))}
    </defs>
  );
}

const rowSigns = { invoke: '▷', entry: 'on entry', inlet: '→' } as const;

function State({
  node,
  at: { x, y, width, height },
  lit,
}: {
  readonly node: ChartNode;
  readonly at: ChartBox;
  readonly lit: LitPlan;
}): JSX.Element {
  const { id, key, type, rows, children, isDeep, alike } = node;
  const isLit = lit.nodes.has(id);
  const kind = `chart-node is-${type} ${isLit ? 'is-lit' : ''} ${children.length === 0 ? 'is-leaf' : ''}`;
  if (type === 'history') {
    return (
      <g class={kind}>
        <circle cx={x + width / 2} cy={y + height / 2} r={12} />
        <text x={x + width / 2} y={y + height / 2 + 4} text-anchor="middle">
          {isDeep === true ? 'H*' : 'H'}
        </text>
      </g>
    );
  }
  const isContainer = children.length > 0;
  const nameX = isContainer ? x + 10 : x + width / 2;
  return (
    <g class={kind}>
      <rect x={x} y={y} width={width} height={height} rx={5} />
      {type === 'final' && (
        <rect x={x + 3} y={y + 3} width={width - 6} height={height - 6} rx={3} />
      )}
      <text class="chart-name" x={nameX} y={y + 19} text-anchor={isContainer ? 'start' : 'middle'}>
        {key}
        {type === 'parallel' ? ' ‖' : ''}
        {alike === undefined ? '' : ` ×${alike.length}`}
      </text>
      {alike?.map((region, n) => (
        <rect
          key={region.id}
          class={`chart-cell ${lit.regions.has(region.id) ? 'is-lit' : ''}`}
          x={x + width - 12 - (alike.length - n) * (cellPx + 2)}
          y={y + 11}
          width={cellPx}
          height={cellPx}
        >
          <title>{region.key}</title>
        </rect>
      ))}
      {rows.map((row, n) => (
        <text
          key={row.text}
          class={`chart-row ${lit.edges.get(inletId(id, n)) ?? ''}`}
          x={x + 10}
          y={y + 36 + n * rowPx}
        >
          {rowSigns[row.kind]} {row.text}
        </text>
      ))}
    </g>
  );
}

function Edge({
  edge: { id, kind, labels },
  at: { points, label },
  how,
}: {
  readonly edge: ChartEdge;
  readonly at: ChartDrawing['edges'][string];
  readonly how: 'now' | 'before' | undefined;
}): JSX.Element {
  const tip = how === undefined ? 'chart-tip' : `chart-tip-${how}`;
  return (
    <g class={`chart-edge is-${kind} ${how ?? ''}`}>
      <path d={pathOf(points)} data-edge={id} marker-end={`url(#${tip})`} />
      {label !== null && (
        <>
          <rect x={label.x} y={label.y} width={label.width} height={label.height} />
          {labels.map((line, n) => (
            <text
              key={line}
              x={label.x + label.width / 2}
              y={label.y + 11 + n * linePx}
              text-anchor="middle"
            >
              {line}
            </text>
          ))}
        </>
      )}
    </g>
  );
}

/** Corners are rounded. */
function pathOf(points: readonly (readonly number[])[]): string {
  const at = points.map(([x = 0, y = 0]) => ({ x, y }));
  return at
    .map((point, n) => {
      const before = at[n - 1];
      const after = at[n + 1];
      if (before === undefined) return `M${point.x} ${point.y}`;
      if (after === undefined) return `L${point.x} ${point.y}`;
      const enter = towards(point, before);
      const leave = towards(point, after);
      return `L${enter.x} ${enter.y}Q${point.x} ${point.y} ${leave.x} ${leave.y}`;
    })
    .join('');
}

type Point = { readonly x: number; readonly y: number };

function towards(from: Point, to: Point): Point {
  const far = Math.hypot(to.x - from.x, to.y - from.y);
  const part = far === 0 ? 0 : Math.min(cornerPx, far / 2) / far;
  return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
}
