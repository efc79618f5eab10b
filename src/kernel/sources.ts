/**
 * Finds the kind of the logic behind a chart's actors: by brand, by shape, or by how it behaves.
 */
import type { AnyStateMachine } from 'xstate';
import { catalogueNames, type CatalogueName, type InvocationSource } from '../domain/effect.ts';
import { catalogueBrand, taskBrand } from './catalogue.ts';

type Logic = {
  readonly [catalogueBrand]?: unknown;
  readonly [taskBrand]?: unknown;
  readonly __xstatenode?: unknown;
  readonly start?: unknown;
  readonly transition?: (snapshot: unknown, event: unknown, scope: unknown) => unknown;
};

/** True for the result of `createMachine`, of this copy of XState or another. */
export function isStateMachine(value: unknown): value is AnyStateMachine {
  return isLogic(value) && value.__xstatenode === true && 'root' in value;
}

/** True for logic that an actor can have: charts, promises and all other logic of XState's. */
export function isActorLogic(value: unknown): boolean {
  return isLogic(value) && typeof value.transition === 'function';
}

function isLogic(value: unknown): value is Logic {
  return typeof value === 'object' && value !== null;
}

/**
 * Returns null for logic that has no durable form: callbacks, observables, transition functions.
 */
export function sourceOf(key: string, logic: unknown): InvocationSource | null {
  if (!isLogic(logic)) return null;
  const name = catalogueNameOf(logic);
  if (name !== undefined) return { kind: name };
  if (isStateMachine(logic)) return { kind: 'child', agent: logic.id };
  return logic[taskBrand] !== undefined || isPromiseLogic(logic)
    ? { kind: 'task', src: key }
    : null;
}

/** The name of heddle's own actor; undefined for any other logic. */
export function catalogueNameOf(logic: unknown): CatalogueName | undefined {
  const name = isLogic(logic) ? logic[catalogueBrand] : undefined;
  return catalogueNames.find((known) => known === name);
}

/**
 * XState leaves no mark on promise logic, and minified builds leave no name. So the logic is tried:
 * only a promise's is done after the event that it has resolved.
 */
function isPromiseLogic({ start, transition }: Logic): boolean {
  if (typeof start !== 'function' || typeof transition !== 'function') return false;
  try {
    const resolved = { type: 'xstate.promise.resolve', data: null };
    const next = transition({ status: 'active' }, resolved, { self: {} });
    return (next as { readonly status?: unknown }).status === 'done';
  } catch {
    return false;
  }
}

/** The charts among an agent's actors, by their keys. */
export function chartsOf(
  logics: Readonly<Record<string, unknown>>,
): ReadonlyMap<string, AnyStateMachine> {
  const charts = new Map<string, AnyStateMachine>();
  for (const [key, logic] of Object.entries(logics)) {
    if (isStateMachine(logic)) charts.set(key, logic);
  }
  return charts;
}
