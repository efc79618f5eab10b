/** What the page and its worker say to each other. */
import type { Access } from '../shell/ask/asker.ts';
import type { Theme } from '../shell/theme.ts';
import type { Look } from '../look/states.ts';
import type { Slowest } from './worker/pipelines.ts';
import type { Order } from './worker/rows.ts';
import type { Gate, UserShare } from './worker/shown.ts';
import type { Instant } from './worker/paint/under.ts';

/** The tracks, from top to bottom; a lane is named by its gate. */
export type TrackName = 'weave' | 'states' | 'line' | `lane ${string}` | 'throughput' | 'latency';

export type ToWorker =
  | { readonly kind: 'begin'; readonly access: Access; readonly theme: Theme }
  | { readonly kind: 'theme'; readonly theme: Theme }
  | {
      readonly kind: 'canvas';
      readonly track: TrackName;
      readonly canvas: OffscreenCanvas;
      readonly size: Size;
    }
  | { readonly kind: 'size'; readonly track: TrackName; readonly size: Size }
  | { readonly kind: 'order'; readonly order: Order }
  | { readonly kind: 'isolate'; readonly look: Look | null }
  | {
      readonly kind: 'zoom';
      readonly x: number;
      readonly y: number;
      readonly by: number;
      readonly axes: 'both' | 'rows';
    }
  | { readonly kind: 'pan'; readonly x: number; readonly y: number }
  | { readonly kind: 'all' }
  /** Shows this time; `toMs` null: up to now. */
  | { readonly kind: 'show'; readonly spanMs: number; readonly toMs: number | null }
  /** Where the hairline stands, and the pointer on the weave; as parts of its width and height. */
  | { readonly kind: 'cursor'; readonly at: Cursor | null }
  | { readonly kind: 'hidden'; readonly isHidden: boolean }
  /** The run under a point of the weave, as parts of its width and height. */
  | { readonly kind: 'point'; readonly id: number; readonly x: number; readonly y: number };

export type Cursor = { readonly x: number; readonly y: number | null };

/** In css px; `ratio`: device px of each. */
export type Size = { readonly width: number; readonly height: number; readonly ratio: number };

export type { Gate };

export type FromWorker =
  | {
      readonly kind: 'now';
      readonly atMs: number;
      /** By code. */
      readonly counts: readonly number[];
      readonly open: number;
      readonly total: number;
      /** False: heddle has not told yet what is going on; the counts are none. */
      readonly isKnown: boolean;
      /** Of how many runs one has a row. */
      readonly every: number;
      readonly isWhole: boolean;
      readonly gates: readonly Gate[];
      readonly users: readonly UserShare[];
      readonly endedPerSecond: number;
      readonly latencyMs: { readonly p50: number; readonly p95: number } | null;
      readonly slowest: Slowest | null;
    }
  | {
      readonly kind: 'view';
      readonly fromMs: number;
      readonly toMs: number;
      readonly bands: readonly {
        readonly name: string;
        readonly top: number;
        readonly bottom: number;
      }[];
      readonly rowsPerPx: number;
      readonly isLive: boolean;
      /** Neither time nor rows are chosen. */
      readonly showsAll: boolean;
      /** Where there is room for words beside each: the runs that are shown. */
      readonly rows: readonly ShownRow[];
    }
  | { readonly kind: 'under'; readonly instant: Instant; readonly run: Pointed | null }
  | {
      readonly kind: 'link';
      readonly state: 'live' | 'away' | 'refused';
      readonly reason: string | null;
    }
  /** Why what was before could not be read; null: it could. */
  | { readonly kind: 'past'; readonly trouble: string | null }
  | { readonly kind: 'pointed'; readonly id: number; readonly run: Pointed | null };

/** A run with the middle of its row, as a part of the weave's height. */
export type ShownRow = {
  readonly runId: string;
  readonly agent: string;
  readonly pipeline: string;
  /** It has grown when the run has moved. */
  readonly turn: number;
  readonly y: number;
};

export type Pointed = {
  readonly runId: string;
  readonly agent: string;
  readonly user: string;
  readonly pipeline: string;
  readonly look: Look | null;
  readonly sinceMs: number | null;
  readonly atMs: number;
};
