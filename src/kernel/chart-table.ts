/**
 * A flat chart as a table. Only charts decide status columns, and with the table such a decision
 * costs one look-up in a map. XState itself is asked for every event in every state, once.
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
  /**
   * Returns undefined when the chart has no such transition: the caller must not make the change.
   */
  next(state: State, event: Event): State | undefined;
}

/**
 * Throws for a chart that a table cannot represent: one with nesting, guards, actions or actors.
 */
export function compileChart<Machine extends AnyStateMachine>(
  machine: Machine,
): ChartTable<StateOf<Machine>, EventTypeOf<Machine>> {
  const chart: AnyStateMachine = machine;
  const initial = checkState(chart, initialTransition(chart)[0].value);
  const nodes = Object.entries(chart.states);
  const rows = new Map<string, ReadonlyMap<string, string>>();
  for (const [state, node] of nodes) {
    checkNode(chart, state, node);
    const row = new Map<string, string>();
    for (const event of node.ownEvents) {
      const from = chart.resolveState({ value: state, context: {} });
      const [next] = transition(chart, from, { type: event });
      row.set(event, checkState(chart, next.value));
    }
    rows.set(state, row);
  }
  const final = nodes.filter(([, node]) => node.type === 'final').map(([state]) => state);
  return {
    initial,
    states: new Set(rows.keys()),
    final: new Set(final),
    events: new Set(machine.events),
    next: (state, event) => rows.get(state)?.get(event),
  };
}

function checkState(machine: AnyStateMachine, value: unknown): string {
  if (typeof value === 'string') return value;
  throw new TypeError(
    `Chart ${machine.id} is nested: ${JSON.stringify(value)} is no single state.`,
  );
}

type Node = AnyStateMachine['root'];

/**
 * Refuses a state that does more than to change: a table gives only the next state, and the rest
 * would be lost.
 */
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
