/**
 * Budgets at work: which calls wait because a budget is used up, and when each goes on.
 *
 * Owns when budgets are looked at. The store does the sums, because only the store knows what other replicas
 * have reserved. `budget-line.ts` knows which call waits for which budget, `reservations.ts` what each call
 * has reserved.
 *
 * 1. While no budget is set nothing is charged, and a call passes with one comparison.
 * 2. A call that waits here is in no queue and no slot. All budgets that calls wait for are looked at
 *    again every `lookMs`, in reads of a bounded size, so a call goes on by itself when its budget is
 *    raised, a day begins, or other calls have used less than they had reserved.
 * 3. The reason that a run shows has the figures of a look, and is written anew when they change: at most
 *    `toldMax` reasons with each look.
 */
import type { CapacitySettings } from '../../../domain/capacity-settings.ts';
import { Signal } from '../../signal.ts';
import { thrownText } from '../../../domain/thrown.ts';
import { heddleError } from '../../../domain/errors.ts';
import type { Provider } from '../../../providers/port.ts';
import {
  addAmounts,
  budgetsOf,
  fitsBudget,
  noAmount,
  type Amount,
  type BudgetAddress,
  type BudgetDefaults,
  type BudgetRow,
} from '../../../store/charges.ts';
import type { Store } from '../../../store/port.ts';
import { proposed, type StateOf } from '../call/call-state.ts';
import type { RunCall } from '../call/run-call.ts';
import { Rhythm } from '../../wake/rhythm.ts';
import type { Clock, Log } from '../../ports.ts';
import { BudgetLine } from './budget-line.ts';
import { Reservations, type Place } from './reservations.ts';

export class Budgets {
  readonly #store: Store;
  readonly #defaults: BudgetDefaults;
  readonly reservations: Reservations;
  /** A call fits its budgets again; `within`: only at these of its providers. */
  readonly fits = new Signal<[call: RunCall, within: readonly string[] | undefined]>();
  readonly #onNews: () => void;
  readonly #settings: CapacitySettings['budgets'];
  readonly #line: BudgetLine;
  #changes: RunCall[] = [];
  #isOn: boolean;
  readonly #rhythm: Rhythm;

  constructor(options: {
    readonly store: Store;
    readonly clock: Clock;
    readonly log: Log;
    readonly defaults: BudgetDefaults;
    readonly providers: readonly Provider[];
    /** The reasons that runs show for their budgets have changed. */
    readonly news: () => void;
    readonly capacity: CapacitySettings;
  }) {
    this.#settings = options.capacity.budgets;
    this.#line = new BudgetLine(options.capacity.budgets);
    this.#store = options.store;
    this.#defaults = options.defaults;
    this.#onNews = options.news;
    this.reservations = new Reservations(options.providers);
    this.#isOn = Object.keys(options.defaults).length > 0;
    this.#rhythm = new Rhythm({
      clock: options.clock,
      round: () => this.#look(),
      pauseMs: () => (this.#line.size === 0 ? null : this.#settings.lookMs),
      failed: (error) => {
        options.log.warn('budgets could not be read', { error: thrownText(error) });
      },
    });
  }

  /** True from the first budget on, set here or by another replica. */
  get isOn(): boolean {
    return this.#isOn;
  }

  get defaults(): BudgetDefaults {
    return this.#defaults;
  }

  turnOn(): void {
    this.#isOn = true;
    this.#rhythm.start();
  }

  /** Called with the poll for work: another replica may have set the first budget. */
  async lookForFirst(): Promise<void> {
    if (!this.#isOn && (await this.#store.hasBudgets())) this.turnOn();
  }

  /** True when the call waits from here on: one of its budgets is known to be full. */
  holds(call: RunCall, from: StateOf<'proposed'>): boolean {
    if (!this.#isOn || this.#line.size === 0) return false;
    const full = this.#line.fullOf(budgetsOf(call));
    if (full !== null) this.hold(call, from, full);
    return full !== null;
  }

  /** The call waits from here on: this budget was found to be full. */
  hold(call: RunCall, from: StateOf<'proposed' | 'granted'>, budget: BudgetRow): void {
    this.#line.add(call, from, budget);
    this.#changes.push(call);
    this.#rhythm.start();
  }

  /** No run waits for the call any more. */
  leave(call: RunCall, from: StateOf<'held'>): void {
    this.#line.remove(call, from);
  }

  /** The reason that a run with these calls shows now; null when none of them waits here. */
  reasonFor(calls: readonly RunCall[]): string | null {
    for (const call of calls) {
      const budget = this.#line.budgetOf(call);
      if (budget !== null) return reasonOf(budget, this.#lacking(call, budget));
    }
    return null;
  }

  get hasChanges(): boolean {
    return this.#changes.length > 0;
  }

  /** Calls whose runs must show something new: that a call waits here, its figures, or that it waits no more. */
  takeChanges(): readonly RunCall[] {
    return this.#changes.splice(0);
  }

  close(): void {
    void this.#rhythm.close();
  }

  /**
   * The possible cost of the call: of the providers for which the budget lacks room, the cheapest.
   */
  #lacking(call: RunCall, budget: BudgetRow): Amount {
    const amounts = rising(this.reservations.places(call));
    return amounts.find((needed) => !fitsBudget(budget, needed)) ?? amounts[0] ?? noAmount;
  }

  async #look(): Promise<void> {
    const { readMax, callsReadMax, toldMax } = this.#settings;
    for (const rows of chunks(this.#line.rows(), readMax)) {
      const now = await this.#store.budgets(rows, this.#defaults);
      if (this.#rhythm.isClosed) return;
      const needed = (call: RunCall): Amount[] => rising(this.reservations.places(call));
      const fitting = rows.flatMap((at, i) => this.#line.looked(at, now[i] ?? null, needed));
      for (const calls of chunks(fitting, callsReadMax)) await this.#letGo(calls);
    }
    this.#changes.push(...this.#line.takeUntold(toldMax));
    if (this.#changes.length > 0) this.#onNews();
  }

  /** The budgets that these calls waited for have room; the calls' other budgets are read before they go. */
  async #letGo(calls: readonly RunCall[]): Promise<void> {
    const addresses = new Map<string, BudgetAddress>();
    for (const call of calls) for (const at of budgetsOf(call)) addresses.set(keyOf(at), at);
    const rows = await this.#store.budgets([...addresses.values()], this.#defaults);
    if (this.#rhythm.isClosed) return;
    const budgets = new Map<string, BudgetRow>();
    for (const row of rows) if (row !== null) budgets.set(keyOf(row), row);
    for (const call of calls) {
      const { state } = call;
      if (state.kind !== 'held') continue;
      const mine = budgetsOf(call).flatMap((at) => budgets.get(keyOf(at)) ?? []);
      const places = this.reservations.places(call);
      const open = places.filter(({ needed }) => mine.every((one) => fitsBudget(one, needed)));
      // A call that no provider takes goes on too: the pool then fails it with that reason.
      if (open.length === 0 && places.length > 0) {
        const [least = noAmount] = rising(places);
        const full = mine.find((one) => !fitsBudget(one, least));
        if (full !== undefined) this.#line.add(call, state, full);
        continue;
      }
      const needed = rising(open).at(-1) ?? noAmount;
      // Unbound, the call might get a slot at a provider that is too dear for the budget, again and again.
      const isBound = open.length < places.length;
      // The sums grow with each call that goes on, so that no more calls go on than there is room for.
      for (const budget of mine) {
        const reserved = addAmounts(budget.reserved, needed);
        budgets.set(keyOf(budget), { ...budget, reserved });
      }
      this.#line.remove(call, state);
      call.move(state, 'fit', proposed(state.durable));
      this.#changes.push(call);
      this.fits.tell(call, isBound ? open.map(({ provider }) => provider) : undefined);
    }
  }
}

function* chunks<Item>(items: readonly Item[], max: number): Generator<readonly Item[]> {
  for (let at = 0; at < items.length; at += max) yield items.slice(at, at + max);
}

const keyOf = (at: BudgetAddress): string => `${at.tenant}\u0000${at.scope}\u0000${at.owner}`;

const rising = (places: readonly Place[]): Amount[] =>
  places.map(({ needed }) => needed).sort((a, b) => a.micros - b.micros);

function reasonOf(budget: BudgetRow, needed: Amount): string {
  const { scope, owner, tokensMax, microsMax, perDay, spent, reserved } = budget;
  const inTokens = spent.tokens + reserved.tokens + needed.tokens > (tokensMax ?? Infinity);
  const shown = ({ tokens, micros }: Amount): number => (inTokens ? tokens : micros / 1_000_000);
  return heddleError('budget-exceeded', {
    whose: owner === '' ? scope : `${scope} ${owner}`,
    max: inTokens ? tokensMax : (microsMax ?? 0) / 1_000_000,
    unit: `${inTokens ? 'tokens' : 'of cost'}${perDay ? ' a day' : ''}`,
    spent: shown(spent),
    reserved: shown(reserved),
    needed: shown(needed),
  }).message;
}
