/**
 * The kernel's own part of a run's state, beside XState's snapshot. Immutable: each step makes a
 * new one.
 */
import type { ChartEvent } from '../domain/event.ts';
import type { OpenInvocation, OpenTimer } from './port.ts';

/**
 * A child in XState's sense: an actor that was invoked or spawned and is not left yet. A child that
 * has ended stays until its state is left, as in a live actor, because a chart may still send to
 * it, without effect.
 */
export type Child = OpenInvocation & { readonly src: string; readonly ended: boolean };

export type TimerTarget =
  'self' | 'parent' | { readonly child: string; readonly incarnation: number };

/** `event` is null for an `after`: the chart knows the event of that timer. */
export type Timer = OpenTimer & { readonly event: ChartEvent | null; readonly to: TimerTarget };

export type Frame = {
  /**
   * The last number that was given to an incarnation, a generation or a nameless timer: none is
   * given twice within a run.
   */
  readonly seq: number;
  /** In the order of XState's own `children`. */
  readonly children: readonly Child[];
  readonly timers: readonly Timer[];
};

/** The last number that was given, while a macrostep is computed. */
export type Numbers = { last: number };

export const emptyFrame: Frame = { seq: 0, children: [], timers: [] };

/** Returns `list` with `item` in the place of the item with its id, or at the end. */
export function put<Item extends { readonly id: string }>(
  list: readonly Item[],
  item: Item,
): readonly Item[] {
  const at = list.findIndex((other) => other.id === item.id);
  return at < 0 ? [...list, item] : list.with(at, item);
}

/** Returns `list` without the item of that id. */
export function drop<Item extends { readonly id: string }>(
  list: readonly Item[],
  id: string,
): readonly Item[] {
  return list.filter((item) => item.id !== id);
}
