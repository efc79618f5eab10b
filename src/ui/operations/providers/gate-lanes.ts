/**
 * How each gate did over the last minutes, step by step: the present as the stream tells it, what was before from the
 * counts of the activity history. It owns the numbers; a lane draws them.
 *
 * 1. It is bounded: `spanMs` of steps for each gate.
 * 2. What was heard stays as it was heard; the counts fill what nobody has heard, after a pause too.
 * 3. 429s are told in all, so those of a step are what has come since the word before.
 */
import type { ActivityCount, Provider } from '../../../client/index.ts';
import { stepMs } from '../../activity/worker/history.ts';
import { laneFields, laneValues } from '../../activity/worker/lanes.ts';
import { Series } from '../../activity/worker/series.ts';

export const spanMs = 5 * 60_000;
/** Who hears nothing for so long has missed something. */
const pauseMs = 3_000;
/** A count stands for what follows it, until the next one or for so long. */
const countStandsMs = 10_000;

type Lane = { readonly series: Series; refused: number | null };
type Heard = Pick<
  Provider,
  'gate' | 'status' | 'limit' | 'ceiling' | 'inUse' | 'rateLimited' | 'coolForMs'
>;

export class GateLanes {
  readonly #lanes = new Map<string, Lane>();
  #heardMs: number | null = null;
  /** Times that nobody has heard, the oldest first. */
  #unheard: readonly { readonly fromMs: number; readonly toMs: number }[] = [];

  seriesOf(gate: string): Series {
    return this.#laneOf(gate).series;
  }

  heard(gates: readonly Heard[], nowMs: number): void {
    const before = this.#heardMs;
    if (before === null || nowMs - before > pauseMs) {
      const fromMs = before === null ? 0 : before + stepMs;
      this.#unheard = [
        ...this.#unheard.filter(({ toMs }) => toMs > nowMs - spanMs),
        { fromMs, toMs: nowMs },
      ];
    }
    this.#heardMs = nowMs;
    for (const { coolForMs, rateLimited, ...gate } of gates) {
      const lane = this.#laneOf(gate.gate);
      const fresh = Math.max(0, rateLimited - (lane.refused ?? rateLimited));
      lane.refused = rateLimited;
      // Word may come several times in a step.
      const before = lane.series.at(nowMs)?.[laneFields.refused] ?? 0;
      const values = laneValues({ ...gate, isCooling: coolForMs > 0 }, { refused: before + fresh });
      lane.series.put(nowMs, values);
    }
  }

  counted(counts: readonly ActivityCount[], nowMs: number): void {
    const unheard = this.#heardMs === null ? [{ fromMs: 0, toMs: nowMs }] : this.#unheard;
    const names = new Set(counts.flatMap(({ gates }) => gates.map(({ gate }) => gate)));
    for (const name of names) {
      for (const { fromMs, toMs } of unheard) {
        let at = 0;
        this.seriesOf(name).fill({ fromMs: Math.max(fromMs, nowMs - spanMs), toMs }, (ms) => {
          while ((counts[at + 1]?.atMs ?? Infinity) <= ms) at += 1;
          const count = counts[at];
          if (count === undefined || count.atMs > ms || ms >= count.atMs + countStandsMs)
            return null;
          const gate = count.gates.find((one) => one.gate === name);
          return gate === undefined ? null : laneValues({ ...gate, isCooling: false });
        });
      }
    }
  }

  #laneOf(gate: string): Lane {
    const { fields, refused } = laneFields;
    const known = this.#lanes.get(gate);
    if (known !== undefined) return known;
    const columns = Math.ceil(spanMs / stepMs) + 1;
    const lane = { series: new Series({ columns, fields, moments: [refused] }), refused: null };
    this.#lanes.set(gate, lane);
    return lane;
  }
}
