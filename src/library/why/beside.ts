/**
 * What stands beside a run's row and says what it waits for: rows, which any process can read, and what only the memory
 * of the run's owner knows.
 */
import type { Store } from '../../store/port.ts';
import type { BudgetRow } from '../../store/charges.ts';
import { budgetsOf } from '../../store/charges.ts';
import type { QuestionRow, RunRow, TimerRow } from '../../store/rows.ts';
import type { ProviderRow, SlotRow } from '../../store/provider-rows.ts';
import type { OneTenant } from '../../domain/scope.ts';
import type { Owners, OwnerWord } from '../relay/owners.ts';
import { limits } from '../../domain/limits.ts';

/**
 * The most timers of a run that are read. Each open invocation may have one, and the chart some of its
 * own.
 */
const timersMax = 1_000;

export type BesideReads = {
  readonly store: Store;
  readonly owners: Pick<Owners, 'of'>;
};

export type Beside = {
  /** Null: nobody was asked. */
  readonly owner: OwnerWord | null;
  readonly timers: readonly TimerRow[];
  readonly questions: readonly QuestionRow[];
  /** Slots that hold calls of the run. */
  readonly slots: readonly SlotRow[];
  readonly gates: readonly (ProviderRow & { readonly inUse: number })[];
  /** Budgets that count for the run and have a row. Read only for a run that shows a budget as its reason. */
  readonly budgets: readonly BudgetRow[];
};

const nothingBeside: Beside = {
  owner: null,
  timers: [],
  questions: [],
  slots: [],
  gates: [],
  budgets: [],
};

/** Reads the rows beside the run's row. A run that has ended or has not begun has none. */
export async function besideOf(
  { store, owners }: BesideReads,
  scope: OneTenant,
  row: RunRow,
): Promise<Beside> {
  if (row.endedAtMs !== null) return nothingBeside;
  const { runId, shard } = row;
  if (row.chartText === null) return { ...nothingBeside, owner: await owners.of(row) };
  const [owner, timers, questions, slots, gates, budgets] = await Promise.all([
    owners.of(row),
    store.timersOf(scope, { runId, limit: timersMax }),
    store.questions(scope, { runId, limit: limits.invocationsMax }),
    store.slots([shard]),
    store.providers(),
    row.status === 'stalled'
      ? Promise.all(budgetsOf(row).map((at) => store.budget(scope, at)))
      : [],
  ]);
  return {
    owner,
    timers,
    questions,
    slots: slots.filter((slot) => slot.call?.runId === runId),
    gates,
    budgets: budgets.flatMap((one) => (one === null ? [] : [one])),
  };
}
