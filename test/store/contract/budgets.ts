/** Budgets: what calls hold and have used, together with the slots that they are put into. */
import { expect } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import type {
  BudgetAddress,
  BudgetLimits,
  Charges,
  Reservation,
} from '../../../src/store/charges.ts';
import { begin, hour, newRun, slot, tenant, type Bench, type Contract } from './fixture.ts';
import type { ToldOutcome } from '../../support/told-outcome.ts';

const user: BudgetAddress = { tenant, scope: 'user', owner: 'ann' };
const whole: BudgetAddress = { tenant, scope: 'tenant', owner: '' };
const limit = (tokensMax: number | null, more: Partial<BudgetLimits> = {}): BudgetLimits => ({
  tokensMax,
  microsMax: null,
  perDay: false,
  ...more,
});
const amount = (tokens: number, micros = 0) => ({ tokens, micros });
const at = (n: number) => {
  const { runId, shard } = newRun(n);
  return { tenant, runId, shard, user: 'ann', call: 'g:1' };
};

/** Puts calls into slots, each with its reservation; gives what became of them. */
async function call(
  bench: Bench,
  reserved: readonly (Partial<Reservation> & { readonly n: number; readonly tokens: number })[],
  more: Partial<Charges> = {},
): Promise<ToldOutcome['slots']> {
  const outcome = await bench.commit({
    slots: reserved.map(({ n }) => {
      const { runId, shard } = newRun(n);
      const held = { tenant, runId, shard, invocationId: 'g', incarnation: 1, attempt: 1 };
      return slot(n, { status: 'calling', call: held, calls: 1 });
    }),
    charges: {
      reserved: reserved.map(({ n, tokens, ...parts }, index) => {
        return { ...at(n), amount: amount(tokens), slot: index, before: 'unused', ...parts };
      }),
      settled: [],
      defaults: {},
      ...more,
    },
  });
  return outcome.slots;
}

const settle = (bench: Bench, ...settled: Charges['settled']) =>
  bench.commit({ charges: { reserved: [], settled, defaults: {} } });

async function stands(bench: Bench, budget: BudgetAddress): Promise<[number, number]> {
  const [row] = await bench.store.budgets([budget]);
  return [row?.reserved.tokens ?? -1, row?.spent.tokens ?? -1];
}

export function budgetsContract(contract: Contract): void {
  const { open, it } = contract;
  it('a call holds its worst case until its result says what it has used', async () => {
    const bench = await begin(open);
    expect(await bench.store.hasBudgets()).toBe(false);
    await bench.store.setBudget(oneTenant(user.tenant), user, limit(1_000));
    await bench.store.setBudget(oneTenant(whole.tenant), whole, limit(5_000));
    expect(await bench.store.hasBudgets()).toBe(true);
    expect(await call(bench, [{ n: 1, tokens: 400 }])).toEqual([{ kind: 'committed' }]);
    expect(await stands(bench, user)).toEqual([400, 0]);
    await settle(bench, { ...at(1), spent: amount(150, 7) });
    expect(await stands(bench, user)).toEqual([0, 150]);
    expect(await stands(bench, whole)).toEqual([0, 150]);
    // Once more changes nothing: it is over.
    await settle(bench, { ...at(1), spent: amount(150, 7) });
    expect(await bench.store.budgets([user, { ...user, owner: 'nobody' }])).toEqual([
      { ...user, ...limit(1_000), spent: amount(150, 7), reserved: amount(0) },
      null,
    ]);
  });

  it('a call that fits a budget no more comes into no slot, and its neighbours do', async () => {
    const bench = await begin(open);
    await bench.store.setBudget(oneTenant(user.tenant), user, limit(1_000));
    const outcomes = await call(bench, [
      { n: 1, tokens: 600 },
      { n: 2, tokens: 600 },
      { n: 3, tokens: 400 },
    ]);
    expect(outcomes).toMatchObject([
      { kind: 'committed' },
      { kind: 'over-budget', budget: { scope: 'user', owner: 'ann', tokensMax: 1_000 } },
      { kind: 'committed' },
    ]);
    expect(await stands(bench, user)).toEqual([1_000, 0]);
    expect((await bench.store.slots([1, 2, 3])).map((row) => row.slot)).toEqual([1, 3]);
    expect(await bench.store.providerTotals()).toMatchObject([{ calls: 2 }]);
    await bench.store.setBudget(oneTenant(user.tenant), user, limit(1_600));
    expect(await call(bench, [{ n: 2, tokens: 600 }])).toEqual([{ kind: 'committed' }]);
  });

  it('what the same commit gives back can be reserved soon, and is never reserved twice', async () => {
    const bench = await begin(open);
    await bench.store.setBudget(oneTenant(user.tenant), user, limit(1_000));
    await call(bench, [{ n: 1, tokens: 900 }]);
    const settled = [{ ...at(1), spent: amount(100) }];
    await call(bench, [{ n: 2, tokens: 800 }], { settled });
    await call(bench, [{ n: 3, tokens: 800 }]);
    expect(await stands(bench, user)).toEqual([800, 100]);
  });

  it('a call that needs more than it holds, and fits no budget with that, holds nothing', async () => {
    const bench = await begin(open);
    await bench.store.setBudget(oneTenant(user.tenant), user, limit(1_000));
    await call(bench, [{ n: 1, tokens: 300 }]);
    const settled = [{ ...at(1), spent: amount(0) }];
    expect(await call(bench, [{ n: 1, tokens: 1_100 }], { settled })).toMatchObject([
      { kind: 'over-budget' },
    ]);
    expect(await stands(bench, user)).toEqual([0, 0]);
    expect(await call(bench, [{ n: 1, tokens: 1_000 }])).toEqual([{ kind: 'committed' }]);
  });

  it('promise 3: a call that may have been made before is paid for twice', async () => {
    const bench = await begin(open);
    await bench.store.setBudget(oneTenant(whole.tenant), whole, limit(1_000));
    await call(bench, [{ n: 1, tokens: 300 }]);
    await call(bench, [{ n: 1, tokens: 300, before: 'spent' }]);
    expect(await stands(bench, whole)).toEqual([300, 300]);
    await call(bench, [{ n: 1, tokens: 200, before: 'unused' }]);
    expect(await stands(bench, whole)).toEqual([200, 300]);
    expect(await call(bench, [{ n: 1, tokens: 600, before: 'spent' }])).toMatchObject([
      { kind: 'over-budget' },
    ]);
  });

  it('what nobody knows is spent whole, one call or all of a run', async () => {
    const bench = await begin(open);
    await bench.store.setBudget(oneTenant(user.tenant), user, limit(null, { microsMax: 9_000 }));
    await call(bench, [
      { n: 1, tokens: 10, call: 'a:1', amount: amount(10, 1_000) },
      { n: 2, tokens: 10, call: 'b:1', amount: amount(10, 1_000) },
    ]);
    await call(bench, [{ n: 1, tokens: 10, call: 'b:1', amount: amount(10, 1_000) }]);
    await settle(bench, { ...at(2), call: 'b:1', spent: null });
    await settle(
      bench,
      { ...at(1), call: null, spent: null },
      { ...at(1), call: 'a:1', spent: amount(1, 1) },
    );
    expect(await bench.store.budgets([user])).toMatchObject([
      { spent: amount(21, 2_001), reserved: amount(0) },
    ]);
  });

  it('a budget per day is whole again on the next', async () => {
    const bench = await begin(open);
    await bench.store.setBudget(oneTenant(user.tenant), user, limit(1_000, { perDay: true }));
    await call(bench, [{ n: 1, tokens: 900 }]);
    await settle(bench, { ...at(1), spent: null });
    expect(await call(bench, [{ n: 2, tokens: 900 }])).toMatchObject([{ kind: 'over-budget' }]);
    await bench.advance(24 * hour);
    await bench.renew();
    expect(await stands(bench, user)).toEqual([0, 0]);
    expect(await call(bench, [{ n: 2, tokens: 900 }])).toEqual([{ kind: 'committed' }]);
    expect(await stands(bench, user)).toEqual([900, 0]);
  });

  it('defaults bind whoever has no budget of its own', async () => {
    const bench = await begin(open);
    const defaults = { user: limit(500), run: limit(300) };
    const set = { ...user, owner: 'rich' };
    await bench.store.setBudget(oneTenant(set.tenant), set, limit(5_000));
    const outcomes = await call(
      bench,
      [
        { n: 1, tokens: 250 },
        { n: 2, tokens: 350 },
        { n: 3, tokens: 300 },
        { n: 4, tokens: 300, user: 'rich' },
      ],
      { defaults },
    );
    expect(outcomes).toMatchObject([
      { kind: 'committed' },
      { kind: 'over-budget', budget: { scope: 'run', tokensMax: 300 } },
      { kind: 'over-budget', budget: { scope: 'user', owner: 'ann', tokensMax: 500 } },
      { kind: 'committed' },
    ]);
    const read = [user, set, whole];
    expect(await bench.store.budgets(read)).toMatchObject([
      { tokensMax: 500, reserved: amount(250) },
      { tokensMax: 5_000, reserved: amount(300) },
      null,
    ]);
    // Other defaults: they count for what has no budget of its own, charged before or never.
    const others = { user: limit(700), tenant: limit(9_000) };
    expect(await bench.store.budgets(read, others)).toEqual([
      { ...user, ...limit(700), spent: amount(0), reserved: amount(250) },
      { ...set, ...limit(5_000), spent: amount(0), reserved: amount(300) },
      { ...whole, ...limit(9_000), spent: amount(0), reserved: amount(0) },
    ]);
  });

  it('promise 6: who has lost the run reserves and settles nothing for it', async () => {
    const bench = await begin(open);
    await bench.store.setBudget(oneTenant(user.tenant), user, limit(1_000));
    await call(bench, [{ n: 1, tokens: 100 }]);
    await bench.store.release({ replicaId: bench.replicaId, shards: [1], retire: false });
    const settled = [{ ...at(1), spent: amount(1) }];
    const outcomes = await call(
      bench,
      [
        { n: 1, tokens: 50 },
        { n: 2, tokens: 50 },
      ],
      { settled },
    );
    expect(outcomes).toMatchObject([{ kind: 'fenced' }, { kind: 'committed' }]);
    const both = [...settled, { ...at(2), call: 'none', spent: amount(1) }];
    const told = await bench.commit({ charges: { reserved: [], settled: both, defaults: {} } });
    expect(told.settled).toEqual([{ kind: 'fenced' }, { kind: 'committed' }]);
    expect(await stands(bench, user)).toEqual([150, 0]);
  });
}
