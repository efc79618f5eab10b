/**
 * A state as text and back. Everything in it is at rest already (see `settle.ts`), so that this only
 * chooses fields. XState's own `children` are not stored: the frame has what counts of them.
 */
import { heddleError, type ErrorRecord } from '../domain/errors.ts';
import type { ChartEvent } from '../domain/event.ts';
import type { Json } from '../domain/json.ts';
import { HotState } from './chart-state.ts';
import type { StateNode } from './chart-nodes.ts';
import type { CompiledAgent, Snapshot } from './compiled-agent.ts';
import type { Child, Frame, Timer, TimerTarget } from './frame.ts';
import { ChildRef } from './scope.ts';
import { settle } from './settle.ts';

type Stored = {
  readonly status: 'active' | 'done' | 'error';
  readonly value: Json;
  readonly context: Json;
  /** Of each history state: the ids of the states to come back to. */
  readonly history?: Readonly<Record<string, readonly string[]>>;
  /** With parallel or history states: the active ones in the order in which they act. */
  readonly nodes?: readonly number[];
  readonly output?: Json;
  readonly error?: ErrorRecord;
  readonly seq: number;
  readonly children?: readonly StoredChild[];
  readonly timers?: readonly StoredTimer[];
};
type StoredChild = {
  readonly id: string;
  readonly incarnation: number;
  readonly src: string;
  readonly input?: Json;
  readonly ended?: true;
};
type StoredTimer = {
  readonly id: string;
  readonly generation: number;
  readonly event?: ChartEvent;
  readonly to?: TimerTarget;
};

/**
 * The same state always gives the same bytes (promise 10). Not `whole`: without the outcome of a
 * state that has ended, for a row that has it elsewhere.
 */
export function persist(agent: CompiledAgent, state: HotState, whole: boolean): string {
  const { snapshot, frame } = state;
  const { children, timers } = frame;
  const stored: { [Key in keyof Stored]: Stored[Key] | undefined } = {
    status: state.status,
    value: state.value,
    context: state.context,
    history: storeHistory(snapshot),
    nodes: agent.ordered ? snapshot._nodes.map((node) => node.order) : undefined,
    output: whole ? (state.output ?? undefined) : undefined,
    error: whole ? (state.error ?? undefined) : undefined,
    seq: frame.seq,
    children: children.length > 0 ? children.map(storeChild) : undefined,
    timers: timers.length > 0 ? timers.map(storeTimer) : undefined,
  };
  return JSON.stringify(stored);
}

function storeHistory(snapshot: Snapshot): Stored['history'] {
  const history = snapshot.historyValue as Record<string, readonly StateNode[]>;
  let stored: Record<string, string[]> | undefined;
  for (const id in history) {
    stored ??= {};
    stored[id] = (history[id] ?? []).map((node) => node.id);
  }
  return stored;
}

function storeChild({ id, incarnation, src, input, ended }: Child): StoredChild {
  return ended ? { id, incarnation, src, ended } : { id, incarnation, src, input };
}

function storeTimer({ id, generation, event, to }: Timer): StoredTimer {
  if (event === null) return { id, generation };
  return to === 'self' ? { id, generation, event } : { id, generation, event, to };
}

/** The inverse of `persist`. Throws when the text does not fit the chart. */
export function restore(agent: CompiledAgent, text: string, runId: string): HotState {
  const run: Place = { agent, runId };
  const stored = parse(run, text);
  const frame: Frame = {
    seq: stored.seq,
    children: (stored.children ?? []).map((child) => restoreChild(run, child)),
    timers: (stored.timers ?? []).map((timer) => restoreTimer(run, timer)),
  };
  const snapshot = restoreSnapshot(run, stored);
  const refs = snapshot.children as Record<string, unknown>;
  for (const { id } of frame.children) refs[id] = new ChildRef(id);
  return new HotState(snapshot, frame, stored.output ?? null, stored.error ?? null);
}

/** Which run is restored on which chart: for the words of an error. */
type Place = { readonly agent: CompiledAgent; readonly runId: string };

function unfit({ agent, runId }: Place, what: string): never {
  const reason = `its stored state does not fit ${agent.name} version ${agent.version}: ${what}`;
  throw heddleError('run-failed', { runId, reason });
}

function parse(run: Place, text: string): Stored {
  try {
    return JSON.parse(text) as Stored;
  } catch {
    unfit(run, 'it is not JSON');
  }
}

function restoreChild(run: Place, stored: StoredChild): Child {
  const { id, incarnation, src } = stored;
  const source = run.agent.sources.get(src);
  if (source === undefined) unfit(run, `it has no actor "${src}", which is open as "${id}"`);
  const ended = stored.ended === true;
  return { id, incarnation, src, source, input: settle(stored.input, 'input'), ended };
}

function restoreTimer(run: Place, stored: StoredTimer): Timer {
  const { id, generation, event, to = 'self' } = stored;
  if (event === undefined && !run.agent.afterTypes.has(id)) {
    unfit(run, `it has no timer "${id}", which is open`);
  }
  const settled = event === undefined ? null : (settle(event, 'event') as ChartEvent);
  return { id, generation, event: settled, to };
}

/**
 * XState makes up what it misses: an atomic state that has become a compound one is entered without
 * its entry actions and timers. So what it made is compared with what was stored.
 */
function restoreSnapshot(run: Place, stored: Stored): Snapshot {
  const { status, value } = stored;
  const historyValue = restoreHistory(run, stored.history ?? {});
  const bare = {
    status: status === 'error' ? 'active' : status,
    value,
    historyValue: {},
    children: {},
    output: stored.output,
    error: undefined,
  };
  let snapshot: Snapshot;
  try {
    snapshot = run.agent.machine.restoreSnapshot(bare as never, noScope as never) as Snapshot;
  } catch (error) {
    unfit(run, error instanceof Error ? error.message : String(error));
  }
  // A run that has ended is not stepped any more, only shown. And one whose active states XState has
  // lost altogether (see `CompiledAgent.ordered`) has a value that no chart gives.
  const checked = status === 'active' && stored.nodes?.length !== 0;
  if (checked && !sameValue(snapshot.value, value)) {
    unfit(run, `its states are not those of ${JSON.stringify(value)}`);
  }
  if (stored.nodes !== undefined) orderNodes(run, snapshot, stored.nodes);
  return Object.assign(snapshot, {
    // With the stored order of its keys, which is that of the nodes.
    value,
    // These two beside XState, which would take an object of the author's for one of its actor
    // references, and would forget a history that is there and empty.
    context: settle(stored.context, 'context'),
    historyValue,
  });
}

/** XState asks the scope for nothing when there are no children to revive. */
const noScope = { self: null };

function restoreHistory(
  run: Place,
  history: Readonly<Record<string, readonly string[]>>,
): Record<string, readonly StateNode[]> {
  const revived: Record<string, readonly StateNode[]> = {};
  for (const id in history) {
    revived[id] = (history[id] ?? []).map((nodeId) => {
      const node = run.agent.nodesById.get(nodeId);
      return node ?? unfit(run, `it has no state "${nodeId}"`);
    });
  }
  return revived;
}

function sameValue(one: unknown, other: unknown): boolean {
  if (typeof one !== 'object' || typeof other !== 'object') return one === other;
  const [left, right] = [one, other] as [Record<string, unknown>, Record<string, unknown>];
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && sameValue(left[key], right[key]))
  );
}

/** The order in which parallel states were entered decides whose transitions come first. */
function orderNodes(run: Place, snapshot: Snapshot, order: readonly number[]): void {
  const nodes = order.map((at) => run.agent.nodes[at] ?? unfit(run, `it has no state ${at}`));
  Object.assign(snapshot, { _nodes: nodes, tags: new Set(nodes.flatMap((node) => node.tags)) });
}
