/**
 * A state as text and back. Every value in it is settled already (see `settle.ts`), so this module
 * only chooses fields. XState's own `children` are not stored: the frame has the parts of them that
 * matter.
 */
import { heddleError, type ErrorRecord } from '../domain/errors.ts';
import type { ChartEvent } from '../domain/event.ts';
import type { Json } from '../domain/json.ts';
import { thrownText } from '../domain/thrown.ts';
import { HotState } from './chart-state.ts';
import type { StateNode } from './chart-nodes.ts';
import type { CompiledAgent, Snapshot } from './compiled-agent.ts';
import type { Child, Frame, Timer, TimerTarget } from './frame.ts';
import { endedState, missingInvocation, missingState, missingTimer } from './fit.ts';
import { ChildRef } from './scope.ts';
import { settle } from './settle.ts';
import { isOtherStructure } from './version.ts';

type Stored = {
  readonly status: 'active' | 'done' | 'error';
  readonly value: Json;
  readonly context: Json;
  /** For each history state, the ids of the states to return to. */
  readonly history?: Readonly<Record<string, readonly string[]>>;
  /**
   * For charts with parallel or history states: the active states in the order in which they act.
   */
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
  readonly input?: Json | undefined;
  readonly ended?: true;
};
type StoredTimer = {
  readonly id: string;
  readonly generation: number;
  readonly event?: ChartEvent;
  readonly to?: TimerTarget;
};

/**
 * Writes a state as text; the same state always gives the same bytes (promise 10). Without `whole`
 * the outcome of a state that has ended is left out, because the run's row has it elsewhere.
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
    output: whole ? state.output : undefined,
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

/**
 * The inverse of `persist`. Throws `chart-unfit` when the chart lacks a part that the text refers
 * to. `build` is the build that took the run's last turn; missing parts are searched for only when
 * that build has another structure.
 */
export function restore(
  agent: CompiledAgent,
  text: string,
  runId: string,
  build: string | null = agent.build,
): HotState {
  const run: Place = { agent, runId };
  const stored = parse(run, text);
  const other = isOtherStructure(build, agent.structure);
  const snapshot = restoreSnapshot(run, stored, other);
  const frame: Frame = {
    seq: stored.seq,
    children: (stored.children ?? []).map((child) => restoreChild(run, child)),
    timers: (stored.timers ?? []).map((timer) => restoreTimer(run, timer)),
  };
  if (isOpen(stored) && other) {
    checkOpen(run, frame, new Set(snapshot._nodes), build !== null);
  }
  const refs = snapshot.children as Record<string, unknown>;
  for (const { id } of frame.children) refs[id] = new ChildRef(id);
  return new HotState(snapshot, frame, stored.output, stored.error ?? null);
}

/** The run and the chart of a restore, for the words of an error. */
type Place = { readonly agent: CompiledAgent; readonly runId: string };

function unfit({ agent, runId }: Place, what: string): never {
  throw heddleError('chart-unfit', { runId, agent: agent.name, version: agent.version, what });
}

/**
 * A run that has ended is only shown, never stepped. A run whose active states XState has lost
 * altogether (see `CompiledAgent.ordered`) has a value that no chart gives. Neither is checked.
 */
function isOpen({ status, nodes }: Stored): boolean {
  return status === 'active' && nodes?.length !== 0;
}

/** `strict`: it is known that another structure took the run's last turn. */
function checkOpen(
  run: Place,
  { children, timers }: Frame,
  active: ReadonlySet<StateNode>,
  strict: boolean,
): void {
  const { places, afterTypes } = run.agent;
  const missing = [
    endedState(active),
    ...children.map((child) =>
      child.ended ? null : missingInvocation(child, active, places, !strict),
    ),
    ...timers.map(({ id, event }) =>
      event === null ? missingTimer(afterTypes.get(id) ?? id, active) : null,
    ),
  ].find((what) => what !== null);
  if (missing !== undefined) unfit(run, missing);
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
  const ended = stored.ended === true;
  // The source of a child that has ended is not used any more.
  const source = run.agent.sources.get(src) ?? (ended ? ({ kind: 'task', src } as const) : null);
  if (source === null) unfit(run, `it has no actor "${src}", which is open as "${id}"`);
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
 * XState invents parts that it misses: an atomic state that has become a compound one is entered
 * without its entry actions and timers. So its result is compared with the stored one, unless the
 * stored one is of this very structure. Then states that no chart should have come from XState
 * itself, and the run goes on with them.
 */
function restoreSnapshot(run: Place, stored: Stored, other: boolean): Snapshot {
  const { status, value } = stored;
  const isChecked = other && isOpen(stored);
  const missing = isChecked ? missingState(run.agent.machine.root, value) : null;
  if (missing !== null) unfit(run, missing);
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
    unfit(run, thrownText(error));
  }
  if (isChecked && !sameValue(snapshot.value, value)) {
    unfit(run, `its states are not those of ${JSON.stringify(value)}`);
  }
  if (stored.nodes !== undefined) orderNodes(run.agent, snapshot, stored.nodes, other);
  return Object.assign(snapshot, {
    // The stored value keeps the order of its keys, which is that of the nodes.
    value,
    // XState does not get these two: it would take an object of the author's for one of its actor
    // references, and would forget a history that exists and is empty.
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
    if (run.agent.nodesById.get(id)?.type !== 'history') unfit(run, `it has no history "${id}"`);
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

/**
 * The order in which parallel states were entered decides whose transitions come first. When the
 * chart's document has changed, the stored numbers name other states, and the document's order is
 * used.
 */
function orderNodes(
  agent: CompiledAgent,
  snapshot: Snapshot,
  order: readonly number[],
  other: boolean,
): void {
  const active = new Set(snapshot._nodes);
  const nodes = order.flatMap((at) => agent.nodes[at] ?? []);
  const isSame = nodes.length === active.size && nodes.every((node) => active.has(node));
  if (other && order.length > 0 && !isSame) return;
  Object.assign(snapshot, { _nodes: nodes, tags: new Set(nodes.flatMap((node) => node.tags)) });
}
