/**
 * A flat chart as a table: status columns are written from charts only, and this makes that cost a
 * map's look-up. XState itself is asked about every event in every state, once.
 */
import {
  initialTransition,
  transition,
  type AnyStateMachine,
  type EventFrom,
  type StateValueFrom,
} from 'xstate';

type StateOf<Machine extends AnyStateMachine> = StateValueFrom<Machine> & string;
type EventTypeOf<Machine extends AnyStateMachine> = EventFrom<Machine>['type'];

export interface ChartTable<State extends string, Event extends string> {
  readonly initial: State;
  readonly states: ReadonlySet<State>;
  readonly final: ReadonlySet<State>;
  readonly events: ReadonlySet<Event>;
  /** Undefined when the chart has no such transition: whoever asks must not make the change. */
  next(state: State, event: Event): State | undefined;
}

/** Throws for a chart that a table cannot hold: one with nesting, guards, actions or actors. */
export function compileChart<Machine extends AnyStateMachine>(
  machine: Machine,
): ChartTable<StateOf<Machine>, EventTypeOf<Machine>> {
  const initial = checkState(machine, initialTransition(machine as AnyStateMachine)[0].value);
  const nodes = Object.entries(machine.states);
  const rows = new Map<string, ReadonlyMap<string, string>>();
  for (const [state, node] of nodes) {
    checkNode(machine, state, node);
    const row = new Map<string, string>();
    for (const event of node.ownEvents) {
      const from = machine.resolveState({ value: state, context: {} } as never);
      const [next] = transition(machine as AnyStateMachine, from, { type: event });
      row.set(event, checkState(machine, next.value));
    }
    rows.set(state, row);
  }
  const final = nodes.filter(([, node]) => node.type === 'final').map(([state]) => state);
  return {
    initial: initial as StateOf<Machine>,
    states: new Set(rows.keys()) as Set<StateOf<Machine>>,
    final: new Set(final) as Set<StateOf<Machine>>,
    events: new Set(machine.events) as Set<EventTypeOf<Machine>>,
    next: (state, event) => rows.get(state)?.get(event) as StateOf<Machine> | undefined,
  };
}

function checkState(machine: AnyStateMachine, value: unknown): string {
  if (typeof value === 'string') return value;
  throw new TypeError(`Chart ${machine.id} is nested: ${JSON.stringify(value)} is no single state.`);
}

type Node = AnyStateMachine['root'];

/** Only the next state comes out of a table, so a chart that does more would do it in vain. */
function checkNode(machine: AnyStateMachine, state: string, node: Node): void {
  const transitions = [...node.transitions.values()].flat();
  const plain =
    node.type !== 'history' &&
    node.entry.length + node.exit.length + node.invoke.length + (node.always?.length ?? 0) === 0 &&
    transitions.every(({ guard, actions }) => guard === undefined && actions.length === 0) &&
    !node.ownEvents.some((event) => event.includes('*'));
  if (!plain) {
    throw new TypeError(`Chart ${machine.id} does more in ${state} than to change its state.`);
  }
}
