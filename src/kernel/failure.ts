/** How a run ends when its chart throws. */
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

/** The error of a chart that goes round without coming to rest. */
export function endless(agent: CompiledAgent): HeddleError {
  return heddleError('always-cycle', { max: agent.machine.options.maxIterations ?? Infinity });
}

/**
 * The state of before, ended: what the failed macrostep wished for is not among `effects`, what was
 * open before it is closed.
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
  const closing = new Macrostep(agent, frame, self, snapshot);
  closing.close();
  return {
    state: new HotState(snapshot, closing.frame(), undefined, error),
    effects: [...effects, ...closing.effects],
    stale: false,
    handled: true,
    threw,
  };
}

/** The state of a run whose first macrostep failed: where it would have stood, with no context. */
export function blank(agent: CompiledAgent, initial: Snapshot): Snapshot {
  // XState's failed first snapshot has no states but the root: this one is as a restored one is.
  const bare = { status: 'active', value: initial.value, context: {}, children: {} };
  return agent.machine.restoreSnapshot(bare as never, { self: null } as never) as Snapshot;
}

/** Anything that a chart threw, as a record that says which run it was. `value`: its state before. */
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
  // XState has no code for this; the text is the same in its builds for production and development.
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

/** What V8 says when something frozen is written to. */
const inPlace = /read only property|object is not extensible|Cannot delete property/;
const frozenHint =
  'context and events are frozen: return new values instead of changing them in place';
