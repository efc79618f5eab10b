/** A run's hot state: XState's snapshot with the kernel's frame beside it. It never changes. */
import type { ErrorRecord } from '../domain/errors.ts';
import type { Json } from '../domain/json.ts';
import type { Snapshot } from './compiled-agent.ts';
import type { Frame } from './frame.ts';
import type { ChartState, OpenInvocation, OpenTimer } from './port.ts';

export class HotState implements ChartState {
  readonly snapshot: Snapshot;
  readonly frame: Frame;
  readonly output: Json | undefined;
  readonly error: ErrorRecord | null;
  /**
   * Made at the first use: one turn asks for it several times, and for many states nothing asks for
   * it.
   */
  #invocations: readonly OpenInvocation[] | null = null;

  constructor(
    snapshot: Snapshot,
    frame: Frame,
    output: Json | undefined,
    error: ErrorRecord | null,
  ) {
    this.snapshot = snapshot;
    this.frame = frame;
    this.output = output;
    this.error = error;
  }
  get status(): ChartState['status'] {
    if (this.error !== null) return 'error';
    return this.snapshot.status === 'done' ? 'done' : 'active';
  }
  get value(): Json {
    return this.snapshot.value as Json;
  }
  get context(): Json {
    return this.snapshot.context as Json;
  }
  get tags(): readonly string[] {
    // Sorted, because XState's order of the tags differs after a restore.
    return [...this.snapshot.tags].sort();
  }
  get invocations(): readonly OpenInvocation[] {
    return (this.#invocations ??= this.frame.children.filter((child) => !child.ended));
  }
  get timers(): readonly OpenTimer[] {
    return this.frame.timers;
  }
}
