/**
 * The wakes of runs that were shown, out of their journals. It owns what was read, and which journals are being read.
 *
 * 1. It holds `knownMax` runs at most, and of each the newest `wakesMax` wakes.
 * 2. Of a run that is new the last turns are read, then only those behind them: what it did long ago is not on the picture.
 * 3. It reads `atOnce` journals at a time.
 */
import { signal, type Signal } from '@preact/signals';
import type { Client } from '../../../client/index.ts';
import { wakesIn, type Wake } from './wakes.ts';

const atOnce = 4;
const knownMax = 500;
const wakesMax = 500;
const turnsMax = 200;

/** `turn`: for which turn its journal was asked; `read`: up to which it was read. */
type Known = { readonly turn: number; readonly read: number; readonly wakes: readonly Wake[] };

/** A run that is shown; its turn has grown when it has moved. */
type Row = { readonly runId: string; readonly turn: number };

export class KnownWakes {
  readonly version: Signal<number> = signal(0);
  readonly #client: Pick<Client, 'runs'>;
  readonly #known = new Map<string, Known>();
  readonly #wanted = new Map<string, number>();
  readonly #reading = new Set<string>();

  constructor(of: Pick<Client, 'runs'>) {
    this.#client = of;
  }

  of(runId: string): readonly Wake[] {
    return this.#known.get(runId)?.wakes ?? [];
  }

  /** What was wanted before and is not shown any more is not asked for. */
  want(rows: readonly Row[]): void {
    this.#wanted.clear();
    for (const { runId, turn } of rows) {
      if (this.#reading.has(runId)) continue;
      if (turn > (this.#known.get(runId)?.turn ?? 0)) this.#wanted.set(runId, turn);
    }
    while (this.#reading.size < atOnce && this.#wanted.size > 0) void this.#next();
  }

  async #next(): Promise<void> {
    const [wanted] = this.#wanted;
    if (wanted === undefined) return;
    const [runId, turn] = wanted;
    this.#wanted.delete(runId);
    this.#reading.add(runId);
    const { read, wakes } = this.#known.get(runId) ?? { read: 0, wakes: [] };
    const place = read === 0 ? { before: turn + 1 } : { after: read };
    try {
      const turns = await this.#client.runs.journal(runId, { ...place, limit: turnsMax });
      const last = turns.at(-1)?.turn ?? read;
      this.#keep(runId, {
        // A full page may not be all: then it is wanted again with the next view.
        turn: turns.length === turnsMax && last < turn ? last : turn,
        read: last,
        wakes: [...wakes, ...wakesIn(runId, turns)].slice(-wakesMax),
      });
    } catch {
      // Its arrows are not drawn; it is asked for again when it moves.
      this.#keep(runId, { turn, read, wakes });
    }
    this.#reading.delete(runId);
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
