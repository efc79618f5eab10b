/**
 * Walks over a chart's states and finds the parts that cannot be durable, each with its place and
 * the mend.
 */
import { toErrorRecord } from '../domain/errors.ts';
import { checkName } from '../domain/ids.ts';
import { limits } from '../domain/limits.ts';
import {
  checkAction,
  checkActor,
  checkDelay,
  checkGuard,
  checkNamedActions,
  checkNamedDelays,
  spawns,
} from './check-actions.ts';
import { checkChildId } from './child-book.ts';
import { labelOf, nodesOf, placeOf, type StateNode } from './chart-nodes.ts';
import type { Findings } from './findings.ts';
import { withSchemaJson } from '../schema/given-schemas.ts';
import { invokesOf, writtenInvokesOf, type Invoke } from './inline-logic.ts';
import { settle } from './settle.ts';
import { catalogueNameOf } from './sources.ts';

/** A state's parts as their author wrote them. */
type Written = {
  readonly id?: unknown;
  readonly src?: unknown;
  readonly systemId?: unknown;
  readonly input?: unknown;
  readonly onError?: unknown;
  readonly onSnapshot?: unknown;
};
type Transition = {
  readonly actions: readonly unknown[];
  readonly guard?: unknown;
  readonly delay?: unknown;
};

/** Checks the whole chart and adds the findings to `findings`. */
export function checkChart(findings: Findings): void {
  const { machine } = findings;
  if (machine.config.id === undefined) {
    const mend = 'give it one: createMachine({ id: "…" }), which is the agent\'s name';
    findings.refuse(machine.id, 'the chart has no id', mend);
  } else {
    checkText(machine.id, 'the id of the chart', machine.id, findings);
  }
  checkContext(findings);
  checkIterations(findings);
  checkNamedActions(findings);
  checkNamedDelays(findings);
  const nodes = nodesOf(machine);
  for (const node of nodes) checkState(node, findings);
  checkUniqueIds(nodes, findings);
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
  checkJsonValue(() => context, 'context', id, findings);
}

/** XState's default sets no limit. heddle's does, and a chart may set another. */
function checkIterations(findings: Findings): void {
  const { id, options } = findings.machine;
  const { maxIterations: max } = options as { readonly maxIterations?: unknown };
  if (max === undefined || max === Infinity) return;
  if (typeof max !== 'number' || !(max >= 1)) {
    const what = `options.maxIterations is ${typeof max === 'number' ? max : 'no number'}`;
    findings.refuse(id, what, `give a number from 1 to ${limits.iterationsCeiling}`);
  } else if (max > limits.iterationsCeiling) {
    findings.warn(
      id,
      `options.maxIterations counts as ${limits.iterationsCeiling}, the most there is`,
    );
  }
}

/**
 * Checks that a value is JSON; `undefined` properties are allowed, because charts may write them
 * everywhere.
 */
function checkJsonValue(
  given: () => unknown,
  what: string,
  place: string,
  findings: Findings,
): void {
  try {
    settle(given(), what);
  } catch (error) {
    const mend = 'keep plain JSON there';
    findings.refuse(place, toErrorRecord(error).message.replace(/\.$/, ''), mend);
  }
}

function checkState(node: StateNode, findings: Findings): void {
  const place = placeOf(node);
  // XState makes an entry action of an `after`. It is left out here and checked in the form that
  // the author wrote.
  const entry = node.entry.filter((action) => !isAfter(action));
  for (const action of entry) checkAction(action, `${place} entry`, findings);
  for (const action of node.exit) checkAction(action, `${place} exit`, findings);
  if (node.type === 'compound' && checkInitial(node, place, findings)) {
    for (const action of node.initial.actions) checkAction(action, `${place} initial`, findings);
  }
  for (const [event, transitions] of node.transitions as Map<string, readonly Transition[]>) {
    for (const one of transitions) checkTransition(one, `${place} ${labelOf(event)}`, findings);
  }
  for (const { delay } of node.after) checkDelay(delay, 'the delay', `${place} after`, findings);
  for (const one of (node.always ?? []) as readonly Transition[]) {
    checkTransition(one, `${place} always`, findings);
  }
  if (node.transitions.has('*')) {
    findings.warn(place, '"*" also swallows the errors of actors that have no onError');
  }
  const written: readonly Written[] = writtenInvokesOf(node);
  invokesOf(node).forEach((invoke, i) => {
    checkInvoke(invoke, written[i] as Written, place, findings);
  });
}

/** XState looks for the initial state when a run begins, and throws if it does not exist. */
function checkInitial(node: StateNode, place: string, findings: Findings): boolean {
  const { initial } = node.config as { readonly initial?: unknown };
  const key: unknown =
    typeof initial === 'object' && initial !== null
      ? (initial as { readonly target?: unknown }).target
      : initial;
  if (typeof key === 'string' && Object.hasOwn(node.states, key)) return true;
  const what =
    key === undefined
      ? 'it has no initial state'
      : `initial is ${JSON.stringify(key)}, no state of it`;
  findings.refuse(place, what, `choose one of ${Object.keys(node.states).join(', ')}`);
  return false;
}

function isAfter(action: unknown): boolean {
  const { id } = action as { readonly id?: unknown };
  return typeof id === 'string' && id.startsWith('xstate.after.');
}

/** When two actors run at once under one id, a completion does not show whose it is. */
function checkUniqueIds(nodes: readonly StateNode[], findings: Findings): void {
  const seen = new Map<unknown, StateNode[]>();
  for (const node of nodes) {
    for (const { id } of invokesOf(node)) {
      const others = seen.get(id) ?? [];
      const other = others.find((one) => canBeActiveTogether(one, node));
      if (other !== undefined) {
        const what = `invoke "${id}" can run at once with that of ${placeOf(other)}`;
        findings.refuse(placeOf(node), what, 'give one of them another id');
      }
      seen.set(id, [...others, node]);
    }
  }
}

function canBeActiveTogether(one: StateNode, other: StateNode): boolean {
  const depth = one.path.findIndex((key, i) => key !== other.path[i]);
  if (depth < 0 || depth >= other.path.length) return true;
  let common: StateNode = one;
  while (common.path.length > depth && common.parent !== undefined) common = common.parent;
  return common.type === 'parallel';
}

function checkTransition(transition: Transition, place: string, findings: Findings): void {
  checkGuard(transition.guard, place, findings);
  for (const action of transition.actions) checkAction(action, place, findings);
}

function checkInvoke(
  { id, src }: Invoke,
  written: Written,
  place: string,
  findings: Findings,
): void {
  const { input, onError, onSnapshot } = written;
  const what = `invoke "${String(id)}"`;
  if (written.id === undefined) {
    findings.warn(place, `${what} has no id and is named by its place: give it one that lasts`);
  }
  if (typeof id === 'string') {
    checkText(id, `the id of ${what}`, place, findings, checkChildId);
  } else {
    findings.refuse(place, `the id of ${what} is no text`, 'choose another');
  }
  if (typeof input !== 'function') {
    const name = catalogueNameOf(logicOf(src, written, findings));
    const given = (): unknown => withSchemaJson(name ?? 'task', input);
    checkJsonValue(given, `the input of ${what}`, place, findings);
  }
  const actor = { ...written, name: src, syncSnapshot: onSnapshot !== undefined };
  checkActor(actor, what, place, findings);
  if (onError === undefined) {
    findings.advise(place, `${what} has no onError: its failure ends the run`);
  }
}

/** The logic that is invoked: an actor of the chart by its name, or logic that stands in the invoke. */
function logicOf(src: unknown, written: Written, { machine }: Findings): unknown {
  const actors = machine.implementations.actors as Readonly<Record<string, unknown>>;
  return typeof src === 'string' && Object.hasOwn(actors, src) ? actors[src] : written.src;
}

function checkText(
  text: string,
  what: string,
  place: string,
  findings: Findings,
  check: (text: string, field: string) => unknown = checkName,
): void {
  try {
    check(text, what);
  } catch (error) {
    findings.refuse(place, toErrorRecord(error).message.replace(/\.$/, ''), 'choose another');
  }
}
