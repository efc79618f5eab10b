/** The sign of each state, so that colour is never the only one. */
import type { JSX } from 'preact';
import { words, type Look } from './states.ts';

const stroke = { fill: 'none', stroke: 'currentColor', 'stroke-width': 1.4 } as const;

const drawings: Readonly<Record<Look, JSX.Element>> = {
  queued: <circle cx="6" cy="6" r="4.3" {...stroke} stroke-dasharray="1.8 1.6" />,
  admitted: (
    <>
      <circle cx="6" cy="6" r="4.3" {...stroke} />
      <circle cx="6" cy="6" r="1.7" fill="currentColor" />
    </>
  ),
  slot: <path d="M6 1.500 11 10.500H1Z" fill="currentColor" />,
  'calling-provider': <path d="M6 2.200 10.300 10H1.700Z" {...stroke} />,
  'running-task': <rect x="2" y="2" width="8" height="8" fill="currentColor" />,
  'waiting-on-channel': (
    <path d="M1 3.500h7l-2 -2M11 8.500H4l2 2M1 8.500h1M10 3.500h1" {...stroke} />
  ),
  'waiting-on-timer': (
    <>
      <circle cx="6" cy="6" r="4.5" {...stroke} />
      <path d="M6 3.200V6l2 1.400" {...stroke} />
    </>
  ),
  'waiting-on-person': (
    <>
      <circle cx="6" cy="3.400" r="2.200" fill="currentColor" />
      <path d="M1.800 11c0-3 2-4.500 4.200-4.500s4.200 1.500 4.200 4.500Z" fill="currentColor" />
    </>
  ),
  'waiting-on-child': (
    <path d="M1.500 1.500h5v5h-5ZM6.500 9H10.500V4.500M6.500 7v4h4" {...stroke} />
  ),
  backoff: <path d="M10 6a4 4 0 1 1-1.300-3M9.500 .8v2.700H6.800" {...stroke} />,
  stalled: <path d="M0 6h3.500l1-3M12 6H8.500l-1 3M5.600 8.400l.8-4.800" {...stroke} />,
  paused: <path d="M4 2v8M8 2v8" {...stroke} stroke-width={2} />,
  completed: <path d="M2 6.500 4.800 9.200 10 3" {...stroke} stroke-width={1.8} />,
  failed: <path d="M2.500 2.500l7 7M9.500 2.500l-7 7" {...stroke} stroke-width={1.8} />,
  cancelled: (
    <>
      <circle cx="6" cy="6" r="4.3" {...stroke} />
      <path d="M3 9 9 3" {...stroke} />
    </>
  ),
};

export function Glyph({ look }: { readonly look: Look }): JSX.Element {
  return (
    <svg viewBox="0 0 12 12" aria-hidden="true" style={{ color: `var(--ink-${look})` }}>
      {drawings[look]}
    </svg>
  );
}

export function Swatch({ look }: { readonly look: Look }): JSX.Element {
  return <i class="swatch" style={{ background: `var(--fill-${look})` }} />;
}

/** Swatch, sign and word. */
export function State({
  look,
  text,
}: {
  readonly look: Look;
  readonly text?: string;
}): JSX.Element {
  return (
    <span class="state">
      <Swatch look={look} />
      <Glyph look={look} />
      <span>{text ?? words[look]}</span>
    </span>
  );
}
