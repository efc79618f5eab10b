/**
 * What custom actions have thrown, from then until their run's next turn has written it into its
 * journal. An action runs after its turn's commit, so its own turn cannot say it.
 *
 * Owns the entries, of at most `runsMax` runs, the oldest of which goes first, and `perRunMax` of one.
 * They are a run's memory: what a crash or another owner comes between is in the log alone.
 */
import type { ActionThrew } from '../../../domain/event.ts';
import type { RunId } from '../../../domain/ids.ts';
import { thrownText } from '../../../domain/thrown.ts';

const runsMax = 1_000;
const perRunMax = 8;
const errorCharsMax = 500;
const actionCharsMax = 256;

const none: readonly ActionThrew[] = [];

export class ActionErrors {
  readonly #byRun = new Map<RunId, readonly ActionThrew[]>();

  /** The first ones are kept: what follows from them is less of use. */
  add(runId: RunId, of: { readonly action: string; readonly turn: number }, thrown: unknown): void {
    const before = this.#byRun.get(runId) ?? none;
    if (before.length >= perRunMax) return;
    if (before === none && this.#byRun.size >= runsMax) {
      for (const oldest of this.#byRun.keys()) {
        this.#byRun.delete(oldest);
        break;
      }
    }
    const action = of.action.slice(0, actionCharsMax).replaceAll('\u0000', '').toWellFormed();
    const error = thrownText(thrown).slice(0, errorCharsMax).toWellFormed();
    this.#byRun.set(runId, [...before, { kind: 'action-threw', action, turn: of.turn, error }]);
  }

  /** For the turn that is being made; they stay until it has committed. */
  of(runId: RunId): readonly ActionThrew[] {
    return this.#byRun.get(runId) ?? none;
  }

  /** A turn has committed with these. */
  written(runId: RunId, { length }: readonly ActionThrew[]): void {
    if (length === 0) return;
    const rest = this.of(runId).slice(length);
    if (rest.length === 0) this.#byRun.delete(runId);
    else this.#byRun.set(runId, rest);
  }

  forget(runId: RunId): void {
    this.#byRun.delete(runId);
  }
}
