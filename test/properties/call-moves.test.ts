/**
 * A call moves by its table and by nothing else, and `Calls` makes every move that the table has: so the table says
 * what there is, and no more.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failed, over, proposed, queued } from '../../src/runtime/calls/call/call-state.ts';
import { callTable } from '../../src/runtime/calls/call/call-table.ts';
import type { RunCall } from '../../src/runtime/calls/call/run-call.ts';
import { action, CallDrive, type Action } from './call-drive.ts';
import { kinds, moves, nameOf, step, Walk } from './call-walk.ts';

const all = moves.map(nameOf).sort();

/** Each round is random; a move that is seldom is looked for in further rounds, and must be found. */
const roundsMax = 12;

describe('the table of a call', () => {
  it('is walked in every move; all else is refused and changes nothing', () => {
    const made = new Set<string>();
    let refused = 0;
    for (let round = 0; round < roundsMax && made.size < all.length; round++) {
      fc.assert(
        fc.property(fc.array(step, { minLength: 20, maxLength: 80 }), (steps) => {
          const walk = new Walk();
          for (const one of steps) walk.go(one);
          walk.end();
          for (const move of walk.made) made.add(nameOf(move));
          refused += walk.refused;
        }),
        { numRuns: 500 },
      );
    }
    expect([...made].sort()).toEqual(all);
    expect(refused).toBeGreaterThan(1_000);
  });

  it('leads everywhere, and ends nowhere but in `over`', () => {
    const reached = new Set(moves.map(({ to }) => to));
    expect([...reached].sort()).toEqual([...kinds].sort());
    for (const kind of kinds) {
      const exits = Object.keys(callTable[kind]);
      expect(exits.length === 0, kind).toBe(kind === 'over');
      if (kind !== 'over')
        expect(exits.includes('leave') || exits.includes('end'), kind).toBe(true);
    }
  });

  it('is known to the compiler, which refuses what is not in it', () => {
    const illegal = (call: RunCall): void => {
      const { state } = call;
      // @ts-expect-error: whatever its state is, not every state has this move.
      call.move(state, 'leave', over);
      if (state.kind === 'proposed') {
        // @ts-expect-error: it has no slot yet.
        call.move(state, 'send', queued(true));
        // @ts-expect-error: nothing says whether its turn has committed.
        call.move(state, 'settle', proposed(true));
        // @ts-expect-error: that leads to another state.
        call.move(state, 'enter', failed(true));
      }
      if (state.kind === 'granted' && !state.durable) {
        const { slot } = state;
        // @ts-expect-error: its turn has not committed, so it must not be sent.
        call.move(state, 'clear', { kind: 'cleared', slot });
      }
      if (state.kind === 'queued' && state.durable) {
        // @ts-expect-error: its turn has committed.
        call.move(state, 'withdraw', proposed(false));
      }
      if (state.kind === 'sent') {
        const { slot } = state;
        // @ts-expect-error: an answer says what it has used.
        call.move(state, 'answer', { kind: 'answered', slot });
      }
      if (state.kind === 'over') {
        // @ts-expect-error: what is over stays so.
        call.move(state, 'enter', queued(true));
      }
      // @ts-expect-error: only `move` writes it.
      call.state = over;
    };
    expect(illegal).toBeTypeOf('function');
  });
});

describe('Calls', () => {
  it('makes the moves of the table: each of them, and no other (promises 3, 7 and 8)', async () => {
    const made = new Set<string>();
    let [sent, calls] = [0, 0];
    const drive = async (actions: readonly Action[], end: 'left' | 'closed'): Promise<void> => {
      const one = new CallDrive();
      try {
        for (const of of actions) await one.go(of);
        await one.end(end);
      } finally {
        one.stop();
      }
      for (const move of one.moves) made.add(nameOf(move));
      sent += one.sent;
      calls += one.seen.size;
    };
    const actions = fc.array(action, { minLength: 20, maxLength: 90 });
    const end = fc.constantFrom('left' as const, 'closed' as const);
    for (let round = 0; round < roundsMax && made.size < all.length; round++) {
      await fc.assert(fc.asyncProperty(actions, end, drive), { numRuns: 200 });
    }
    expect([...made].sort()).toEqual(all);
    expect(sent).toBeGreaterThan(calls / 4);
  });
});
