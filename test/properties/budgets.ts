/** Replicas one after the other under budgets, with calls that end in every way. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Json } from '../../src/index.ts';
import { memoryWorld, type Replica, type World } from '../support/replica.ts';
import { scriptedProvider, type OpenCall } from '../support/scripted-provider.ts';
import { Bill } from './budget-bill.ts';
import { BudgetBook } from './budget-book.ts';

/** Five tokens in, and at most 95 out. */
const reserve = 100;
const ask = { prompt: 'twenty characters ..', maxTokens: 95 };
/** Some calls have a limit of their own, which ends them while nobody knows what they have used. */
const stepOf = (timeoutMs?: number) => ({ do: 'generate', with: { ...ask, timeoutMs } });
const limitMs = 2_500;
const users = ['ann', 'bob'];
const user = fc.constantFrom(...users);
const ending = fc.oneof(
  { weight: 3, arbitrary: fc.nat(95) },
  { weight: 2, arbitrary: fc.constantFrom('rate-limited', 'outage', 'caller') },
);

const action = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('start'),
      user,
      calls: fc.integer({ min: 1, max: 3 }),
      limited: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('end'),
      of: fc.nat(20),
      how: ending,
      // What comes next may come before the end is committed.
      races: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel'), of: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('kill') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('raise'), user, by: fc.nat(300) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('day') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait'), ms: fc.nat(3_000) }) },
);
type Action =
  | {
      readonly do: 'start';
      readonly user: string;
      readonly calls: number;
      readonly limited: boolean;
    }
  | { readonly do: 'end'; readonly of: number; readonly how: number | string; races: boolean }
  | { readonly do: 'cancel'; readonly of: number }
  | { readonly do: 'kill' }
  | { readonly do: 'raise'; readonly user: string; readonly by: number }
  | { readonly do: 'day' }
  | { readonly do: 'wait'; readonly ms: number };

type Run = { readonly runId: string; readonly user: string };

export class BudgetDrive {
  readonly #world: World = memoryWorld();
  readonly #bill = new Bill(reserve);
  readonly #bounds = new Map(users.map((name) => [name, 250]));
  readonly #runs: Run[] = [];
  readonly book = new BudgetBook(this.#world.store);
  #replica: Replica | null = null;
  #flying: OpenCall[] = [];
  kills = 0;

  async play(actions: readonly Action[]): Promise<void> {
    await this.#begin();
    const { heddle } = this.#live();
    for (const [name, tokens] of this.#bounds) await heddle.setBudget({ user: name }, { tokens });
    await heddle.setBudget({}, { tokens: 450, per: 'day' });
    for (const one of actions) {
      await this.#step(one);
      if (!(one.do === 'end' && one.races)) await this.#rest();
    }
    await this.#finish();
  }

  async #begin(): Promise<void> {
    const provider = scriptedProvider({ ceiling: 4, onCall: (call) => this.#sent(call) });
    this.#replica = await this.#world.replica({
      providers: [provider],
      between: (store) => this.book.between(store),
    });
  }

  #live(): Replica {
    assert.ok(this.#replica);
    return this.#replica;
  }

  #sent(call: OpenCall): void {
    const runId = call.idempotencyKey.slice(0, 36);
    const owner = this.#world.store.database.tables.runs.all().find((row) => row.runId === runId);
    this.#bill.sent(call.idempotencyKey, { runId, user: owner?.user ?? '' });
    this.#flying.push(call);
    call.signal.addEventListener('abort', () => {
      const at = this.#flying.indexOf(call);
      if (at === -1) return;
      this.#flying.splice(at, 1);
      this.#bill.ended(call.idempotencyKey, reserve);
    });
  }

  async #rest(): Promise<void> {
    await this.#world.clock.idle();
    this.#bill.atRest();
    this.book.check();
  }

  async #step(one: Action): Promise<void> {
    switch (one.do) {
      case 'start': {
        const own = JSON.parse(JSON.stringify(stepOf(one.limited ? limitMs : undefined))) as Json;
        const steps = Array.from({ length: one.calls }, () => own);
        const run = await this.#live().heddle.start('script', {
          user: one.user,
          input: { steps },
        });
        this.#runs.push({ runId: run.id, user: one.user });
        return;
      }
      case 'end':
        return this.#end(this.#flying[one.of % Math.max(1, this.#flying.length)], one.how);
      case 'cancel':
        return this.#cancel(this.#open()[one.of % Math.max(1, this.#open().length)]);
      case 'kill':
        return this.#kill();
      case 'raise': {
        const tokens = (this.#bounds.get(one.user) ?? 0) + one.by;
        this.#bounds.set(one.user, tokens);
        return this.#live().heddle.setBudget({ user: one.user }, { tokens });
      }
      case 'day':
        return this.#newDay();
      case 'wait':
        return this.#world.clock.advance(one.ms);
    }
  }

  #open(): Run[] {
    const { runs } = this.#world.store.database.tables;
    const over = new Set(runs.all().flatMap((row) => (row.endedAtMs === null ? [] : row.runId)));
    return this.#runs.filter(({ runId }) => !over.has(runId as never));
  }

  #end(call: OpenCall | undefined, how: number | string): void {
    if (call === undefined) return;
    this.#flying.splice(this.#flying.indexOf(call), 1);
    const { idempotencyKey: key } = call;
    if (typeof how === 'number') {
      this.#bill.ended(key, 5 + how);
      return call.answer('x', { usage: { inputTokens: 5, outputTokens: how } });
    }
    this.#bill.ended(key, how === 'caller' ? 0 : 'comes back');
    call.fail(how as 'caller');
  }

  async #cancel(run: Run | undefined): Promise<void> {
    if (run === undefined) return;
    this.#bill.cancelled(run.runId);
    const handle = await this.#live().heddle.run(run.runId);
    // Refused when the end of its last call came first.
    await handle.cancel().catch(() => undefined);
    await this.#world.clock.idle();
    this.#flying = this.#flying.filter((call) => !call.idempotencyKey.startsWith(run.runId));
  }

  async #kill(): Promise<void> {
    this.#bill.killed(this.#open());
    this.#live().kill();
    this.#flying = [];
    this.kills += 1;
    await this.#begin();
    await this.#world.clock.advance(100);
  }

  /** A whole day of polls takes long: what was spent was spent yesterday instead. */
  #newDay(): void {
    this.book.newDay();
    const { database } = this.#world.store;
    const { budgets } = database.tables;
    database.transaction(() => {
      for (const row of budgets.all()) budgets.put({ ...row, day: row.day - 1 });
    });
  }

  /** All goes on to its end, and nothing stays reserved. */
  async #finish(): Promise<void> {
    const { heddle } = this.#live();
    for (const name of users) await heddle.setBudget({ user: name }, { tokens: 1e9 });
    await heddle.setBudget({}, { tokens: 1e9, per: 'day' });
    for (let i = 0; i < 200 && this.#open().length > 0; i++) {
      await this.#world.clock.advance(2_000);
      while (this.#flying.length > 0) this.#end(this.#flying[0], 10);
      await this.#rest();
    }
    assert.deepEqual(this.#open(), [], 'runs that never ended');
    assert.deepEqual(this.#world.store.database.tables.reservations.all(), []);
    for (const name of users) {
      const spent = this.book.spentBy(`user ${name}`);
      const { least, most } = this.#bill.of(name);
      assert.ok(least <= spent && spent <= most, `${name}: ${least} <= ${spent} <= ${most}`);
    }
  }
}

export function budgetsProperty(
  runs: number,
  seen: (drive: BudgetDrive) => void = () => undefined,
): Promise<void> {
  const property = fc.asyncProperty(
    fc.array(action as fc.Arbitrary<Action>, { minLength: 10, maxLength: 40 }),
    async (actions) => {
      const drive = new BudgetDrive();
      await drive.play(actions);
      seen(drive);
    },
  );
  return fc.assert(property, { numRuns: runs, plugins: [fc.interruptAfterTimeLimit(30_000)] });
}
