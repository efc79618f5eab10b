/**
 * The sums that the commits which reached the store must have left, kept apart from the store: what
 * each open call holds and what each budget has spent. It sends settlements and whole commits twice
 * as well, for each must count once.
 */
import assert from 'node:assert/strict';
import type { Batch } from '../../src/store/batch.ts';
import { Fates, type BatchOutcome } from '../../src/store/fates.ts';
import type { Settlement } from '../../src/store/charges.ts';
import type { MemoryStore } from '../../src/store/memory/memory-store.ts';
import type { Store } from '../../src/store/port.ts';

const dayMs = 24 * 60 * 60 * 1_000;

type Held = { readonly runId: string; readonly owners: readonly string[]; readonly tokens: number };
type Charged = { readonly tenant: string; readonly runId: string; readonly user: string };

const ownersOf = ({ runId, user }: Charged): string[] => [
  `run ${runId}`,
  `user ${user}`,
  'tenant ',
];

export class BudgetBook {
  readonly #store: MemoryStore;
  readonly #open = new Map<string, Held>();
  readonly #spent = new Map<string, number>();
  #commits = 0;
  reservations = 0;
  resent = 0;

  constructor(store: MemoryStore) {
    this.#store = store;
  }

  /** Stands between one replica and the store. */
  between(store: Store): Store {
    let earlier: readonly Settlement[] = [];
    let epochs: Batch['epochs'] = new Map();
    return {
      ...store,
      commit: async (batch) => {
        const { charges } = batch;
        const again = charges === undefined ? [] : earlier;
        const settled = [...(charges?.settled ?? []), ...again];
        const sent =
          charges === undefined
            ? batch
            : {
                ...batch,
                charges: { ...charges, settled },
                epochs: new Map([...epochs, ...batch.epochs]),
              };
        this.resent += again.length;
        if (charges !== undefined) [earlier, epochs] = [charges.settled, batch.epochs];
        const outcome = await store.commit(sent);
        this.#enter(batch, outcome);
        this.#commits += 1;
        // A commit whose reply was lost.
        if (this.#commits % 3 === 0) await store.commit(sent);
        this.check();
        return outcome;
      },
    };
  }

  spentBy(owner: string): number {
    return this.#spent.get(owner) ?? 0;
  }

  /** Another day: what was spent of the tenant's budget was spent on the last. */
  newDay(): void {
    this.#spent.delete('tenant ');
  }

  #enter({ charges }: Batch, outcome: BatchOutcome): void {
    if (charges === undefined) return;
    const fates = new Fates(outcome.fates);
    const whole = charges.settled.filter(({ call }) => call === null);
    for (const one of charges.settled) {
      if (one.call !== null) this.#close(`${one.runId}:${one.call}`, one.spent?.tokens);
    }
    for (const { runId } of whole) {
      for (const [key, held] of this.#open) if (held.runId === runId) this.#close(key);
    }
    for (const one of charges.reserved) {
      const key = `${one.runId}:${one.call}`;
      this.#close(key, one.before === 'spent' ? undefined : 0);
      if (fates.of('slots', one.slot) !== null) continue;
      const owners = ownersOf(one);
      this.#open.set(key, { runId: one.runId, owners, tokens: one.amount.tokens });
      this.reservations += 1;
      this.#checkBound(owners);
    }
  }

  #close(key: string, spent?: number): void {
    const held = this.#open.get(key);
    if (held === undefined) return;
    this.#open.delete(key);
    for (const owner of held.owners) {
      this.#spent.set(owner, this.spentBy(owner) + (spent ?? held.tokens));
    }
  }

  /** A call was let in: what it may cost has fitted. */
  #checkBound(owners: readonly string[]): void {
    for (const row of this.#store.database.tables.budgets.all()) {
      const owner = `${row.scope} ${row.owner}`;
      if (!owners.includes(owner)) continue;
      const used = this.spentBy(owner) + this.#heldBy(owner);
      assert.ok(used <= (row.tokensMax ?? Infinity), `a call was let in above what ${owner} has`);
    }
  }

  #heldBy(owner: string): number {
    let sum = 0;
    for (const held of this.#open.values()) if (held.owners.includes(owner)) sum += held.tokens;
    return sum;
  }

  check(): void {
    const { budgets, reservations } = this.#store.database.tables;
    const today = Math.floor(this.#store.database.now() / dayMs);
    for (const { scope, owner, reserved, spent, perDay, day } of budgets.all()) {
      const name = `${scope} ${owner}`;
      const isOfToday = !perDay || day === today;
      assert.equal(reserved.tokens, this.#heldBy(name), `reserved of ${name}`);
      assert.equal(isOfToday ? spent.tokens : 0, this.spentBy(name), `spent of ${name}`);
    }
    assert.equal(reservations.all().length, this.#open.size, 'open reservations');
  }
}
