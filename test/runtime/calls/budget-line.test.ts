/** Calls in line for a budget: nobody is forgotten, nothing is left of those that are gone. */
import { capacityDefaults } from '../../../src/domain/capacity-settings.ts';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BudgetLine } from '../../../src/runtime/calls/budgets/budget-line.ts';
import { proposed } from '../../../src/runtime/calls/call/call-state.ts';
import type { RunCall } from '../../../src/runtime/calls/call/run-call.ts';
import type { BudgetRow } from '../../../src/store/charges.ts';
import { runCall } from '../../support/run-calls.ts';

const budget = (owner: string, more: Partial<BudgetRow> = {}): BudgetRow => ({
  tenant: 't',
  scope: 'user',
  owner,
  tokensMax: 100,
  microsMax: null,
  perDay: false,
  spent: { tokens: 0, micros: 0 },
  reserved: { tokens: 0, micros: 0 },
  ...more,
});

function add(line: BudgetLine, call: RunCall, row: BudgetRow): void {
  const { state } = call;
  if (state.kind === 'proposed' || state.kind === 'held') line.add(call, state, row);
}

function letGo(line: BudgetLine, call: RunCall): void {
  const { state } = call;
  if (state.kind !== 'held') return;
  line.remove(call, state);
  call.move(state, 'fit', proposed(state.durable));
}

const tokens = (amount: number) => ({ tokens: amount, micros: 0 });

it('knows a budget exactly while a call waits for it', () => {
  const step = fc.record({
    call: fc.nat(5),
    owner: fc.constantFrom('a', 'b', 'c'),
    kind: fc.constantFrom('add', 'remove', 'look'),
    room: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const line = new BudgetLine(capacityDefaults.budgets);
      const calls = Array.from({ length: 6 }, runCall);
      const waits = new Map<RunCall, string>();
      for (const { call: at, owner, kind, room } of steps) {
        const call = calls[at] ?? runCall();
        if (kind === 'add') {
          add(line, call, budget(owner));
          waits.set(call, owner);
        } else if (kind === 'remove') {
          letGo(line, call);
          waits.delete(call);
        } else {
          const row = budget(owner, { tokensMax: room ? 100 : 5 });
          const fitting = line.looked(row, row, () => [tokens(10)]);
          const waiting = calls.filter((one) => waits.get(one) === owner);
          expect(new Set(fitting)).toEqual(new Set(room ? waiting : []));
        }
        const owners = new Set(waits.values());
        expect(new Set(line.rows().map((row) => row.owner))).toEqual(owners);
        expect(line.size).toBe(waits.size);
        for (const one of calls) {
          expect(line.budgetOf(one)?.owner).toBe(waits.get(one));
        }
      }
    }),
  );
});

it('lets as many go as there is room for, and asks each call of a line longer than one pass', () => {
  const line = new BudgetLine(capacityDefaults.budgets);
  const row = budget('a', { tokensMax: 100 });
  const calls = Array.from({ length: 5_000 }, runCall);
  for (const call of calls) add(line, call, row);
  const asked = new Map<RunCall, number>();
  const pass = (needs: number): RunCall[] =>
    line.looked(row, row, (call) => {
      asked.set(call, (asked.get(call) ?? 0) + 1);
      return [tokens(needs)];
    });
  expect(pass(40)).toHaveLength(2);
  for (let i = 0; i < 2; i++) expect(pass(101)).toHaveLength(0);
  expect(asked.size).toBe(5_000);
  expect(Math.max(...asked.values())).toBeLessThanOrEqual(2);
});

it('tells each call of new figures once, a bounded number at a time', () => {
  const line = new BudgetLine(capacityDefaults.budgets);
  const calls = Array.from({ length: 10 }, runCall);
  for (const call of calls) add(line, call, budget('a'));
  expect(line.takeUntold(100)).toEqual([]);
  const look = (spent: number): void => {
    const row = budget('a', { spent: tokens(spent), tokensMax: 1 });
    line.looked(row, row, () => [tokens(1)]);
  };
  look(5);
  expect(line.takeUntold(4)).toHaveLength(4);
  // Those four have heard of 5, and are told again.
  look(6);
  const rest = line.takeUntold(100);
  expect(rest).toHaveLength(6 + 10);
  expect(new Set(rest).size).toBe(10);
  expect(line.takeUntold(100)).toEqual([]);
});
