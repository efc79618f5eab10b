/** The weave's past: what a page is given of the time before it was opened equals what another page has watched. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ActivityCount, WeavePast } from '../../src/client/index.ts';
import { codeOf, codeOfRun } from '../../src/ui/look/states.ts';
import type { Frame, RowFrame } from '../../src/ui/activity/worker/frames.ts';
import { stepMs } from '../../src/ui/activity/worker/history.ts';
import { aheadBy, ofTenant, shifted } from '../../src/ui/activity/worker/past/past.ts';
import { Picture } from '../../src/ui/activity/worker/picture.ts';
import { casesOf } from '../support/long-form.ts';

const open = ['queued', 'admitted', 'calling-provider', 'waiting-on-channel', 'backoff'] as const;
const phases = ['in-slot', 'answered'] as const;
/** A run that calls is in a phase, too, or waits. */
const whats = [
  ...open.map((status) => ({ status })),
  ...phases.map((phase) => ({ status: 'calling-provider' as const, phase })),
];
const ended = ['completed', 'failed', 'cancelled'] as const;
type Status = (typeof open)[number] | (typeof ended)[number];

type Step = {
  readonly atMs: number;
  readonly status: Status;
  readonly phase?: (typeof phases)[number];
};
type Told = { readonly runId: string; readonly user: string; readonly steps: readonly Step[] };

/** Runs with their steps within this time, in order. */
const runsIn = (spanMs: number): fc.Arbitrary<Told[]> =>
  fc
    .array(
      fc.record({
        times: fc.uniqueArray(fc.integer({ min: 1, max: spanMs }), { minLength: 1, maxLength: 6 }),
        whats: fc.array(fc.constantFrom(...whats), { minLength: 6, maxLength: 6 }),
        end: fc.option(fc.constantFrom(...ended)),
      }),
      { minLength: 1, maxLength: 12 },
    )
    .map((all) =>
      all.map(({ times, whats: of, end }, i) => {
        const steps = times
          .toSorted((a, b) => a - b)
          .map((ms, n): Step => {
            const isLast = n === times.length - 1;
            return { atMs: ms, ...(isLast && end !== null ? { status: end } : of[n]!) };
          });
        return { runId: `r${String(i).padStart(4, '0')}`, user: `u${i % 3}`, steps };
      }),
    );

const isEnd = (status: string): boolean => (ended as readonly string[]).includes(status);
const stateAt = ({ steps }: Told, ms: number): Step | undefined =>
  steps.findLast(({ atMs }) => atMs <= ms);

function rowOf({ runId, user, steps }: Told, { atMs, status, phase }: Step): RowFrame {
  const turn = steps.filter((step) => step.atMs <= atMs).length;
  const of = { agent: 'a', user, pipeline: `p-${runId}`, createdAtMs: steps[0]?.atMs ?? 0 };
  return { runId, status, turn, phase: phase ?? null, provider: null, ...of };
}

function countsAt(runs: readonly Told[], ms: number): Pick<Frame, 'counts' | 'phases'> {
  const counts: Record<string, number> = {};
  const inPhases: Record<string, number> = {};
  for (const run of runs) {
    const { status, phase } = stateAt(run, ms) ?? {};
    if (status !== undefined && !isEnd(status)) counts[status] = (counts[status] ?? 0) + 1;
    if (phase !== undefined) inPhases[phase] = (inPhases[phase] ?? 0) + 1;
  }
  return { counts, phases: inPhases };
}

function resetAt(runs: readonly Told[], ms: number): Frame {
  const rows = runs.flatMap((run) => {
    const step = stateAt(run, ms);
    return step === undefined || isEnd(step.status) ? [] : [rowOf(run, step)];
  });
  return { ...countsAt(runs, ms), rows, total: rows.length, every: 1, isWhole: true, gates: [] };
}

/** Watches from one instant up to another. */
function watch(picture: Picture, runs: readonly Told[], fromMs: number, toMs: number): void {
  picture.begunAgain();
  picture.reset(resetAt(runs, fromMs), fromMs);
  picture.tick(fromMs);
  const steps = runs
    .flatMap((run) => run.steps.map((step) => ({ run, step })))
    .filter(({ step }) => step.atMs > fromMs && step.atMs <= toMs)
    .toSorted((a, b) => a.step.atMs - b.step.atMs);
  for (const { run, step } of steps) {
    // The step before is whole when something new is told.
    picture.tick(Math.max(fromMs, Math.floor(step.atMs / stepMs) * stepMs - 1));
    const of = { completed: 0, failed: 0, cancelled: 0 };
    if (isEnd(step.status)) of[step.status as (typeof ended)[number]] = 1;
    const frame = { ...countsAt(runs, step.atMs), ended: of, changes: [rowOf(run, step)] };
    picture.frame(frame, step.atMs);
    picture.tick(step.atMs);
  }
  picture.tick(toMs);
}

function pastOf(runs: readonly Told[], atMs: number, fromMs = 0, every = 1): WeavePast {
  const whole = { wholeFromMs: fromMs, isOpenWhole: true, isTurnsWhole: true };
  const known = runs.flatMap(({ runId, user, steps: all }) => {
    const steps = all.filter((step) => step.atMs <= atMs);
    const of = { runId, agent: 'a', user, pipeline: `p-${runId}`, turn: steps.length };
    return steps.length === 0 ? [] : [{ ...of, createdAtMs: steps[0]!.atMs, steps }];
  });
  return { atMs, fromMs, every, ...whole, runs: known };
}

function codesOf(picture: Picture, runs: readonly Told[], ms: number): Record<string, number> {
  const column = picture.history.at(ms);
  return Object.fromEntries(
    runs.map(({ runId }) => {
      const row = picture.rows.rowOf(runId);
      return [runId, row === undefined ? 0 : (column?.[row] ?? 0)];
    }),
  );
}

const spanMs = 20_000;
const numRuns = casesOf({ short: 20, long: 100 });
/** When the page was opened, and when the past was there. */
const opened = fc
  .tuple(fc.integer({ min: 1, max: spanMs }), fc.constantFrom(0, 150, 700, 2_500))
  .map(([openedMs, lagMs]): [number, number] => [openedMs, Math.min(openedMs + lagMs, spanMs)]);

describe('the past', () => {
  it('of a page that was opened late equals what another has watched', () => {
    fc.assert(
      fc.property(runsIn(spanMs), opened, (runs, [openedMs, answeredMs]) => {
        const watched = new Picture(0);
        watch(watched, runs, 0, spanMs);
        const late = new Picture(openedMs);
        watch(late, runs, openedMs, answeredMs);
        const past = { weave: pastOf(runs, openedMs), counts: null };
        // Others work between the pieces.
        for (const _ of late.pastInPieces(past)) late.tick(answeredMs);
        late.tick(answeredMs);
        expect(late.unwatched.isAny).toBe(false);
        watch(late, runs, answeredMs, spanMs);
        for (let ms = 0; ms < spanMs; ms += stepMs) {
          expect(codesOf(late, runs, ms), `${ms}`).toEqual(codesOf(watched, runs, ms));
          // Runs by state as they were counted; what ended is counted since the time that is known.
          expect([...(late.states.at(ms) ?? [])], `${ms}`).toEqual([
            ...(watched.states.at(ms) ?? []),
          ]);
          // What ended in the very step in which the page was opened is not told apart.
          if (ms === Math.floor(openedMs / stepMs) * stepMs) continue;
          expect(late.ended.at(ms)?.[0] ?? 0).toBe(watched.ended.at(ms)?.[0] ?? 0);
        }
      }),
      { numRuns },
    );
  });

  it('fills a gap of the stream, and leaves alone what was watched', () => {
    const times = fc.tuple(fc.nat(spanMs), fc.nat(spanMs)).filter(([a, b]) => a + 400 < b);
    fc.assert(
      fc.property(runsIn(spanMs), times, (runs, [cutMs, backMs]) => {
        const watched = new Picture(0);
        watch(watched, runs, 0, spanMs);
        const cut = new Picture(0);
        watch(cut, runs, 0, cutMs);
        cut.past({ weave: pastOf([], cutMs), counts: null }, cutMs);
        watch(cut, runs, backMs, backMs);
        expect(cut.unwatched.isAny).toBe(true);
        const weave = pastOf(runs, backMs);
        cut.past({ weave, counts: null }, backMs);
        expect(cut.unwatched.isAny).toBe(false);
        watch(cut, runs, backMs, spanMs);
        for (let ms = 0; ms < spanMs; ms += stepMs)
          expect(codesOf(cut, runs, ms), `${ms}`).toEqual(codesOf(watched, runs, ms));
      }),
      { numRuns },
    );
  });

  it('has its phases still where the clocks differ', () => {
    const steps = [{ atMs: 200, status: 'calling-provider' as const, phase: 'in-slot' as const }];
    const weave = shifted(pastOf([{ runId: 'r', user: 'u', steps }], 3_000), 1_000);
    expect(weave.runs[0]?.steps).toEqual([{ ...steps[0], atMs: 1_200 }]);
  });

  it('never writes over a phase that was watched', () => {
    const picture = new Picture(0);
    const row = { ...rowOf({ runId: 'r', user: 'u', steps: [] }, { atMs: 0, status: 'queued' }) };
    const calling = { ...row, status: 'calling-provider', phase: 'in-slot', provider: 'p' };
    picture.reset({ counts: {}, phases: {}, rows: [calling] }, 1_000);
    picture.tick(3_000);
    const steps = [{ atMs: 200, status: 'calling-provider' as const }];
    picture.past({ weave: pastOf([{ runId: 'r', user: 'u', steps }], 3_000), counts: null }, 3_000);
    const codes = [400, 1_200, 2_800].map((ms) => picture.history.at(ms)?.[0]);
    expect(codes).toEqual(
      ['calling-provider', 'slot', 'slot'].map((look) => codeOf(look as 'slot')),
    );
  });

  it('of other runs than those that are drawn is refused', () => {
    const picture = new Picture(0);
    picture.reset({ counts: {}, phases: {}, rows: [], every: 8 }, 0);
    expect(picture.past({ weave: pastOf([], 0), counts: null }, 0)).toBe(false);
    expect(picture.unwatched.isUrgent).toBe(true);
  });

  it('takes lanes and slots from the counts of every 5 s', () => {
    const run = {
      runId: 'r',
      user: 'u',
      steps: [{ atMs: 0, status: 'calling-provider' as const }],
    };
    const picture = new Picture(20_000);
    watch(picture, [run], 20_000, 20_000);
    const gates = [{ gate: 'g', status: 'stalled', limit: 4, ceiling: 8, inUse: 1 }];
    const of = { statuses: { 'calling-provider': 1 }, isWhole: true, users: [] };
    const rest = { users: 0, statuses: {} };
    const counts = [5_000, 10_000].map((atMs) => ({ atMs, inSlots: 1, gates, ...of, rest }));
    picture.past({ weave: pastOf([run], 20_000), counts }, 20_000);
    const lane = picture.lanes.get('g');
    expect(lane?.at(2_000)?.slice(0, 4)).toEqual(new Float32Array([0, 0, 0, 0]));
    expect(lane?.at(7_000)?.slice(0, 4)).toEqual(new Float32Array([1, 4, 8, 2]));
    const slotsAt = (ms: number) => {
      const at = picture.states.at(ms);
      return [at?.[codeOf('slot')], at?.[codeOf('calling-provider')], picture.line.at(ms)?.[0]];
    };
    // Without a count nobody knows who was in a slot, and who in line.
    expect([slotsAt(2_000), slotsAt(7_000)]).toEqual([
      [0, 1, 0],
      [1, 0, 0],
    ]);
  });

  it('takes slots from the phases of runs where no count stands, and from the count where one does', () => {
    const steps = [
      { atMs: 0, status: 'calling-provider' as const },
      { atMs: 1_000, status: 'calling-provider' as const, phase: 'in-slot' as const },
      { atMs: 4_000, status: 'backoff' as const },
      { atMs: 6_000, status: 'calling-provider' as const, phase: 'in-slot' as const },
    ];
    const picture = new Picture(20_000);
    const run = { runId: 'r', user: 'u', steps };
    watch(picture, [run], 20_000, 20_000);
    const of = { statuses: { 'calling-provider': 1 }, isWhole: true, users: [], gates: [] };
    const count = { atMs: 8_000, inSlots: 0, ...of, rest: { users: 0, statuses: {} } };
    picture.past({ weave: pastOf([run], 20_000), counts: [count] }, 20_000);
    const at = (ms: number) =>
      (['calling-provider', 'slot', 'backoff'] as const).map(
        (look) => picture.states.at(ms)?.[codeOf(look)],
      );
    expect([400, 2_000, 5_000, 7_000, 9_000].map(at)).toEqual([
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
      [0, 1, 0],
      [1, 0, 0],
    ]);
  });

  it.each([
    ['before', 20_150],
    ['after', 20_950],
  ])(
    'joins a lane without a gap, where the past comes %s the gates are told',
    (_, cameMs: number) => {
      const picture = new Picture(20_000);
      watch(picture, [], 20_000, 20_000);
      const gate = { gate: 'g', status: 'open', limit: 4, ceiling: 8, inUse: 1 };
      const told = { ...gate, coolForMs: 0, rateLimited: 0, line: { length: 0 } };
      const of = { statuses: {}, isWhole: true, users: [], rest: { users: 0, statuses: {} } };
      const counts = [12_000, 17_000].map((atMs) => ({ atMs, inSlots: 1, gates: [gate], ...of }));
      for (let ms = 20_000; ms < 22_000; ms += 50) {
        // A stream begins without gates: they are read when somebody watches.
        if (ms === 20_600) picture.frame({ counts: {}, phases: {}, gates: [told] }, ms);
        if (ms === cameMs) picture.past({ weave: pastOf([], 20_000), counts }, ms);
        picture.tick(ms);
      }
      const limits = [];
      for (let ms = 12_000; ms < 22_000; ms += stepMs)
        limits.push(picture.lanes.get('g')?.at(ms)?.[1]);
      expect(new Set(limits)).toEqual(new Set([4]));
    },
  );

  it('is asked for again where the stream began anew between two pieces, and counts each end once', () => {
    const picture = new Picture(10_000);
    const steps = [
      { atMs: 1_000, status: 'queued' as const },
      { atMs: 2_000, status: 'completed' as const },
    ];
    const runs = [{ runId: 'r', user: 'u', steps }];
    watch(picture, [], 10_000, 10_000);
    const past = { weave: pastOf(runs, 10_000), counts: null };
    const pieces = picture.pastInPieces(past);
    pieces.next();
    picture.reset(resetAt([], 10_200), 10_200);
    expect(pieces.next()).toEqual({ done: true, value: false });
    expect(picture.unwatched.isAny).toBe(true);
    expect(picture.past(past, 10_400)).toBe(true);
    const done = codeOf('completed');
    expect(picture.counts[done]).toBe(1);
    for (const ms of [10_000, 10_200, 10_400]) expect(picture.states.at(ms)?.[done]).toBe(1);
    expect(picture.unwatched.isAny).toBe(false);
  });

  it('lets go of what has left the window', () => {
    const picture = new Picture(0);
    const steps = [
      { atMs: 0, status: 'queued' as const },
      { atMs: 1_000, status: 'completed' as const },
    ];
    const run = { runId: 'r', user: 'u', steps };
    watch(picture, [run], 0, 2_000);
    expect([picture.rows.size, picture.pipelines.size]).toEqual([1, 0]);
    picture.tick(900_000);
    expect(picture.rows.size).toBe(1);
    picture.tick(901_001);
    expect(picture.rows.size).toBe(0);
    expect(picture.history.at(900_900)?.[0]).toBe(0);
  });
});

describe('a lane', () => {
  it('has each 429 once, in the step in which it was told', () => {
    const picture = new Picture(0);
    const gateOf = (rateLimited: number) => ({
      gate: 'g',
      status: 'cooling',
      coolForMs: 5,
      limit: 4,
      ceiling: 8,
      inUse: 1,
      rateLimited,
      line: { length: 0 },
    });
    const tell = (rateLimited: number, ms: number) =>
      picture.frame({ counts: {}, phases: {}, gates: [gateOf(rateLimited)] }, ms);
    const base = { counts: {}, phases: {}, rows: [], gates: [gateOf(40)] };
    picture.reset(base, 0);
    picture.tick(250);
    tell(43, 300);
    for (const ms of [310, 350, 450, 650]) picture.tick(ms);
    tell(44, 700);
    tell(46, 720);
    picture.tick(790);
    // A replica that is gone takes nothing back, and neither does another database.
    tell(2, 1_300);
    picture.tick(1_350);
    const refused = [0, 200, 400, 600, 800, 1_200].map((ms) => picture.lanes.get('g')?.at(ms)?.[4]);
    expect(refused).toEqual([0, 3, 0, 3, 0, 0]);
  });
});

describe('clocks', () => {
  it('agree while the read lies between question and answer', () => {
    const asked = { askedMs: 1_000, answeredMs: 1_500 };
    expect([900, 1_000, 1_400, 1_800].map((ms) => aheadBy(ms, asked))).toEqual([100, 0, 0, -300]);
  });
});

describe('counts', () => {
  const count = (tenants: readonly string[], restUsers = 0): ActivityCount => ({
    atMs: 0,
    inSlots: 0,
    isWhole: true,
    gates: [],
    statuses: { queued: 10 },
    users: tenants.map((tenant, i) => ({ tenant, user: `${i}`, statuses: { queued: 1 } })),
    rest: { users: restUsers, statuses: { queued: 5 } },
  });

  it('are those of one tenant, or none', () => {
    const told = [
      count(['a', 'a'], 3),
      count(['a', 'b', 'a']),
      count(['b']),
      count(['a', 'b'], 1),
    ].map((one) => ofTenant(one, 'a')?.statuses ?? null);
    expect(told).toEqual([{ queued: 10 }, { queued: 2 }, {}, null]);
  });
});

it('the statuses of the store are looks', () => {
  for (const status of [...open, ...ended]) expect(codeOfRun(status, null)).toBe(codeOf(status));
});
