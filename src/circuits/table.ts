/**
 * The circuits as text: the final table, the table that changes while they run, and plain lines.
 */
import Table from 'cli-table3';
import type { ScaleRow } from './progress.ts';
import type { ScaleReport } from './report.ts';

/** Spaces alone separate the columns, so that a terminal, a log and `awk` read the same table. */
function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const corners = ['top', 'bottom', 'left', 'right', 'mid'];
  const edges = ['', '-mid', '-left', '-right'];
  const names = corners.flatMap((corner) => edges.map((edge) => `${corner}${edge}`));
  const none = Object.fromEntries([...names, 'middle'].map((name) => [name, '']));
  const table = new Table({
    head: [...head],
    chars: none,
    colAligns: head.map(() => 'right' as const),
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 2 },
  });
  table.push(...rows.map((row) => [...row]));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

export function reportTable(reports: readonly ScaleReport[]): string {
  return tableOf(
    ['scale', 'completed', 'p50 ms', 'p95 ms', 'p99 ms', 'circuits/s'],
    reports.map((report) => [
      String(report.scale),
      String(report.completed),
      ...latencies(report),
      report.circuits_per_s.toFixed(1),
    ]),
  );
}

export function progressTable(rows: readonly ScaleRow[]): string {
  return tableOf(
    ['scale', 'completed', 'failed', 'open runs', 'calling', 'p50 ms', 'p95 ms', 'p99 ms', 's', ''],
    rows.map((row) => [
      String(row.scale),
      ...(row.phase === 'waiting'
        ? ['', '', '', '']
        : [row.completed ?? '', row.failed, row.openRuns, row.calling].map(String)),
      ...(row.report === null ? ['', '', ''] : latencies(row.report)),
      row.phase === 'waiting' ? '' : seconds(row.elapsedMs),
      row.phase,
    ]),
  );
}

/**
 * For outputs on which no table can change: a line at intervals, about the scale that is under way.
 */
export function progressLine(row: ScaleRow): string {
  const { scale, completed, failed, openRuns, calling } = row;
  const faults = failed === 0 ? '' : `, ${failed} failed`;
  const done = completed === null ? 'resumed' : `${completed} of ${scale} circuits completed`;
  const begin = `scale ${scale}: ${done}${faults}`;
  if (row.phase === 'auditing') return `${begin}; auditing`;
  const under = row.phase === 'done' ? '' : `, ${openRuns} runs open, ${calling} calls under way`;
  return `${begin}${under} after ${seconds(row.elapsedMs)} s`;
}

function latencies({ latency_ms: { p50, p95, p99 } }: ScaleReport): string[] {
  return [p50, p95, p99].map((ms) => ms.toFixed(1));
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1);
}
