/**
 * Which changes of a pool are reported: to runs, why their calls wait; to the database, the states of
 * slots and gates.
 *
 * It owns what was reported last. pool.ts decides what becomes of a call, and the runtime writes the
 * changes.
 *
 * 1. A change that was taken counts as reported. If it is not committed, it is given back, and the
 *    state at that time is reported again.
 * 2. The changes are bounded: at most one for each call, slot and gate.
 */
import type { CapacitySettings } from '../../domain/capacity-settings.ts';
import type { Place } from '../../domain/calls/phase.ts';
import type { KnownGate } from './gate.ts';
import { GateNews, type GateChange } from './gate-news.ts';
import type { CallWait, Held, PoolCall, PoolSlotChange, WaitChange } from './pool-call.ts';
import type { Route, Routes } from './routes.ts';
import { shownAs, type WaitReason, WaitNews } from './wait-reason.ts';

type TakenNews = {
  readonly slots: readonly Pick<
    PoolSlotChange<unknown>,
    'provider' | 'slot' | 'calls' | 'rateLimited'
  >[];
  readonly gates: readonly { readonly gate: string }[];
};

export class PoolNews<Call extends PoolCall> {
  readonly #routes: Routes<Call>;
  readonly #settings: CapacitySettings['telling'];
  readonly #waits = new WaitNews<Call>((call) => shownAs(reasonOf(call)));
  readonly #gates: GateNews<Held<Call>>;

  constructor(routes: Routes<Call>, settings: CapacitySettings['telling']) {
    this.#routes = routes;
    this.#settings = settings;
    this.#gates = new GateNews(routes.states, settings);
  }

  /** The call may wait for another reason than before. */
  check(call: Call): void {
    this.#waits.check(call);
  }

  /** The status of a gate has changed, so all its calls may wait for another reason. */
  checkAll(): void {
    for (const call of this.#routes.changed()) this.#waits.check(call);
  }

  drop(call: Call): void {
    this.#waits.drop(call);
  }

  /** What a call that is in no slot waits for; null if it does not wait. */
  waitOf(call: Call): CallWait | null {
    if (call.route === null || call.held !== null) return null;
    const { attempt, dueMs, lastAt } = call;
    const gates = routeOf(call).providers.map(({ name, status, lastFault }) => ({
      name,
      status,
      fault: lastFault?.text ?? null,
    }));
    return { attempt, dueMs, lastAt, gates };
  }

  /** About where the call stands in its line; null for one that is in none. */
  placeOf(call: Call, nowMs: number): Place | null {
    if (call.route === null || call.held !== null || call.dueMs !== null) return null;
    return this.#routes.placeOf(routeOf(call), call, nowMs);
  }

  /** By gate, the calls that have stood longest in its line, one of each owner: see `Routes.longest`. */
  longest(
    max: number,
    ownerOf: (call: Call) => string | null,
  ): ReadonlyMap<string, readonly Call[]> {
    return this.#routes.longest(max, ownerOf);
  }

  /** True if `takeWaits` has something. */
  get hasWaits(): boolean {
    return this.#waits.size > 0;
  }

  /** Calls whose shown wait differs from what was taken before: at most `max` of them. */
  takeWaits(max = this.#settings.waitChangesMax): WaitChange<Call>[] {
    return this.#waits.take(max).map((call) => ({ call, shown: call.told }));
  }

  /** Slots that differ from what was taken before: at most one change per slot. */
  takeSlots(): PoolSlotChange<Call>[] {
    return this.#routes.states.flatMap(({ name: provider, slots }) =>
      slots.takeChanges(({ held, slot, status, calls, rateLimited }) => {
        // Each field is named, because spreading the rest costs 3 µs a call.
        const call = held?.call ?? null;
        return { provider, slot, status, call, attempt: call?.attempt ?? 0, calls, rateLimited };
      }),
    );
  }

  /** Gates whose state has changed since they were taken last; none before `restore`. */
  takeGates(nowMs: number): GateChange[] {
    return this.#gates.take(nowMs);
  }

  /** When a change of a gate is due that came too soon to be taken; null: there is none. */
  gatesDueMs(nowMs: number): number | null {
    return this.#gates.dueMs(nowMs);
  }

  /** The batch that held these changes was not committed: the next one holds the state at that time. */
  giveBack({ slots, gates }: TakenNews): void {
    for (const { provider, slot, ...counts } of slots) {
      this.#routes.gates.find(provider)?.slots.giveBack(slot, counts);
    }
    for (const { gate } of gates) this.#gates.giveBack(gate);
  }

  /**
   * Takes over what was known of gates before a restart, or was found by other replicas. From here on,
   * changes of gates are reported.
   */
  restore(known: ReadonlyMap<string, KnownGate>, nowMs: number): void {
    for (const [gate, what] of known) this.#routes.gates.find(gate)?.restore(what, nowMs);
    this.#gates.begin();
    this.checkAll();
  }
}

/** The route of a call that is inside. */
export function routeOf<Call extends PoolCall>({ route }: Call): Route<Call> {
  return route as Route<Call>;
}

/** Null: the call is in a slot. */
export function reasonOf(call: PoolCall): WaitReason | null {
  if (call.held !== null) return null;
  return call.dueMs === null ? routeOf(call).reason : 'backoff';
}
