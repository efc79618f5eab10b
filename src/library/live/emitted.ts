/** What the chart of a run emits, as a host hears it: after the commit, in this process, at most once. */
import type { RunId } from '../../domain/ids.ts';
import { thrownText } from '../../domain/thrown.ts';
import { callOutside } from '../../runtime/host/host-code.ts';
import type { Runtime } from '../../runtime/runtime.ts';

/** Gives each event of this type (`*`: of every type) to the listener. Returns what ends that. */
export function hearEmitted(
  { log, runEvents }: Pick<Runtime, 'log' | 'runEvents'>,
  runId: RunId,
  listener: { readonly type: string; readonly heard: (event: unknown) => unknown },
): () => void {
  const { type, heard } = listener;
  return runEvents.run(runId, ({ emitted }) => {
    for (const event of emitted) {
      if (type !== '*' && type !== event.type) continue;
      callOutside(
        () => heard(event),
        (thrown) => log.warn('a listener threw', { runId, type, error: thrownText(thrown) }),
      );
    }
  });
}
