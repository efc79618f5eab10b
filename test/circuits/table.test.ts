import { expect, it } from 'vitest';
import { createProgress } from '../../src/circuits/progress.ts';
import { progressLine, progressTable, reportTable } from '../../src/circuits/table.ts';
import { reportOf } from './report.ts';

it('prints one line per scale', () => {
  const reports = [
    reportOf({ scale: 10, completed: 10, circuits_per_s: 15.84 }),
    reportOf({
      scale: 1_000,
      completed: 998,
      circuits_per_s: 911.2,
      latency_ms: { p50: 601.23, p95: 1_180, p99: 1_190.06, max: 1_200 },
    }),
  ];
  expect(reportTable(reports).split('\n')).toEqual([
    'scale  completed  p50 ms  p95 ms  p99 ms  circuits/s',
    '   10         10     1.0     2.0     3.0        15.8',
    ' 1000        998   601.2  1180.0  1190.1       911.2',
  ]);
});

it('shows what is under way and what is over in one table', () => {
  const progress = createProgress();
  progress.trigger.planned({ scales: [5, 20, 50] });
  progress.trigger.reported({ at: 0, report: reportOf({ scale: 5, completed: 5, wall_ms: 640 }) });
  const counts = { completed: 3, failed: 1, openRuns: 41, calling: 12, elapsedMs: 1_234 };
  progress.trigger.counted({ at: 1, counts });
  const { rows } = progress.getSnapshot().context;
  expect(progressTable(rows).split('\n')).toEqual([
    'scale  completed  failed  open runs  calling  p50 ms  p95 ms  p99 ms    s',
    '    5          5       0          0        0     1.0     2.0     3.0  0.6     done',
    '   20          3       1         41       12                          1.2  running',
    '   50                                                                      waiting',
  ]);
  expect(rows.map((row) => progressLine(row)).slice(0, 2)).toEqual([
    'scale 5: 5 of 5 circuits completed after 0.6 s',
    'scale 20: 3 of 20 circuits completed, 1 failed, 41 runs open, 12 calls under way after 1.2 s',
  ]);
});

it('claims to know nothing of circuits that another process began', () => {
  const progress = createProgress();
  progress.trigger.planned({ scales: [20] });
  const counts = { completed: null, failed: 0, openRuns: 7, calling: 2, elapsedMs: 500 };
  progress.trigger.counted({ at: 0, counts });
  const [row] = progress.getSnapshot().context.rows;
  expect(row && progressLine(row)).toBe(
    'scale 20: resumed, 7 runs open, 2 calls under way after 0.5 s',
  );
});
