/**
 * A task that a run has open, from the turn that asks for it until the run has left it. While it stands
 * in line for its first permit, this object is all that memory holds of it (promise 7).
 */
import { madeAtMs, type RunId } from '../../domain/ids.ts';
import type { Priority } from '../../domain/priority.ts';
import type { OpenInvocation } from '../../kernel/port.ts';
import type { NewRun } from '../../store/rows.ts';
import type { Names } from '../calls/call/names.ts';
import { PermitSeeker } from '../calls/call/permits.ts';
import { callKey } from '../calls/call/run-call.ts';

export class OpenTask extends PermitSeeker {
  readonly tenant: string;
  readonly runId: RunId;
  readonly shard: number;
  readonly user: string;
  readonly pipeline: string;
  readonly pipelineStartedAtMs: number;
  readonly priority: Priority;
  readonly weight: number;
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
    super();
    const { names } = of;
    const { tenant, runId, shard, user, pipeline, priority } = run;
    this.tenant = names.one(tenant);
    this.runId = runId;
    this.shard = shard;
    this.user = names.one(user);
    this.pipeline = pipeline === runId ? runId : names.one(pipeline);
    this.pipelineStartedAtMs = madeAtMs(runId);
    this.priority = names.one(priority);
    this.weight = of.weight;
    this.invocationId = names.one(id);
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
