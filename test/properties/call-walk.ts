/** One call on a walk of moves, in the table and not, against what promise 3 asks of any order of them. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  over,
  type CallSlot,
  type CallState,
  type FullBudget,
} from '../../src/runtime/calls/call/call-state.ts';
import { callTable, type CallKind } from '../../src/runtime/calls/call/call-table.ts';
import type { RunCall } from '../../src/runtime/calls/call/run-call.ts';
import { runCall } from '../support/run-calls.ts';

export type Move = { readonly from: CallKind; readonly event: string; readonly to: CallKind };

export const kinds = Object.keys(callTable) as CallKind[];

export const moves: readonly Move[] = kinds.flatMap((from) =>
  Object.entries(callTable[from]).map(([event, to]) => ({ from, event, to })),
);

export const nameOf = ({ from, event, to }: Move): string => `${from} ${event} ${to}`;

/** What each state holds, by name: no more, and no less. */
const held: Readonly<Record<CallKind, readonly string[]>> = {
  proposed: ['durable'],
  behind: ['durable'],
  failed: ['durable'],
  queued: ['durable'],
  held: ['budget', 'durable'],
  granted: ['durable', 'slot'],
  cleared: ['slot'],
  sent: ['abort', 'cancelLimit', 'sentAtMs', 'slot'],
  answered: ['attempt', 'slot', 'used'],
  leaving: ['sent', 'slot'],
  kept: [],
  over: [],
};

export function assertShape(state: CallState): void {
  const { kind, ...holds } = state;
  assert.deepEqual(Object.keys(holds).sort(), held[kind], kind);
}

const slot: CallSlot = { provider: 'p', slot: 0, attempt: 1 };
const budget: FullBudget = {
  row: {
    tenant: 't',
    scope: 'user',
    owner: 'u',
    tokensMax: 0,
    microsMax: null,
    perDay: false,
    spent: { tokens: 0, micros: 0 },
    reserved: { tokens: 0, micros: 0 },
  },
  get tentative() {
    return { kind: 'held', durable: false, budget } as const;
  },
  get durable() {
    return { kind: 'held', durable: true, budget } as const;
  },
};

function stateOf(kind: CallKind, durable: boolean): CallState {
  switch (kind) {
    case 'proposed':
    case 'behind':
    case 'failed':
    case 'queued':
      return { kind, durable };
    case 'held':
      return { kind, durable, budget };
    case 'granted':
      return { kind, durable, slot };
    case 'cleared':
      return { kind, slot };
    case 'sent':
      return {
        kind,
        slot,
        sentAtMs: 0,
        abort: new AbortController(),
        cancelLimit: () => undefined,
      };
    case 'answered':
      return { kind, slot, used: null, attempt: null };
    case 'leaving':
      return { kind, slot, sent: null };
    case 'kept':
    case 'over':
      return { kind };
  }
}

/** Where a walk is over soon. */
const ends: ReadonlySet<CallKind> = new Set(['failed', 'leaving', 'over']);

/** Of a row. */
const at = fc.constantFrom(...Array(60).keys());

export const step = fc.oneof(
  // Moves of the table from the state that the call is in then: those that go on, and those that end it.
  { weight: 18, arbitrary: fc.record({ isEnd: fc.constant(false), at }) },
  { weight: 1, arbitrary: fc.record({ isEnd: fc.constant(true), at }) },
  {
    weight: 6,
    arbitrary: fc.record({
      event: fc.constantFrom(...new Set(moves.map(({ event }) => event)), 'toString', 'nonsense'),
      to: fc.constantFrom(...kinds),
      durable: fc.boolean(),
    }),
  },
);
export type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** A move as nothing that TypeScript has seen. */
type AnyMove = (from: CallState, event: string, to: CallState) => CallState;

export class Walk {
  readonly #call: RunCall = runCall();
  readonly #move: AnyMove = this.#call.move.bind(this.#call) as unknown as AnyMove;
  readonly made: Move[] = [];
  refused = 0;
  #isTurnCommitted = false;
  #isSlotCommitted = false;

  get state(): CallState {
    return this.#call.state;
  }

  go(chosen: Step): void {
    const from = this.state;
    if ('event' in chosen) return this.try(chosen.event, stateOf(chosen.to, chosen.durable));
    const row = moves.filter(({ from: kind, to }) => {
      return kind === from.kind && ends.has(to) === chosen.isEnd;
    });
    const move = row[chosen.at % Math.max(row.length, 1)];
    if (move === undefined) return;
    const { event, to } = move;
    const durable = event === 'settle' || this.#isTurnCommitted;
    this.try(event, stateOf(to, durable));
  }

  /** What is legal stands here in other words than in the code. */
  try(event: string, to: CallState): void {
    const from = this.state;
    const isRow = moves.some((one) => nameOf(one) === `${from.kind} ${event} ${to.kind}`);
    const isTold = 'durable' in to;
    const comesCommitted = event === 'settle' ? !this.#isTurnCommitted : this.#isTurnCommitted;
    const isLegal =
      isRow &&
      (event === 'settle'
        ? comesCommitted && isTold && to.durable
        : (!isTold || to.durable === this.#isTurnCommitted) &&
          (event !== 'clear' || this.#isTurnCommitted) &&
          (event !== 'withdraw' || !this.#isTurnCommitted));
    if (!isLegal) {
      assert.throws(() => this.#move(from, event, to), { code: 'illegal-transition' });
      assert.equal(this.state, from);
      this.refused += 1;
      return;
    }
    // A state that it is not in, though it looks like that.
    assert.throws(() => this.#move({ ...from }, event, to), { code: 'illegal-transition' });
    assert.equal(this.#move(from, event, to), to);
    assert.equal(this.state, to);
    assertShape(to);
    this.#follow(event, to.kind);
    this.made.push({ from: from.kind, event, to: to.kind });
  }

  /** Promise 3: no request without its turn and the row of its slot, and one result at most. */
  #follow(event: string, to: CallKind): void {
    if (event === 'settle') this.#isTurnCommitted = true;
    if (event === 'clear') this.#isSlotCommitted = true;
    if (to === 'granted' && event === 'grant') this.#isSlotCommitted = false;
    if (to === 'sent') assert.ok(this.#isTurnCommitted && this.#isSlotCommitted);
    if (to === 'over') {
      const taken = this.made.filter(({ event: one }) => one === 'record').length;
      assert.ok(taken + (event === 'record' ? 1 : 0) <= 1);
    }
  }

  /** From wherever it is, its run leaves it and what is under way ends. */
  end(): void {
    if (this.state.kind === 'over') return;
    if (this.state.kind !== 'leaving') {
      this.try('leave', stateOf(callTable[this.state.kind].leave, this.#isTurnCommitted));
    }
    if (this.state.kind === 'leaving') this.try('end', over);
    assert.equal(this.state.kind, 'over');
  }
}
