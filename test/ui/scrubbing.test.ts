/** A slider or a held key over a long run: what the next step shows is there, and nothing is read for a place that was left. */
import { setTimeout } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import { TurnStore } from '../../src/ui/run/turns/turn-store.ts';
import { pageOf, wantedFor } from '../../src/ui/run/turns/wanted.ts';

const run = '01970000-0000-7000-8000-000000000002';
const last = 2_000;

type Question = {
  readonly what: string;
  readonly signal: AbortSignal;
  readonly answer: () => void;
  readonly refuse: () => void;
};

/** An API whose answers wait until the test gives them. */
function heldApi() {
  const asked: Question[] = [];
  const pending = new Set<Question>();
  let most = 0;
  const ask = <Value>(what: string, signal: AbortSignal, value: Value): Promise<Value> =>
    new Promise((resolve, reject) => {
      const end = (how: () => void) => (): void => {
        pending.delete(question);
        how();
      };
      const question: Question = {
        what,
        signal,
        answer: end(() => resolve(value)),
        refuse: end(() => reject(new Error('refused'))),
      };
      signal.addEventListener(
        'abort',
        end(() => undefined),
      );
      asked.push(question);
      pending.add(question);
      // A window is three questions.
      most = Math.max(most, new Set([...pending].map((one) => one.what.split(':')[0])).size);
    });
  type Asked = { readonly after: number; readonly limit: number; readonly signal: AbortSignal };
  let window = '';
  const runs = {
    turns: (_: string, { after, limit, signal }: Asked) => {
      const count = Math.min(limit, last - after);
      const turns = Array.from({ length: count }, (__, n) => ({ turn: after + n + 1 }));
      return ask(`page ${pageOf(after + 1)}:turns`, signal, turns);
    },
    attempts: (_: string, { after, signal }: Asked) => {
      window = `page ${pageOf(after + 1)}`;
      return ask(`${window}:attempts`, signal, { attempts: [] });
    },
    snapshotAt: (_: string, turn: number, { signal }: Asked) => {
      const isOpen = window === `page ${turn / 200}`;
      window = '';
      return ask(isOpen ? `page ${turn / 200}:open` : `snapshot ${turn}`, signal, {
        turn,
        open: [],
      });
    },
  };
  /** Answers everything that is asked, until nothing is. */
  const rest = async (): Promise<void> => {
    while (pending.size > 0) {
      for (const { answer } of pending) answer();
      await setTimeout(0);
    }
  };
  const store = new TurnStore({ runs } as unknown as Client, run);
  return { store, asked, pending, rest, most: () => most };
}

describe('a step', () => {
  it('shows a turn that is there, also in the next window, to and fro, one read at a time', async () => {
    const walk = fc.array(
      fc.record({ by: fc.constantFrom(1, -1), times: fc.integer({ min: 1, max: 40 }) }),
      { minLength: 1, maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: last }), walk, async (from, steps) => {
        const { store, rest, most } = heldApi();
        let turn = from;
        store.need(turn, last);
        await rest();
        for (const { by, times } of steps) {
          for (let n = 0; n < times; n++) {
            turn = Math.max(1, Math.min(last, turn + by));
            expect(store.turn(turn)?.turn).toBe(turn);
            store.need(turn, last);
          }
          // The key is let go for a moment.
          await rest();
          expect(store.snapshot(turn)?.turn).toBe(turn);
          if (turn > 1) expect(store.snapshot(turn - 1)?.turn).toBe(turn - 1);
        }
        expect(most()).toBe(1);
      }),
      { numRuns: 30 },
    );
  });

  it('is told anew when what it looked for has come, and only then', async () => {
    const { store, rest } = heldApi();
    store.need(450, last);
    await rest();
    const before = store.version.value;
    // 451 and 452 are there already, and 449; 453 is not.
    for (const turn of [451, 452]) expect(store.snapshot(turn)).not.toBeNull();
    store.need(451, last);
    await rest();
    expect(store.version.value).toBe(before);
    expect(store.snapshot(460)).toBeNull();
    store.need(460, last);
    await rest();
    expect(store.version.value).toBeGreaterThan(before);
  });

  it('far away gives up what was read for the place that was left, and keeps nothing of it', async () => {
    const { store, asked, pending, rest } = heldApi();
    store.need(450, last);
    const left = asked.map(({ signal, answer }) => ({ signal, answer }));
    store.need(1_500, last);
    store.need(1_900, last);
    expect(left.map(({ signal }) => signal.aborted)).toEqual([true, true, true]);
    expect([...pending].map(({ what }) => what)).toEqual(
      ['turns', 'attempts', 'open'].map((what) => `page 9:${what}`),
    );
    for (const { answer } of left) answer();
    await rest();
    expect([store.turn(450), store.turn(1_500)]).toEqual([null, null]);
    expect(store.turn(1_900)?.turn).toBe(1_900);
    expect(store.trouble.value).toBeNull();
  });

  it('goes on where it was refused, and says so meanwhile', async () => {
    const { store, asked, rest } = heldApi();
    store.need(450, last);
    for (const { refuse } of asked) refuse();
    await setTimeout(0);
    expect(store.trouble.value?.message).toBe('refused');
    // What lies behind it is read all the same, and it is not asked for again by itself.
    await rest();
    expect([store.turn(450), store.snapshot(450)?.turn]).toEqual([null, 450]);
    expect(store.trouble.value?.message).toBe('refused');
    expect(asked.filter(({ what }) => what.startsWith('page 2'))).toHaveLength(3);
    store.need(451, last);
    await rest();
    expect([store.trouble.value, store.turn(451)?.turn]).toEqual([null, 451]);
  });

  it('reads nothing more once nobody looks', async () => {
    const { store, asked, rest } = heldApi();
    store.need(450, last);
    store.close();
    const before = asked.length;
    await rest();
    expect([asked.length, store.turn(450)]).toEqual([before, null]);
  });
});

it('word of a window that is being read reads it once more', async () => {
  const { store, asked, rest } = heldApi();
  store.need(last, last);
  store.grown(last);
  await rest();
  const reads = asked.filter(({ what }) => what === 'page 9:attempts');
  expect(reads).toHaveLength(2);
});

it('what is shown comes first, and of the windows beside it the nearer one', () => {
  const names = (turn: number): string[] =>
    wantedFor(turn, last).map((read) =>
      read.kind === 'page' ? `page ${read.page}` : `${read.turn}`,
    );
  expect(names(401)).toEqual(['page 2', 'page 1', '401', '400', '402', '403', 'page 3']);
  expect(names(470)).toEqual(['page 2', '470', '469', 'page 1', '471', '472', 'page 3']);
  expect(names(600)).toEqual(['page 2', 'page 3', '600', '599', '601', '602', 'page 1']);
  expect(names(1)).toEqual(['page 0', '1', '2', '3', 'page 1']);
  expect(names(last)).toEqual(['page 9', '2000', '1999', 'page 8']);
});
