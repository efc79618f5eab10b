/** The weave's bytes beside a plain table: told, filled in afterwards, and wiped, while the ring goes round. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { History, stepMs, stepOf } from '../../src/ui/activity/worker/history.ts';

const columns = 24;
const rows = 6;
const startMs = 1_000 * stepMs;

/** One number for each row and each step, for ever. */
class Table {
  readonly #steps = new Map<number, number[]>();
  readonly now = Array.from({ length: rows }, () => 0);
  head = stepOf(startMs);

  advance(ms: number): void {
    for (let step = this.head + 1; step <= stepOf(ms); step++) this.#steps.set(step, [...this.now]);
    this.head = Math.max(this.head, stepOf(ms));
    this.#steps.set(this.head, [...this.now]);
  }

  at(step: number): number[] {
    const known = this.#steps.get(step) ?? Array.from({ length: rows }, () => 0);
    this.#steps.set(step, known);
    return known;
  }

  wipe(row: number): void {
    this.now[row] = 0;
    for (const codes of this.#steps.values()) codes[row] = 0;
  }
}

const row = fc.nat(rows - 1);
const code = fc.integer({ min: 1, max: 15 });
const move = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('set' as const), row, code }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wipe' as const), row }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('fill' as const),
      row,
      code,
      backSteps: fc.nat(columns + 4),
      steps: fc.nat(8),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      // Often a step or two, seldom longer than the ring.
      steps: fc.oneof({ weight: 9, arbitrary: fc.nat(4) }, fc.nat(2 * columns)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('look' as const) }) },
);

it('a row that is another run’s shows nothing of the one before, however long either lived', () => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
      const history = new History({ columns, rows, nowMs: startMs });
      const table = new Table();
      let ms = startMs;
      history.reachBack(0);
      history.advance(ms);
      table.advance(ms);
      const look = (): void => {
        const oldest = Math.max(stepOf(startMs) - columns + 1, table.head - columns + 1);
        for (let step = oldest; step <= table.head; step++)
          expect([...(history.at(step * stepMs) ?? [])], `${step}`).toEqual(table.at(step));
      };
      for (const one of [...moves, { kind: 'look' } as const]) {
        if (one.kind === 'set') {
          history.set(one.row, one.code);
          table.now[one.row] = one.code;
        } else if (one.kind === 'wipe') {
          history.wipe(one.row);
          table.wipe(one.row);
        } else if (one.kind === 'fill') {
          const from = Math.max(table.head - one.backSteps, table.head - columns + 1);
          const to = Math.min(from + one.steps, table.head);
          const piece = { row: one.row, code: one.code };
          history.fill([{ ...piece, fromMs: from * stepMs, toMs: to * stepMs }]);
          for (let step = from; step < to; step++) table.at(step)[one.row] = one.code;
        } else if (one.kind === 'pass') {
          ms += one.steps * stepMs;
          history.advance(ms);
          table.advance(ms);
        } else {
          // What was set since is written with the next step.
          history.advance(ms);
          table.advance(ms);
          look();
        }
      }
    }),
    { numRuns: 500 },
  );
});

it('gets its memory piece by piece, and every byte stays as it is', () => {
  const history = new History({ columns, rows: 4_096, nowMs: startMs });
  for (let n = 0; n < 4_096; n++) history.set(n, 1 + (n % 15));
  history.advance(startMs);
  const before = [...(history.at(startMs) ?? [])];
  let pieces = 1;
  while (!history.settle(10_000)) pieces += 1;
  expect(pieces).toBe(Math.ceil((columns * 4_096) / 10_000));
  expect([...(history.at(startMs) ?? [])]).toEqual(before);
  expect(history.settle(10_000)).toBe(true);
});
