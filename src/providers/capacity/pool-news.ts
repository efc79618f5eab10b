/**
 * What others are told of a pool: runs, why their calls wait; the database, what its slots and gates are.
 *
 * It owns what was told last. It leaves to pool.ts what becomes of a call, and the writing to the runtime.
 *
 * 1. What was taken counts as told. What then was not committed is given back, and is told again as it is
 *    by then.
 * 2. It is bounded: at most one change for each call, slot and gate.
 */
import type { CapacitySettings } from '../../domain/capacity-settings.ts';
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

  /** The status of a gate has changed: all its calls may wait for another reason. */
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
    const gates = routeOf(call).providers.map(({ name, status }) => ({ name, status }));
    return { attempt, dueMs, lastAt, gates };
  }

  /** True when `takeWaits` has something. */
  get hasWaits(): boolean {
    return this.#waits.size > 0;
  }

  /** What runs show of their calls, where it differs from what was taken before: a batch of it. */
  takeWaits(max = this.#settings.waitChangesMax): WaitChange<Call>[] {
    return this.#waits.take(max).map((call) => ({ call, shown: call.told }));
  }

  /** Slots that differ from what was taken before. */
  takeSlots(): PoolSlotChange<Call>[] {
    return this.#routes.states.flatMap(({ name: provider, slots }) =>
      slots.takeChanges(({ held, slot, status, calls, rateLimited }) => {
        // Each field is named, because spreading the rest costs 3 µs a call.
        const call = held?.call ?? null;
        return { provider, slot, status, call, attempt: call?.attempt ?? 0, calls, rateLimited };
      }),
    );
  }

  /** Gates of which something is known that was not taken before; none before `restore`. */
  takeGates(nowMs: number): GateChange[] {
    return this.#gates.take(nowMs);
  }

  /** The batch that held these was not committed. */
  giveBack({ slots, gates }: TakenNews): void {
    for (const { provider, slot, ...counts } of slots) {
      this.#routes.gates.find(provider)?.slots.giveBack(slot, counts);
    }
    for (const { gate } of gates) this.#gates.giveBack(gate);
  }

  /** What was known of gates before a restart, or was found by other replicas. Gates are told of from here on. */
  restore(known: ReadonlyMap<string, KnownGate>, nowMs: number): void {
    for (const [gate, what] of known) this.#routes.gates.find(gate)?.restore(what, nowMs);
    this.#gates.begin();
    this.checkAll();
  }
}

/** Of a call that is inside. */
export function routeOf<Call extends PoolCall>({ route }: Call): Route<Call> {
  return route as Route<Call>;
}

/** Null: it is in a slot. */
export function reasonOf(call: PoolCall): WaitReason | null {
  if (call.held !== null) return null;
  return call.dueMs === null ? routeOf(call).reason : 'backoff';
}
