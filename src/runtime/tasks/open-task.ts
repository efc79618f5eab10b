/**
 * A task that a run has open, from the turn that asks for it until the run has left it. While it stands
 * in line for its first permit, this object is all that memory holds of it (promise 7).
 */
import type { RunId } from '../../domain/ids.ts';
import type { OpenInvocation } from '../../kernel/port.ts';
import type { NewRun } from '../../store/rows.ts';
import type { Names } from '../calls/call/names.ts';
import { PermitSeeker } from '../calls/call/permits.ts';
import { callKey } from '../calls/call/run-call.ts';

export class OpenTask extends PermitSeeker {
  readonly runId: RunId;
  readonly shard: number;
  readonly invocationId: string;
  readonly incarnation: number;
  readonly #given: (task: OpenTask) => void;
  /** True while the task has a permit and has not begun. */
  isGiven = false;
  /** The next task of its run. */
  next: OpenTask | null = null;

  /** `given` is called when the task has its permit after it stood in line. */
  constructor(
    run: NewRun,
    { id, incarnation }: OpenInvocation,
    of: {
      readonly weight: number;
      readonly names: Names;
      readonly given: (task: OpenTask) => void;
    },
  ) {
    super(of.names.place(run, of.weight));
    this.runId = run.runId;
    this.shard = run.shard;
    this.invocationId = of.names.one(id);
    this.incarnation = incarnation;
    this.#given = of.given;
  }

  get key(): string {
    return callKey(this.runId, this.invocationId, this.incarnation);
  }

  is(invocation: { readonly id: string; readonly incarnation: number }): boolean {
    return this.invocationId === invocation.id && this.incarnation === invocation.incarnation;
  }

  go(): void {
    this.#given(this);
  }
}
