/** Promise 9 at its root: whatever the others do, a user's turn comes after a bounded number. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairQueue, type FairPlace } from '../../src/providers/fair-queue.ts';

type Item = FairPlace & { readonly key: string; readonly order: number };

/** The same order, said in the plainest way: arrays that are searched from end to end. */
class Model {
  items: Item[] = [];
  tenants: string[] = [];
  users = new Map<string, string[]>();

  push(item: Item, ahead: boolean): void {
    const users = this.users.get(item.tenant) ?? [];
    if (!this.tenants.includes(item.tenant)) {
      if (ahead) this.tenants.unshift(item.tenant);
      else this.tenants.push(item.tenant);
    }
    if (!users.includes(item.user)) {
      if (ahead) users.unshift(item.user);
      else users.push(item.user);
    }
    this.users.set(item.tenant, users);
    this.items.push(item);
  }

  pop(): Item | undefined {
    const tenant = this.tenants[0];
    const user = this.users.get(tenant ?? '')?.[0];
    if (tenant === undefined || user === undefined) return undefined;
    const [first] = this.items
      .filter((item) => item.tenant === tenant && item.user === user)
      .sort(
        (a, b) =>
          a.pipelineStartedAtMs - b.pipelineStartedAtMs ||
          (a.pipeline < b.pipeline ? -1 : a.pipeline > b.pipeline ? 1 : a.order - b.order),
      );
    if (first === undefined) return undefined;
    this.tenants.push(...this.tenants.splice(0, 1));
    const users = this.users.get(tenant) ?? [];
    users.push(...users.splice(0, 1));
    this.remove(first.key);
    return first;
  }

  remove(key: string): void {
    const gone = this.items.find((item) => item.key === key);
    if (gone === undefined) return;
    this.items = this.items.filter((item) => item !== gone);
    const ofTenant = this.items.filter(({ tenant }) => tenant === gone.tenant);
    const users = this.users.get(gone.tenant) ?? [];
    const kept = users.filter((user) => ofTenant.some((item) => item.user === user));
    this.users.set(gone.tenant, kept);
    if (kept.length === 0) this.tenants = this.tenants.filter((name) => name !== gone.tenant);
  }
}

const place = fc.record({
  tenant: fc.constantFrom('t1', 't2', 't3'),
  user: fc.constantFrom('u1', 'u2', 'u3'),
  pipeline: fc.constantFrom('p1', 'p2', 'p3', 'p4'),
});
const startedAtMs: Record<string, number> = { p1: 3, p2: 1, p3: 1, p4: 2 };

const action = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('push' as const), place }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pop' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('remove' as const, 'putBack'), of: fc.nat(20) }),
  },
);

describe('the fair queue', () => {
  it('gives what a plain model gives, and loses and doubles nothing', () => {
    let popped = 0;
    fc.assert(
      fc.property(fc.array(action, { maxLength: 120, size: 'max' }), (actions) => {
        const queue = new FairQueue<Item>();
        const model = new Model();
        const out: Item[] = [];
        let made = 0;
        for (const step of actions) {
          if (step.kind === 'push') {
            const pipelineStartedAtMs = startedAtMs[step.place.pipeline] ?? 0;
            const item = { ...step.place, pipelineStartedAtMs, key: `k${made}`, order: made };
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
        while (model.items.length > 0) assert.equal(queue.pop(), model.pop());
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
        const queue = new FairQueue<string>();
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
});
