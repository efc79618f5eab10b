/** The time that is shown, in the address and in the worker; the tracks at the hairline. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fieldsOf, timeOf, wholeSpanMs } from '../../src/ui/activity/time-address.ts';
import { stepMs } from '../../src/ui/activity/worker/history.ts';
import { laneFields } from '../../src/ui/activity/worker/lanes.ts';
import { Series } from '../../src/ui/activity/worker/series.ts';
import { instantOf } from '../../src/ui/activity/worker/paint/under.ts';
import { Window } from '../../src/ui/activity/worker/window.ts';
import { codeOf, looks } from '../../src/ui/look/states.ts';

const longestMs = 900_000;
const nowMs = 1_796_000_000_000;
const shown = (window: Window) => window.view({ nowMs, width: 900, rows: 10 });

describe('the address', () => {
  it('leads a worker to what another has shown, live or past', () => {
    const spans = fc.integer({ min: 4_000, max: longestMs });
    fc.assert(
      fc.property(spans, fc.option(fc.integer({ min: 1, max: longestMs })), (spanMs, ago) => {
        const one = new Window();
        one.show(spanMs, ago === null ? null : nowMs - ago, longestMs);
        const { fromMs, toMs } = shown(one);
        const fields = fieldsOf({ fromMs, toMs, isLive: one.isLive });
        const time = timeOf(fields);
        const other = new Window();
        if (time !== null) other.show(time.spanMs, time.toMs, longestMs);
        expect(other.isLive).toBe(one.isLive);
        expect(Math.abs(shown(other).fromMs - fromMs)).toBeLessThanOrEqual(1);
        expect(Math.abs(shown(other).toMs - toMs)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('says nothing of the whole, and shows the whole where it says nothing that can be shown', () => {
    const whole = { fromMs: nowMs - wholeSpanMs, toMs: nowMs, isLive: true };
    expect(fieldsOf(whole)).toEqual({ from: null, to: null });
    for (const [from, to] of [
      [null, null],
      ['x', '5'],
      ['7', '7'],
      ['9', '5'],
      ['9', null],
    ] as const) {
      expect(timeOf({ from, to })).toBeNull();
    }
  });
});

it('all is shown again after esc, whatever time and rows were chosen', () => {
  const window = new Window();
  expect(window.showsAll).toBe(true);
  window.show(120_000, null, longestMs);
  expect(window.showsAll).toBe(false);
  window.zoom(
    shown(window),
    { x: 0.5, y: 0.5, by: 0.5, axes: 'both' },
    { nowMs, rows: 10, longestMs },
  );
  window.all();
  expect([window.showsAll, window.isLive, shown(window).toRow]).toEqual([true, true, 10]);
});

describe('the hairline', () => {
  const fields = looks.length;
  const tracks = () => ({
    states: new Series({ columns: 100, fields }),
    ended: new Series({ columns: 100, fields: 1 }),
    latency: new Series({ columns: 100, fields: 2 }),
    lanes: new Map([['a', new Series({ columns: 100, fields: laneFields.fields })]]),
  });

  it('reads all tracks at its instant, not at the newest', () => {
    const all = tracks();
    for (let step = 0; step < 60; step++) {
      const counts = Array.from({ length: fields }, () => 0);
      counts[codeOf('slot')] = step;
      all.states.put(step * stepMs, counts);
      all.ended.put(step * stepMs, [step === 10 ? 5 : 0]);
      all.latency.put(step * stepMs, [step, 2 * step]);
      all.lanes.get('a')?.put(step * stepMs, [step, 7, 9, 0, 0]);
    }
    const at = instantOf(all, 30 * stepMs);
    expect(at.counts?.[codeOf('slot')]).toBe(30);
    expect(at.gates).toEqual([{ gate: 'a', inUse: 30, limit: 7 }]);
    expect(at.latencyMs).toEqual({ p50: 30, p95: 60 });
    // The five ends of step 10 lie within the 5 s before step 30, and not within those before step 50.
    expect(at.endedPerSecond).toBe(1);
    expect(instantOf(all, 50 * stepMs).endedPerSecond).toBe(0);
  });

  it('says that nobody has watched, where nobody has', () => {
    expect(instantOf(tracks(), nowMs)).toEqual({
      atMs: nowMs,
      counts: null,
      gates: [],
      endedPerSecond: 0,
      latencyMs: null,
    });
  });
});
