/**
 * Shows progress on standard error, so that standard output holds results alone: on a terminal one
 * table that changes, elsewhere a plain line at intervals.
 */
import { createLogUpdate } from 'log-update';
import type { Progress } from '../../circuits/progress.ts';
import { progressLine, progressTable } from '../../circuits/table.ts';
import { writerTo, type Stream } from '../streams.ts';

export type Display = {
  /** Writes a sentence that stays. */
  note(line: string): void;
  /** Leaves the last state on a terminal, unless the results follow on the same terminal. */
  close(end: { readonly resultsFollow: boolean }): void;
};

/** A faster change could not be seen. */
const redrawMs = 150;
const lineMs = 2_000;

export function showProgress(progress: Progress, stream: Stream): Display {
  return stream.isTTY === true ? liveTable(progress, stream) : plainLines(progress, stream);
}

function liveTable(progress: Progress, stream: Stream): Display {
  const live = createLogUpdate(stream);
  let drawnMs = Number.NEGATIVE_INFINITY;
  const draw = (): void => {
    drawnMs = performance.now();
    live(progressTable(progress.getSnapshot().context.rows));
  };
  const drawn = progress.subscribe(() => {
    if (performance.now() - drawnMs >= redrawMs) draw();
  });
  return {
    note: (line) => live.persist(line),
    close: ({ resultsFollow }) => {
      drawn.unsubscribe();
      if (resultsFollow) return live.clear();
      draw();
      live.done();
    },
  };
}

function plainLines(progress: Progress, stream: Stream): Display {
  let saidMs: number | null = null;
  let done = 0;
  const write = writerTo(stream);
  const said = progress.subscribe(({ context: { rows } }) => {
    const ended = rows.filter(({ phase }) => phase === 'done').length;
    const nowMs = performance.now();
    const row =
      ended > done
        ? rows.findLast(({ phase }) => phase === 'done')
        : rows.find(({ phase }) => phase === 'running');
    if (row === undefined) return;
    saidMs ??= nowMs;
    if (ended === done && nowMs - saidMs < lineMs) return;
    done = ended;
    saidMs = nowMs;
    write(progressLine(row));
  });
  return { note: write, close: () => said.unsubscribe() };
}
