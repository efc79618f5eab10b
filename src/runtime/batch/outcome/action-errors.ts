/**
 * Errors that custom actions have thrown, kept until the next turn of their run has written them into
 * its journal. An action runs after its turn's commit, so its own turn cannot write them.
 *
 * Owns the entries: `perRunMax` for each of at most `runsMax` runs; the oldest run is forgotten first.
 * They are in memory only: if the process crashes or the run changes its owner first, the error stands
 * in the log alone.
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

  /** The first errors are kept, because later ones often only follow from them. */
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

  /** The errors for the turn that is being made. They stay until that turn has committed. */
  of(runId: RunId): readonly ActionThrew[] {
    return this.#byRun.get(runId) ?? none;
  }

  /** A turn that has written these errors has committed. */
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
