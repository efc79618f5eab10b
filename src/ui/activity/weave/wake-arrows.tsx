/**
 * Where a message of a run wakes another: an arrow from row to row. Journals tell it; they are read for the runs that are
 * shown, a few at a time, and again when a run has moved.
 */
import type { JSX } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import { signal, type Signal } from '@preact/signals';
import type { Client } from '../../../client/index.ts';
import { client } from '../../shell/access.ts';
import type { ActivityLink } from '../activity-link.ts';
import type { ShownRow } from '../words.ts';
import { wakesIn, type Wake } from './wakes.ts';

const atOnce = 4;
const knownMax = 500;
const turnsMax = 200;
/** As wide as the head of an arrow needs it. */
const headPx = 3;

type Known = { readonly turn: number; readonly wakes: readonly Wake[] };

/** The wakes of runs that were shown. It holds `knownMax` runs at most. */
class Wakes {
  readonly version: Signal<number> = signal(0);
  readonly #client: Client;
  readonly #known = new Map<string, Known>();
  readonly #wanted = new Map<string, number>();
  #asking = 0;

  constructor(of: Client) {
    this.#client = of;
  }

  of(runId: string): readonly Wake[] {
    return this.#known.get(runId)?.wakes ?? [];
  }

  /** What was wanted before and is not shown any more is not asked for. */
  want(rows: readonly ShownRow[]): void {
    this.#wanted.clear();
    for (const { runId, turn } of rows) {
      if (turn > (this.#known.get(runId)?.turn ?? 0)) this.#wanted.set(runId, turn);
    }
    while (this.#asking < atOnce && this.#wanted.size > 0) void this.#next();
  }

  async #next(): Promise<void> {
    const [wanted] = this.#wanted;
    if (wanted === undefined) return;
    const [runId, turn] = wanted;
    this.#wanted.delete(runId);
    this.#asking += 1;
    try {
      const turns = await this.#client.runs.journal(runId, { limit: turnsMax });
      this.#keep(runId, { turn, wakes: wakesIn(runId, turns) });
    } catch {
      // Its arrows are not drawn; it is asked for again when it moves.
      this.#keep(runId, { turn, wakes: this.of(runId) });
    }
    this.#asking -= 1;
    void this.#next();
  }

  #keep(runId: string, known: Known): void {
    this.#known.delete(runId);
    this.#known.set(runId, known);
    const [oldest] = this.#known.keys();
    if (this.#known.size > knownMax && oldest !== undefined) this.#known.delete(oldest);
    this.version.value += 1;
  }
}

export function WakeArrows({
  link,
  heightPx,
}: {
  readonly link: ActivityLink;
  readonly heightPx: number;
}): JSX.Element | null {
  const wakes = useMemo(() => new Wakes(client.value), [client.value]);
  const view = link.view.value;
  const rows = view?.rows ?? [];
  useEffect(() => wakes.want(rows), [wakes, rows]);
  if (view === null || rows.length === 0 || wakes.version.value === 0) return null;
  const { fromMs, toMs } = view;
  const yOf = new Map(rows.map(({ runId, y }) => [runId, y * heightPx]));
  const arrows = rows.flatMap(({ runId }) =>
    wakes.of(runId).flatMap(({ byRunId, atMs }) => {
      const [from, to] = [yOf.get(byRunId), yOf.get(runId)];
      if (from === undefined || to === undefined || atMs < fromMs || atMs > toMs) return [];
      return [
        { key: `${byRunId} ${runId} ${atMs}`, x: (atMs - fromMs) / (toMs - fromMs), from, to },
      ];
    }),
  );
  return (
    <svg class="wakes" height={heightPx} role="img" aria-label={labelOf(arrows.length)}>
      {arrows.map(({ key, x, from, to }) => {
        const down = Math.sign(to - from);
        return (
          <svg key={key} x={`${x * 100}%`} overflow="visible">
            <circle cy={from} r={2} />
            <path d={`M0 ${from}V${to - down * headPx}`} />
            <path class="head" d={`M${-headPx} ${to - down * 2 * headPx}H${headPx}L0 ${to}Z`} />
          </svg>
        );
      })}
    </svg>
  );
}

const labelOf = (count: number): string =>
  `${count} ${count === 1 ? 'message has' : 'messages have'} woken a run that is shown`;
