/** Promise 9 at its root: whatever the others do, a user's turn comes after a bounded number. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FairPlace } from '../../src/queue/fair-place.ts';
import { KeyedLine } from '../support/keyed-line.ts';
import { capacityDefaults } from '../../src/domain/capacity-settings.ts';

const { headStartItems, headStartTurnsMax } = capacityDefaults.fairness;
const headStartMax = headStartItems * headStartTurnsMax;

type Item = FairPlace & { readonly key: string; readonly order: number; readonly cost: number };

type Account = { paid: number; turn: number };
/** `taken`: turns since it came; every tenth takes what has waited longest. */
type User = Account & { taken: number };

/** The same order, said in the plainest way: arrays that are searched from end to end. */
class Model {
  items: Item[] = [];
  clock = 0;
  turns = 0;
  /** Turns that pipelines have had: all that was popped here is over at once. */
  had = new Map<string, number>();
  tenants = new Map<string, Account & { clock: number; users: Map<string, User> }>();

  push(item: Item, ahead: boolean): void {
    const tenant = this.tenants.get(item.tenant) ?? {
      ...this.account(this.clock, ahead),
      clock: 0,
      users: new Map<string, User>(),
    };
    this.tenants.set(item.tenant, tenant);
    const user = tenant.users.get(item.user) ?? { ...this.account(tenant.clock, ahead), taken: 0 };
    tenant.users.set(item.user, user);
    if (ahead) {
      user.taken = Math.max(0, user.taken - 1);
      user.paid -= item.cost;
      tenant.paid -= item.cost;
    }
    this.items.push(item);
  }

  account(clock: number, ahead: boolean): Account {
    this.turns += 1;
    return { paid: clock, turn: ahead ? -this.turns : this.turns };
  }

  of(tenant: string, user: string): Item[] {
    return this.items.filter((item) => item.tenant === tenant && item.user === user);
  }

  nextOf(tenant: string, user: string, { taken }: User): Item | undefined {
    return this.of(tenant, user).sort((a, b) =>
      taken % 10 === 9
        ? a.order - b.order
        : a.pipelineStartedAtMs - b.pipelineStartedAtMs ||
          (a.pipeline < b.pipeline ? -1 : a.pipeline > b.pipeline ? 1 : a.order - b.order),
    )[0];
  }

  /** The user of this tenant who is next, with the item. */
  next(tenant: string): { user: string; due: number; item: Item } | undefined {
    const users = [...(this.tenants.get(tenant)?.users ?? [])].flatMap(([user, account]) => {
      const item = this.nextOf(tenant, user, account);
      if (item === undefined) return [];
      const due = account.paid + item.cost;
      return [{ user, account, due, early: due - this.headStart(item), item }];
    });
    return users.sort((a, b) => a.early - b.early || a.account.turn - b.account.turn)[0];
  }

  /** Two items for each of the first two turns that its pipeline has had. */
  headStart(item: Item): number {
    return 2 * Math.min(2, this.had.get(pipelineOf(item)) ?? 0) * item.cost;
  }

  pop(): Item | undefined {
    const tenants = [...this.tenants].flatMap(([name, account]) => {
      const next = this.next(name);
      return next === undefined ? [] : [{ account, next, due: account.paid + next.item.cost }];
    });
    const [first] = tenants.sort((a, b) => a.due - b.due || a.account.turn - b.account.turn);
    if (first === undefined) return undefined;
    const { account, next, due } = first;
    const user = account.users.get(next.user);
    if (user === undefined) return undefined;
    this.clock = Math.max(this.clock, due);
    account.clock = Math.max(account.clock, next.due);
    this.turns += 1;
    user.taken += 1;
    for (const one of [account, user]) {
      one.paid += next.item.cost;
      one.turn = this.turns;
    }
    const pipeline = pipelineOf(next.item);
    this.had.set(pipeline, (this.had.get(pipeline) ?? 0) + 1);
    this.remove(next.item.key);
    return next.item;
  }

  remove(key: string): void {
    this.items = this.items.filter((item) => item.key !== key);
    for (const [name, { users }] of this.tenants) {
      for (const user of users.keys()) {
        if (this.of(name, user).length === 0) users.delete(user);
      }
      if (users.size === 0) this.tenants.delete(name);
    }
  }
}

const pipelineOf = ({ tenant, user, pipeline }: Item): string => `${tenant}/${user}/${pipeline}`;

const place = fc.record({
  tenant: fc.constantFrom('t1', 't2', 't3'),
  user: fc.constantFrom('u1', 'u2', 'u3'),
  pipeline: fc.constantFrom('p1', 'p2', 'p3', 'p4'),
});
const cost = fc.constantFrom(1, 1, 2, 50);
const startedAtMs: Record<string, number> = { p1: 3, p2: 1, p3: 1, p4: 2 };

const action = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('push' as const), place, cost }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pop' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('remove' as const, 'putBack'), of: fc.nat(20) }),
  },
);

describe('the fair line', () => {
  it('gives what a plain model gives, and loses and doubles nothing', () => {
    let popped = 0;
    fc.assert(
      fc.property(fc.array(action, { maxLength: 120, size: 'max' }), (actions) => {
        const queue = new KeyedLine<Item>();
        const model = new Model();
        const out: Item[] = [];
        let made = 0;
        for (const step of actions) {
          if (step.kind === 'push') {
            const { place: at, cost: tokens } = step;
            const pipelineStartedAtMs = startedAtMs[at.pipeline] ?? 0;
            const item = { ...at, pipelineStartedAtMs, key: `k${made}`, order: made, cost: tokens };
            made += 1;
            assert.equal(queue.push(item.key, item, item), true);
            assert.equal(queue.push(item.key, item, item), false);
            model.push(item, false);
          } else if (step.kind === 'pop') {
            const next = queue.peek();
            const item = queue.pop();
            assert.equal(item, next);
            assert.equal(item, model.pop());
            if (item === undefined) continue;
            // Settled as estimated: with nothing under way it is never the end of a batch.
            queue.settle(item, item.cost);
            out.push(item);
            popped += 1;
          } else if (step.kind === 'remove') {
            const key = `k${step.of}`;
            const inside = queue.has(key);
            assert.equal(queue.remove(key)?.key, inside ? key : undefined);
            model.remove(key);
          } else {
            const item = out.splice(step.of % Math.max(1, out.length), 1)[0];
            if (item === undefined) continue;
            assert.equal(queue.putBack(item.key, item, item), true);
            model.push(item, true);
          }
          assert.equal(queue.size, model.items.length);
          assert.deepEqual(new Set(queue.items()), new Set(model.items));
        }
        while (model.items.length > 0) {
          const item = queue.pop();
          assert.equal(item, model.pop());
          if (item !== undefined) queue.settle(item, item.cost);
        }
        assert.equal(queue.pop(), undefined);
      }),
      { numRuns: 500 },
    );
    expect(popped).toBeGreaterThan(1_000);
  });

  it('lets nobody wait longer than tenants × users turns, however others flood (promise 9)', () => {
    let longest = 0;
    const flood = fc.array(place, { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(flood, flood, fc.nat(3), (before, during, perTurn) => {
        const queue = new KeyedLine<string>();
        const users = new Map<string, Set<string>>([['light', new Set(['light'])]]);
        let made = 0;
        const push = ({ tenant, user, pipeline }: (typeof before)[number]): void => {
          users.set(tenant, (users.get(tenant) ?? new Set()).add(user));
          made += 1;
          // Older pipelines than the light user's: age gives no right over another user.
          queue.push(`k${made}`, 'flood', { tenant, user, pipeline, pipelineStartedAtMs: 0 });
        };
        before.forEach(push);
        for (let turn = 0; turn < perTurn; turn++) queue.pop();
        const tenant = before[0]?.tenant ?? 't1';
        users.get(tenant)?.add('light');
        queue.push('light', 'light', {
          tenant,
          user: 'light',
          pipeline: 'late',
          pipelineStartedAtMs: 1e12,
        });
        let turns = 0;
        for (;;) {
          turns += 1;
          const usersMax = Math.max(...[...users.values()].map(({ size }) => size));
          assert.ok(turns <= users.size * usersMax, `${turns} turns`);
          if (queue.pop() === 'light') break;
          for (let i = 0; i < perTurn; i++) {
            const next = during[(turns * perTurn + i) % during.length];
            if (next !== undefined) push(next);
          }
        }
        longest = Math.max(longest, turns);
      }),
      { numRuns: 1_000 },
    );
    // The bound is not met by an empty flood.
    expect(longest).toBeGreaterThan(5);
  });

  it('lets others take no more tokens than the bound says while somebody waits (promise 9)', () => {
    const costMax = 1_000;
    let most = 0;
    const call = fc.record({
      place,
      cost: fc.integer({ min: 1, max: costMax }),
      actual: fc.nat(9),
    });
    fc.assert(
      fc.property(
        fc.array(call, { minLength: 5, maxLength: 80 }),
        fc.nat(costMax),
        (calls, own) => {
          const queue = new KeyedLine<FairPlace>();
          const users = new Set(['light']);
          const tenants = new Set(['t1']);
          let made = 0;
          const flood = (): void => {
            for (const { place: at, cost: tokens } of calls) {
              users.add(at.user);
              tenants.add(at.tenant);
              const item = { ...at, cost: tokens, pipelineStartedAtMs: 0 };
              queue.push(`k${(made += 1)}`, item, item);
            }
          };
          flood();
          for (let i = 0; i < calls.length / 2; i++) {
            const item = queue.pop();
            if (item !== undefined) queue.settle(item, item.cost ?? 0);
          }
          const late = { tenant: 't1', user: 'light', pipeline: 'p', pipelineStartedAtMs: 1e12 };
          const light = { ...late, cost: own + 1 };
          queue.push('light', light, light);
          let tokens = 0;
          for (let i = 0; ; i++) {
            const item = queue.pop();
            if (item === light) break;
            assert.ok(item !== undefined);
            tokens += item.cost ?? 0;
            queue.settle(item, item.cost ?? 0);
            if (i % calls.length === 0) flood();
          }
          const bound = tenants.size * users.size * (light.cost + (1 + headStartMax) * costMax);
          assert.ok(tokens <= bound, `${tokens} of ${bound}`);
          most = Math.max(most, tokens);
        },
      ),
      { numRuns: 1_000 },
    );
    expect(most).toBeGreaterThan(2_000);
  });

  it('starves no class of priority: each keeps its floor', () => {
    let longest = 0;
    const step = fc.record({
      priority: fc.constantFrom('interactive' as const, 'normal' as const, 'batch' as const),
      pops: fc.nat(2),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
        const queue = new KeyedLine<FairPlace>();
        const waiting = new Map<string, number>();
        const passed = new Map<string, number>();
        steps.forEach(({ priority, pops }, i) => {
          const pipeline = `p${i}`;
          const item = { tenant: 't', user: 'u', pipeline, pipelineStartedAtMs: i, priority };
          queue.push(pipeline, item, item);
          waiting.set(priority, (waiting.get(priority) ?? 0) + 1);
          for (let pop = 0; pop < pops; pop++) {
            const taken = queue.pop()?.priority;
            if (taken === undefined) return;
            for (const [one, count] of waiting) {
              passed.set(one, one === taken || count === 0 ? 0 : (passed.get(one) ?? 0) + 1);
              longest = Math.max(longest, passed.get(one) ?? 0);
            }
            waiting.set(taken, (waiting.get(taken) ?? 0) - 1);
            // Eight, and one more where the other lower class has waited as long.
            assert.ok((passed.get('batch') ?? 0) <= 8);
            assert.ok((passed.get('normal') ?? 0) <= 8);
          }
        });
      }),
      { numRuns: 500 },
    );
    expect(longest).toBeGreaterThanOrEqual(7);
  });
});
