/** The circuits of `heddle circuits`, with what they show as they run. Only that command loads this. */
import { createProgress } from '../../circuits/progress.ts';
import type { ScaleReport } from '../../circuits/report.ts';
import { runCircuits, runCircuitsOver, type CircuitsAround } from '../../circuits/run.ts';
import type { CircuitsSettings } from '../../circuits/settings.ts';
import { reportTable } from '../../circuits/table.ts';
import { exitCodes } from '../exit-codes.ts';
import { untilInterrupted } from '../interrupts.ts';
import { writerTo, type Streams } from '../streams.ts';
import type { CircuitsFlags, CircuitsServer } from './circuits-flags.ts';
import { inPages } from './circuits-pages.ts';
import { showProgress } from './display.ts';

type Workload = (around: CircuitsAround) => Promise<boolean>;

/** By settings here; by those of a server on the heddle that serves there. */
type CircuitsAsked = CircuitsSettings | CircuitsServer;

function workloadOf(asked: CircuitsAsked): Workload {
  if (!('server' in asked)) return (around) => runCircuits(asked, around);
  return (around) => runCircuitsOver(asked.server, asked.settings, around);
}

export async function circuits(
  asked: CircuitsAsked,
  flags: CircuitsFlags,
  { stdout, stderr }: Streams,
): Promise<number> {
  const workload = workloadOf(asked);
  const progress = createProgress();
  const display = showProgress(progress, stderr);
  const print = writerTo(stdout);
  const reports: ScaleReport[] = [];
  let isOver = false;
  const results = (): void => {
    if (isOver) return;
    isOver = true;
    display.close({ resultsFollow: reports.length > 0 && stdout.isTTY === true });
    if (reports.length > 0) print(reportTable(reports));
  };
  const note = (line: string): void => (isOver ? writerTo(stderr)(line) : display.note(line));
  try {
    if (flags.resume === true && flags.scale !== undefined) {
      note('--resume starts nothing, so --scale is not used.');
    }
    const clean = await untilInterrupted((signal) =>
      workload({
        progress,
        signal,
        note,
        report: (report) => {
          if (flags.json === true) print(JSON.stringify(report));
          else reports.push(report);
        },
        ...(flags.ui === true ? { within: inPages({ note, results, signal, stdout }) } : {}),
      }),
    );
    return clean ? exitCodes.ok : exitCodes.failed;
  } finally {
    results();
  }
}
