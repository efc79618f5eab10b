/** The progress of the circuits, for display: one store holds it, and plain functions draw it. */
import { createStore } from '@xstate/store';
import type { ScaleReport } from './report.ts';

export type ScaleCounts = {
  /** Null for circuits that another process began, because only their open runs are known. */
  readonly completed: number | null;
  readonly failed: number;
  readonly openRuns: number;
  /** Model calls under way. */
  readonly calling: number;
  readonly elapsedMs: number;
};

export type ScaleRow = ScaleCounts & {
  readonly scale: number;
  readonly phase: 'waiting' | 'running' | 'auditing' | 'done';
  readonly report: ScaleReport | null;
};

const nothing: ScaleCounts = { completed: 0, failed: 0, openRuns: 0, calling: 0, elapsedMs: 0 };

export type Progress = ReturnType<typeof createProgress>;

export function createProgress() {
  return createStore({
    context: { rows: [] as readonly ScaleRow[] },
    on: {
      planned: (_, { scales }: { scales: readonly number[] }) => ({
        rows: scales.map((scale): ScaleRow => ({
          ...nothing,
          scale,
          phase: 'waiting',
          report: null,
        })),
      }),
      counted: ({ rows }, { at, counts }: { at: number; counts: ScaleCounts }) => ({
        rows: changed(rows, at, { ...counts, phase: 'running' }),
      }),
      auditing: ({ rows }, { at }: { at: number }) => ({
        rows: changed(rows, at, { phase: 'auditing' }),
      }),
      reported: ({ rows }, { at, report }: { at: number; report: ScaleReport }) => ({
        rows: changed(rows, at, {
          phase: 'done',
          report,
          completed: report.completed,
          failed: report.failed,
          openRuns: report.audit.stuck_runs,
          calling: 0,
          elapsedMs: report.wall_ms,
        }),
      }),
    },
  });
}

function changed(
  rows: readonly ScaleRow[],
  at: number,
  parts: Partial<ScaleRow>,
): readonly ScaleRow[] {
  return rows.map((row, i) => (i === at ? { ...row, ...parts } : row));
}
