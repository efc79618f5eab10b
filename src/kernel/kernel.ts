/**
 * The heart: `(agent, state, event) → (state, effects)`. Start reading here.
 *
 * It knows which invocations and timers are open and numbers them, so that an event that arrives
 * late for one that was left is `stale`. The runtime decides when a timer is due, carries out the
 * children, and delivers the events that are sent.
 *
 * 1. A hot state and the same state restored from its text behave alike and persist to the same
 *    bytes (promise 10).
 * 2. A macrostep that throws has no effect: the state stays as it was before, and the run ends as
 *    `error`, with everything closed that was open.
 * 3. A run that has ended has nothing open and takes no event.
 */
import type { AnyActorScope, AnyEventObject } from 'xstate';
import type { Effect } from '../domain/effect.ts';
import type { ErrorRecord } from '../domain/errors.ts';
import type { RunEvent } from '../domain/event.ts';
import type { Json } from '../domain/json.ts';
import { limits } from '../domain/limits.ts';
import { HotState } from './chart-state.ts';
import { CompiledAgent, type Snapshot } from './compiled-agent.ts';
import { blank, endless, explain, fail } from './failure.ts';
import { checkFamilies } from './families.ts';
import { emptyFrame, type Frame } from './frame.ts';
import { Macrostep } from './macrostep.ts';
import { persist, restore } from './persist.ts';
import { planOf } from './drawing/chart-plan.ts';
import { mermaidOf } from './drawing/mermaid.ts';
import { outlineOf } from './drawing/outline.ts';
import { sketchOf } from './drawing/sketch.ts';
import { takenIn, type Microstep } from './drawing/taken.ts';
import type { Agent, ChartState, Kernel, Step, TracedStep } from './port.ts';
import { receive } from './receive.ts';
import { register } from './register.ts';
import { hasMoved } from './scope.ts';
import { settle, settleContext } from './settle.ts';

/** The kernel keeps nothing between calls, so one kernel serves all runs. */
export function createKernel(): Kernel {
  return {
    register,
    checkFamilies: (agents) => checkFamilies(agents.map(compiled)),
    start: (agent, input, self) => start(compiled(agent), input, self),
    step: (agent, state, event, self) => step(compiled(agent), hot(state), event, self),
    startTraced: (agent, input, self) =>
      traced(agent, (trace) => start(compiled(agent), input, self, trace)),
    stepTraced: (agent, state, event, self) =>
      traced(agent, (trace) => step(compiled(agent), hot(state), event, self, trace)),
    mermaid: mermaidOf,
    outline: outlineOf,
    sketch: sketchOf,
    plan: planOf,
    persist: (agent, state) => persist(compiled(agent), hot(state), true),
    persistEnded: (agent, state) => persist(compiled(agent), hot(state), false),
    restore: (agent, text, self, build) => restore(compiled(agent), text, self, build),
  };
}

/** The edges of each microstep stand in document order of their sources' regions, as XState takes them. */
function traced(agent: Agent, work: (trace: Microstep[]) => Step): TracedStep {
  const trace: Microstep[] = [];
  const taken = work(trace);
  const { edges } = compiled(agent);
  return { ...taken, edges: trace.flatMap(takenIn).flatMap((one) => edges.get(one) ?? []) };
}

function compiled(agent: Agent): CompiledAgent {
  if (!(agent instanceof CompiledAgent)) throw new TypeError('This agent was not registered.');
  return agent;
}

function hot(state: ChartState): HotState {
  if (!(state instanceof HotState)) throw new TypeError('This state is not of the kernel.');
  return state;
}

function start(
  agent: CompiledAgent,
  input: Json | undefined,
  self: string,
  trace?: Microstep[],
): Step {
  const settled = settle(input, 'input');
  return advance({ agent, self, snapshot: null, frame: emptyFrame, cause: null, trace }, (scope) =>
    agent.machine.getInitialSnapshot(scope, settled),
  );
}

function step(
  agent: CompiledAgent,
  state: HotState,
  event: RunEvent,
  self: string,
  trace?: Microstep[],
): Step {
  const received = state.status === 'active' ? receive(agent, state, event, self) : null;
  if (received === null) {
    return { state, effects: [], stale: true, handled: false, threw: false };
  }
  const { snapshot } = state;
  const { frame, deliver, send } = received;
  if (deliver === null) {
    const next = frame === state.frame ? state : new HotState(snapshot, frame, undefined, null);
    const effects = send === null ? [] : [send];
    return { state: next, effects, stale: false, handled: send !== null, threw: false };
  }
  const cause = event.kind === 'failed' ? event.error : null;
  return advance({ agent, self, snapshot, frame, cause, trace }, (scope) =>
    agent.machine.transition(snapshot, deliver, scope),
  );
}

type From = {
  readonly agent: CompiledAgent;
  readonly self: string;
  /** Null before the first macrostep. */
  readonly snapshot: Snapshot | null;
  readonly frame: Frame;
  /** The error that is delivered. The run ends with it if the chart does not handle it. */
  readonly cause: ErrorRecord | null;
  /** Gets the microsteps that count: those of a macrostep that throws do not. */
  readonly trace: Microstep[] | undefined;
};

/** The first macrostep, then one for each event that the chart has sent to itself. */
function advance(from: From, first: (scope: AnyActorScope) => Snapshot): Step {
  const { agent, self } = from;
  const iterationsMax = agent.machine.options.maxIterations ?? limits.iterationsMax;
  const effects: Effect[] = [];
  const queue: AnyEventObject[] = [];
  let { snapshot, frame } = from;
  let output: Json | undefined;
  let taken = 0;
  let handled = false;
  do {
    const trace = from.trace && [];
    const macrostep = new Macrostep(agent, { frame, self, snapshot, trace });
    let next = snapshot;
    try {
      if (taken++ > iterationsMax) throw endless(agent);
      const event = queue.shift();
      next =
        event === undefined
          ? first(macrostep.scope)
          : agent.machine.transition(snapshot as Snapshot, event, macrostep.scope);
      if (next.status === 'error') throw from.cause ?? next.error;
      macrostep.hush(next.context as object);
      rest(next, snapshot, macrostep);
      if (next.status === 'done') output = settle(next.output, 'output');
    } catch (thrown) {
      macrostep.hush();
      const { cause } = from;
      const threw = cause === null || thrown !== cause;
      const error = threw ? explain(agent, { runId: self, value: snapshot?.value }, thrown) : cause;
      const at = snapshot ?? blank(agent, next as Snapshot);
      return fail({ agent, self, snapshot: at, frame, effects, error, threw });
    }
    // The further events are those that the chart sent to itself; there are some only if a
    // transition was taken.
    handled ||= hasMoved(macrostep.scope);
    if (trace !== undefined) from.trace?.push(...trace);
    if (next.status !== 'active') macrostep.close();
    for (const effect of macrostep.effects) effects.push(effect);
    for (const event of macrostep.own) queue.push(event);
    frame = macrostep.frame();
    snapshot = next;
  } while (snapshot.status === 'active' && queue.length > 0);
  const state = new HotState(snapshot, frame, output, null);
  return { state, effects, stale: false, handled, threw: false };
}

/** Settles the results of the macrostep: its context and its children. */
function rest(next: Snapshot, before: Snapshot | null, macrostep: Macrostep): void {
  const fresh = next as { context: unknown; children: Record<string, unknown> };
  if (next.context !== before?.context) {
    fresh.context = settleContext(next.context, before?.context);
  }
  if (next.children !== before?.children) macrostep.lighten(fresh.children);
}
