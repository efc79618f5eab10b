/** Checks the actions and guards of a chart: each must have a durable form. */
import { limits } from '../domain/limits.ts';
import type { Findings } from './findings.ts';
import { sourceOf } from './sources.ts';

/**
 * XState's action creators return functions with a `type` and with the arguments of the creator.
 */
type BuiltIn = {
  readonly type: string;
  readonly resolve: unknown;
  readonly src?: unknown;
  readonly id?: unknown;
  readonly systemId?: unknown;
  readonly syncSnapshot?: unknown;
  readonly delay?: unknown;
  readonly assignment?: unknown;
};

function isBuiltIn(action: unknown): action is BuiltIn {
  return typeof action === 'function' && 'resolve' in action && 'type' in action;
}

/** Checks one action as it stands in a chart: a name, an object with a name, or a function. */
export function checkAction(action: unknown, place: string, findings: Findings): void {
  if (isBuiltIn(action)) return checkBuiltIn(action, place, findings);
  if (typeof action === 'function') {
    const what = 'an inline function as an action runs after the commit, at most once';
    return findings.warn(place, `${what}: what must happen is a task`);
  }
  const name = nameOf(action);
  if (name === null) {
    return findings.refuse(place, 'an action is neither a name nor a function', 'name it');
  }
  const mend = 'add it to setup({ actions })';
  if (!findings.has('actions', name)) findings.refuse(place, `no action is called "${name}"`, mend);
}

/** Checks the actions of `setup({ actions })`, which the chart refers to by name. */
export function checkNamedActions(findings: Findings): void {
  for (const [name, action] of Object.entries(findings.machine.implementations.actions)) {
    const place = `${findings.machine.id} action "${name}"`;
    if (name.startsWith('xstate.')) {
      findings.refuse(place, 'names beginning with "xstate." are XState\'s own', 'rename it');
    }
    if (isBuiltIn(action)) checkBuiltIn(action, place, findings);
    else if (typeof action !== 'function') findings.refuse(place, 'it is no function', 'give one');
  }
}

function checkBuiltIn(action: BuiltIn, place: string, findings: Findings): void {
  switch (action.type) {
    case 'xstate.assign':
      return checkAssign(action.assignment, place, findings);
    case 'xstate.spawnChild':
      return checkSpawn(action, place, findings);
    case 'xstate.raise':
    case 'xstate.sendTo':
      return checkDelay(action.delay, 'the delay', place, findings);
    default:
      return;
  }
}

function checkSpawn(action: BuiltIn, place: string, findings: Findings): void {
  if (action.id === undefined) {
    findings.refuse(place, 'spawnChild has no id', 'give it one: { id: "…" }');
  }
  checkActor({ ...action, name: 'inline' }, `spawnChild`, place, findings);
}

/** Checks what `invoke` and `spawnChild` have in common. */
export function checkActor(
  actor: {
    readonly src?: unknown;
    /** The name of the actor's logic, where the logic stands inline. */
    readonly name: string;
    readonly systemId?: unknown;
    readonly syncSnapshot?: unknown;
  },
  what: string,
  place: string,
  findings: Findings,
): void {
  if (actor.systemId !== undefined) {
    findings.refuse(place, `${what} has a systemId`, 'send to the child by its id instead');
  }
  if (actor.syncSnapshot === true) {
    const mend = 'let the child send what you need';
    findings.refuse(place, `${what} wants the snapshots of its child`, mend);
  }
  const { src } = actor;
  const isNamed = typeof src === 'string';
  if (isNamed && !findings.has('actors', src)) {
    const mend = 'add it to setup({ actors })';
    return findings.refuse(place, `${what} starts "${src}", which is no actor of the chart`, mend);
  }
  const logics = findings.machine.implementations.actors as Record<string, unknown>;
  if (sourceOf(actor.name, isNamed ? logics[src] : src) === null) {
    const mend = 'use an actor of the catalogue, promise logic, or another chart';
    const kinds = 'callback, observable and transition logic lose their state in a restart';
    const shown = isNamed ? `"${src}"` : 'inline logic';
    return findings.refuse(place, `${what} starts ${shown}: ${kinds}`, mend);
  }
  if (!isNamed) {
    const mend = 'a key of setup({ actors }) lasts';
    findings.warn(place, `${what} has inline logic, which is named by its place: ${mend}`);
  }
}

/** A named delay must exist, or XState takes its event at once; a number must be a valid time. */
export function checkDelay(delay: unknown, what: string, place: string, findings: Findings): void {
  if (typeof delay === 'string' && !findings.has('delays', delay)) {
    findings.refuse(place, `no delay is called "${delay}"`, 'add it to setup({ delays })');
  }
  if (typeof delay !== 'number' || !checkMs(delay, what, place, findings)) return;
  findings.warn(
    place,
    `the delay ${delay} stands in the chart as a number; a named one can change with a version`,
  );
}

/** Checks the delays of `setup({ delays })`. Computed delays are checked when they are computed. */
export function checkNamedDelays(findings: Findings): void {
  for (const [name, delay] of Object.entries(findings.machine.implementations.delays)) {
    const place = `${findings.machine.id} delay "${name}"`;
    if (typeof delay === 'number') checkMs(delay, 'it', place, findings);
    else if (typeof delay !== 'function') {
      findings.refuse(place, 'it is neither a number nor a function', 'give milliseconds');
    }
  }
}

function checkMs(ms: number, what: string, place: string, findings: Findings): boolean {
  if (ms >= 0 && ms <= limits.delayMsMax) return true;
  const mend = `give 0 to ${limits.delayMsMax} ms, which are ten years`;
  findings.refuse(place, `${what} is ${ms} ms`, mend);
  return false;
}

/**
 * A spawn in an assign leaves no action behind, so it cannot be made durable. Only two ways of
 * writing it can be recognised in the text without false alarms: `spawn` among the parameters, and
 * a call of some `….spawn(`. Any other spawn in an assign fails the run when it happens
 * (`scope.ts`).
 */
function checkAssign(assignment: unknown, place: string, findings: Findings): void {
  const parts =
    typeof assignment === 'object' && assignment !== null
      ? Object.values(assignment)
      : [assignment];
  if (parts.some(spawns)) {
    const mend = 'use spawnChild with an id, or invoke';
    findings.refuse(place, 'assign spawns an actor, which no restart would find again', mend);
  }
}

/** True for a function whose text takes `spawn` as a parameter or calls it on an object. */
export function spawns(part: unknown): boolean {
  if (typeof part !== 'function') return false;
  const text = Function.prototype.toString.call(part);
  return /^[^{=]*\(\s*\{[^})]*\bspawn\b[^})]*\}/.test(text) || /\.\s*spawn\s*\(/.test(text);
}

/** Checks that every named guard exists. */
export function checkGuard(guard: unknown, place: string, findings: Findings): void {
  if (guard === undefined) return;
  if (typeof guard === 'function') {
    const { guards } = guard as { readonly guards?: unknown };
    if (Array.isArray(guards)) for (const part of guards) checkGuard(part, place, findings);
    return;
  }
  const name = nameOf(guard);
  if (name === null || !findings.has('guards', name)) {
    findings.refuse(place, `no guard is called "${name ?? '?'}"`, 'add it to setup({ guards })');
  }
}

function nameOf(reference: unknown): string | null {
  if (typeof reference === 'string') return reference;
  if (typeof reference !== 'object' || reference === null) return null;
  const { type } = reference as { readonly type?: unknown };
  return typeof type === 'string' ? type : null;
}
