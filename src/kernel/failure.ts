/** Ends a run whose chart throws. */
import type { Effect } from '../domain/effect.ts';
import { heddleError, HeddleError, toErrorRecord, type ErrorRecord } from '../domain/errors.ts';
import { thrownJson } from '../domain/thrown-json.ts';
import { isA, thrownText } from '../domain/thrown.ts';
import { PromiseGiven } from './author-functions.ts';
import { HotState } from './chart-state.ts';
import type { CompiledAgent, Snapshot } from './compiled-agent.ts';
import type { Frame } from './frame.ts';
import { Macrostep } from './macrostep.ts';
import type { Step } from './port.ts';

/** The error of a chart that keeps taking transitions without end. */
export function endless(agent: CompiledAgent): HeddleError {
  return heddleError('always-cycle', { max: agent.machine.options.maxIterations ?? Infinity });
}

/**
 * Returns the state from before the failed macrostep, ended. `effects` has no effects of the failed
 * macrostep; it closes everything that was open before.
 */
export function fail(options: {
  readonly agent: CompiledAgent;
  readonly self: string;
  readonly snapshot: Snapshot;
  readonly frame: Frame;
  readonly effects: readonly Effect[];
  readonly error: ErrorRecord;
  readonly threw: boolean;
}): Step {
  const { agent, self, snapshot, frame, effects, error, threw } = options;
  const closing = new Macrostep(agent, { frame, self, snapshot });
  closing.close();
  return {
    state: new HotState(snapshot, closing.frame(), undefined, error),
    effects: [...effects, ...closing.effects],
    stale: false,
    handled: true,
    threw,
  };
}

/** The state of a run whose first macrostep failed: in its initial states, without a context. */
export function blank(agent: CompiledAgent, initial: Snapshot): Snapshot {
  // The first snapshot of XState's that failed has no states but the root, so one is made as by a
  // restore.
  const bare = { status: 'active', value: initial.value, context: {}, children: {} };
  return agent.machine.restoreSnapshot(bare as never, { self: null } as never) as Snapshot;
}

/**
 * Makes a record of anything that a chart threw, with the run's name. `value`: the run's state
 * before.
 */
export function explain(
  agent: CompiledAgent,
  { runId, value }: { readonly runId: string; readonly value: unknown },
  thrown: unknown,
): ErrorRecord {
  if (isA(thrown, PromiseGiven)) {
    const { place, mend } = thrown;
    const where = value === undefined ? 'at its start' : `in the state ${stateText(value)}`;
    return toErrorRecord(heddleError('promise-given', { agent: agent.name, where, place, mend }));
  }
  if (isA(thrown, HeddleError)) return toErrorRecord(thrown);
  const message = thrownText(thrown);
  // XState has no code for this error; its text is the same in the builds for production and
  // development.
  if (message.startsWith('Infinite loop detected')) return toErrorRecord(endless(agent));
  const reason = inPlace.test(message) ? `${message} (${frozenHint})` : message;
  return {
    ...toErrorRecord(heddleError('run-failed', { runId, reason })),
    thrown: thrownJson(thrown),
  };
}

function stateText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** V8's messages for a write to a frozen object. */
const inPlace = /read only property|object is not extensible|Cannot delete property/;
const frozenHint =
  'context and events are frozen: return new values instead of changing them in place';
