/** The weave's bytes and pixels: what was told at a time is what is drawn there, whatever the order, zoom and ring. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeOf, codeOfRun, looks } from '../../src/ui/look/states.ts';
import { History, stepMs } from '../../src/ui/activity/worker/history.ts';
import { Rows, rowsMax, type RowRun } from '../../src/ui/activity/worker/rows.ts';
import { paintRaster, type View } from '../../src/ui/activity/worker/paint/weave-raster.ts';

const run = (n: number, parts: Partial<RowRun> = {}): RowRun => ({
  runId: `r${String(n).padStart(6, '0')}`,
  agent: 'a',
  user: 'u',
  pipeline: `p${n}`,
  createdAtMs: 0,
  ...parts,
});

describe('history', () => {
  it('holds what was told at each step, as far back as its ring goes', () => {
    const told = fc.array(
      fc.record({ row: fc.nat(40), code: fc.integer({ min: 1, max: 15 }), afterMs: fc.nat(900) }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(told, (moves) => {
        const columns = 32;
        const history = new History({ columns, rows: 41, nowMs: 0 });
        const model: number[][] = [];
        const now: number[] = [];
        let ms = 0;
        for (const { row, code, afterMs } of moves) {
          const before = Math.floor(ms / stepMs);
          ms += afterMs;
          const step = Math.floor(ms / stepMs);
          // The steps in between have what was known before.
          for (let at = before; at < step; at++) model[at] ??= [...now];
          for (let at = before + 1; at < step; at++) model[at] = [...now];
          if (step > before) history.advance(step * stepMs - 1);
          history.set(row, code);
          now[row] = code;
          history.advance(ms);
          model[step] = [...now];
        }
        const head = Math.floor(ms / stepMs);
        for (let step = Math.max(0, head - columns + 1); step <= head; step++) {
          const known = history.at(step * stepMs);
          const wanted = model[step];
          if (wanted === undefined) continue;
          wanted.forEach((code, row) =>
            expect(known?.[row] ?? 0, `${row} at ${step}`).toBe(code ?? 0),
          );
        }
        expect(history.at((head + 1) * stepMs)).toBeNull();
        expect(history.at((head - columns) * stepMs)).toBeNull();
      }),
    );
  });
});

describe('rows', () => {
  it('keep each run among its kind, first pipelines of all users before second ones', () => {
    const rows = new Rows(() => undefined);
    const given = [
      run(1, { user: 'u1', pipeline: 'a' }),
      run(2, { user: 'u1', pipeline: 'b' }),
      run(3, { user: 'u2', pipeline: 'c' }),
      run(4, { user: 'u2', pipeline: 'd', agent: 'b' }),
    ];
    for (const one of given) rows.take(one);
    const ids = (): (string | undefined)[] => [...rows.sorted].map((row) => rows.runAt(row)?.runId);
    expect(ids()).toEqual(['r000001', 'r000003', 'r000002', 'r000004']);
    expect(rows.bands.map(({ name, from, to }) => [name, from, to])).toEqual([
      ['a', 0, 3],
      ['b', 3, 4],
    ]);
    rows.orderBy('user');
    expect(rows.bands.map(({ name }) => name)).toEqual(['u1', 'u2']);
  });

  it('are bounded: runs that ended first give theirs up, and nothing of them is left', () => {
    const wiped: number[] = [];
    const rows = new Rows((row) => wiped.push(row));
    for (let n = 0; n < rowsMax; n++) rows.take(run(n));
    expect(rows.take(run(rowsMax))).toBeNull();
    rows.ended(3, 20);
    rows.ended(7, 10);
    expect(rows.take(run(rowsMax))).toBe(7);
    expect(rows.take(run(rowsMax + 1))).toBe(3);
    expect(wiped).toEqual([7, 3]);
    expect(rows.rowOf('r000007')).toBeUndefined();
    expect(rows.size).toBe(rowsMax);
    expect(rows.takeFree(run(rowsMax + 2))).toBeNull();
    expect(wiped).toEqual([7, 3]);
  });
});

describe('the raster', () => {
  const colours = Uint32Array.from({ length: 16 }, (_, code) => code);
  const history = (codes: readonly number[]): History => {
    const made = new History({ columns: 64, rows: codes.length, nowMs: 0 });
    codes.forEach((code, row) => made.set(row, code));
    made.advance(10 * stepMs);
    return made;
  };
  const whole = (rows: number): View => ({ fromMs: 0, toMs: 10 * stepMs, fromRow: 0, toRow: rows });
  const column = (codes: readonly number[], height: number, quantiles: boolean): number[] => {
    const pixels = new Uint32Array(2 * height);
    const sorted = Int32Array.from(codes, (_, row) => row);
    const bands = [{ name: 'all', from: 0, to: codes.length }];
    const raster = {
      history: history(codes),
      sorted,
      bands,
      view: whole(codes.length),
      colours,
      quantiles,
    };
    paintRaster(pixels, { width: 2, height, x0: 0, x1: 2 }, raster);
    return Array.from({ length: height }, (_, y) => pixels[2 * y + 1] as number);
  };

  it('each pixel row is one real run, but what nobody may overlook wins', () => {
    const [queued, stalled] = [codeOf('queued'), codeOf('stalled')];
    const codes = [queued, stalled, queued, queued, queued, queued];
    expect(column(codes, 6, false)).toEqual(codes);
    expect(column(codes, 3, false)).toEqual([stalled, queued, queued]);
  });

  it('a band shows the quantiles of its runs, in the order of stacks from the bottom', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 15 }), { minLength: 1, maxLength: 60 }),
        (codes) => {
          const shown = column(codes, 20, true);
          expect(shown).toEqual(shown.toSorted((a, b) => b - a));
          for (const code of shown) expect(codes).toContain(code);
          // A state that half of the runs are in has half of the rows, give or take one.
          for (const code of new Set(codes)) {
            const part = codes.filter((one) => one === code).length / codes.length;
            const rows = shown.filter((one) => one === code).length;
            expect(Math.abs(rows - part * 20)).toBeLessThanOrEqual(1);
          }
        },
      ),
    );
  });

  it('a strip at the edge is the same as the whole, cut', () => {
    const made = new History({ columns: 64, rows: 4, nowMs: 0 });
    for (let step = 1; step < 40; step++) {
      made.set(step % 4, 1 + (step % 15));
      made.advance(step * stepMs);
    }
    const sorted = Int32Array.from([2, 0, 3, 1]);
    const bands = [{ name: 'all', from: 0, to: 4 }];
    const view = { fromMs: 0, toMs: 40 * stepMs, fromRow: 0, toRow: 4 };
    const raster = { history: made, sorted, bands, view, colours, quantiles: false };
    const all = new Uint32Array(50 * 8);
    paintRaster(all, { width: 50, height: 8, x0: 0, x1: 50 }, raster);
    const strip = new Uint32Array(13 * 8);
    paintRaster(strip, { width: 50, height: 8, x0: 37, x1: 50 }, raster);
    for (let y = 0; y < 8; y++) {
      expect([...strip.subarray(13 * y, 13 * y + 13)]).toEqual([
        ...all.subarray(50 * y + 37, 50 * y + 50),
      ]);
    }
  });
});

it('a phase is seen, an answered call is drawn as one whose turn is due', () => {
  const of = (phase: string | null): string | undefined =>
    looks[codeOfRun('calling-provider', phase)];
  expect(['waits-for-slot', 'in-slot', 'answered', 'unknown', null].map(of)).toEqual([
    'calling-provider',
    'slot',
    'admitted',
    'calling-provider',
    'calling-provider',
  ]);
});
