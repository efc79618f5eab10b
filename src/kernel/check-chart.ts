/** What cannot be durable in a chart, by place and with the mend: the walk over its states. */
import { toErrorRecord } from '../domain/errors.ts';
import { checkName } from '../domain/ids.ts';
import {
  checkAction,
  checkActor,
  checkGuard,
  checkNamedActions,
  spawns,
} from './check-actions.ts';
import { nodesOf, type StateNode } from './chart-nodes.ts';
import type { Findings } from './findings.ts';
import { checkPlain } from './settle.ts';

type Invoke = {
  readonly id?: unknown;
  readonly src?: unknown;
  readonly systemId?: unknown;
  readonly input?: unknown;
  readonly onDone?: unknown;
  readonly onError?: unknown;
  readonly onSnapshot?: unknown;
};
type Transition = {
  readonly actions: readonly unknown[];
  readonly guard?: unknown;
  readonly delay?: unknown;
};

/** Checks the whole chart; what it finds goes into `findings`. */
export function checkChart(findings: Findings): void {
  const { machine } = findings;
  if (machine.config.id === undefined) {
    const mend = 'give it one: createMachine({ id: "…" }), which is the agent\'s name';
    findings.refuse(machine.id, 'the chart has no id', mend);
  } else {
    checkText(machine.id, 'the id of the chart', machine.id, findings);
  }
  checkContext(findings);
  checkNamedActions(findings);
  for (const node of nodesOf(machine)) checkState(node, findings);
}

function checkContext(findings: Findings): void {
  const { id, config } = findings.machine;
  const context: unknown = config.context;
  if (typeof context === 'function') {
    if (spawns(context)) {
      const mend = 'invoke the actor at the root of the chart';
      findings.refuse(id, 'context spawns an actor, which no restart would find again', mend);
    }
    return;
  }
  checkJsonValue(context, 'context', id, findings);
}

/** JSON, but for `undefined` properties, which charts may write everywhere. */
function checkJsonValue(value: unknown, what: string, place: string, findings: Findings): void {
  try {
    checkPlain(value, what);
  } catch (error) {
    const mend = 'keep plain JSON there';
    findings.refuse(place, toErrorRecord(error).message.replace(/\.$/, ''), mend);
  }
}

function checkState(node: StateNode, findings: Findings): void {
  const place = findings.placeOf(node);
  for (const action of node.entry) checkAction(action, `${place} entry`, findings);
  for (const action of node.exit) checkAction(action, `${place} exit`, findings);
  if (node.type === 'compound') {
    for (const action of node.initial.actions) checkAction(action, `${place} initial`, findings);
  }
  for (const [event, transitions] of node.transitions as Map<string, readonly Transition[]>) {
    for (const one of transitions) checkTransition(one, `${place} on ${event}`, findings);
  }
  for (const one of (node.always ?? []) as readonly Transition[]) {
    checkTransition(one, `${place} always`, findings);
  }
  if (node.transitions.has('*')) {
    findings.warn(place, '"*" also swallows the errors of actors that have no onError');
  }
  const { invoke } = node.config as { readonly invoke?: Invoke | readonly Invoke[] };
  for (const one of invoke === undefined ? [] : [invoke].flat()) checkInvoke(one, place, findings);
}

function checkTransition(transition: Transition, place: string, findings: Findings): void {
  checkGuard(transition.guard, place, findings);
  for (const action of transition.actions) checkAction(action, place, findings);
}

function checkInvoke(invoke: Invoke, place: string, findings: Findings): void {
  const { id, input, onError, onSnapshot } = invoke;
  const what = typeof id === 'string' ? `invoke "${id}"` : 'invoke';
  if (typeof id !== 'string') {
    const mend = 'give it one: a made-up id changes with the chart';
    findings.refuse(place, 'invoke has no id', mend);
  } else {
    checkText(id, `the id of ${what}`, place, findings);
  }
  if (typeof input !== 'function') checkJsonValue(input, `the input of ${what}`, place, findings);
  checkActor({ ...invoke, syncSnapshot: onSnapshot !== undefined }, what, place, findings);
  if (onError === undefined) {
    findings.warn(place, `${what} has no onError: its failure ends the run`);
  }
}

function checkText(text: string, what: string, place: string, findings: Findings): void {
  try {
    checkName(text, what);
  } catch (error) {
    findings.refuse(place, toErrorRecord(error).message.replace(/\.$/, ''), 'choose another');
  }
}

