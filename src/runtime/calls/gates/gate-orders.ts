/**
 * Carries out what a person has ordered for gates, at this replica: it reads the orders when word of one comes, and does
 * those that are newer than what it has seen.
 *
 * It owns which orders were seen. It leaves what an order does to the pool, and the orders themselves to the store.
 *
 * 1. An order is carried out once by each replica that was there when it came. One that starts later finds what it has
 *    done in the gate's row.
 * 2. A look that fails is repeated, so an order whose word came while the database was away is not missed.
 */
import { thrownText } from '../../../domain/thrown.ts';
import type { GateOrder } from '../../../domain/calls/gate-order.ts';
import type { GateOrderRow } from '../../../store/ports/gate-orders-port.ts';
import type { Store } from '../../../store/port.ts';
import type { Clock, Log } from '../../ports.ts';
import { Rhythm } from '../../wake/rhythm.ts';
import type { Calls } from '../calls.ts';

const againMs = 1_000;

export class GateOrders {
  readonly #store: Pick<Store, 'gateOrders' | 'orderGates'>;
  readonly #calls: Pick<Calls, 'order' | 'pool'>;
  readonly #rhythm: Rhythm;
  /** By gate: the number of the last order. Null: none was read yet, and what there is came before this replica. */
  #seen: Map<string, number> | null = null;
  #isOwed = false;

  constructor(options: {
    readonly store: Pick<Store, 'gateOrders' | 'orderGates'>;
    readonly calls: Pick<Calls, 'order' | 'pool'>;
    readonly clock: Clock;
    readonly log: Log;
  }) {
    this.#store = options.store;
    this.#calls = options.calls;
    this.#rhythm = new Rhythm({
      clock: options.clock,
      round: () => this.#look(),
      pauseMs: () => (this.#isOwed ? againMs : null),
      failed: (error) => {
        options.log.warn('orders for providers could not be read', { error: thrownText(error) });
      },
    });
  }

  /** Word of an order has come, or some may have been missed. */
  heard(): void {
    this.#isOwed = true;
    this.#rhythm.now();
  }

  /** Gives an order to all replicas, and carries it out here. Throws `provider-unknown`. */
  async give(provider: string, order: GateOrder): Promise<void> {
    // What came before is known first: else this order could not be told from it. A failure shows at the next line.
    if (this.#seen === null) await this.#look().catch(() => undefined);
    const gates = await this.#store.orderGates(provider, order);
    const here = this.#calls.pool.gates;
    if (gates.length === 0) {
      // No replica has written of it yet: what is to be mended stands here, or nowhere.
      for (const { name } of here.named(provider)) this.#calls.order(name, order);
      return;
    }
    // The order is durable: where this look fails, the hint's look follows.
    await this.#look().catch(() => this.heard());
  }

  async close(): Promise<void> {
    await this.#rhythm.close();
  }

  async #look(): Promise<void> {
    // Word that comes during the read may be of an order that the read does not see.
    this.#isOwed = false;
    let rows: readonly GateOrderRow[];
    try {
      rows = await this.#store.gateOrders();
    } catch (error) {
      this.#isOwed = true;
      throw error;
    }
    const before = this.#seen;
    const seen = before ?? new Map<string, number>();
    this.#seen = seen;
    for (const row of rows) {
      // Of two looks at once the earlier one may be answered later.
      if (row.number <= (seen.get(row.gate) ?? 0)) continue;
      seen.set(row.gate, row.number);
      if (before !== null) this.#carryOut(row);
    }
  }

  #carryOut(row: GateOrderRow): void {
    if (this.#calls.pool.gates.find(row.gate) !== undefined) this.#calls.order(row.gate, row);
  }
}
