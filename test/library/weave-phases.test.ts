/** Phases of a run's past out of its attempts: each odd case by its steps. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { phaseOfAll, type Phase } from '../../src/domain/calls/phase.ts';
import { withPhases, type RunPast } from '../../src/library/live/weave-phases.ts';
import type { OtherAttempt, StatusTurn, TakenAttempt } from '../../src/store/ports/weave-port.ts';

type Other = Partial<OtherAttempt> & Pick<OtherAttempt, 'sentAtMs' | 'endedAtMs' | 'how'>;
type Taken = Partial<TakenAttempt> & Pick<TakenAttempt, 'sentAtMs' | 'endedAtMs'>;
type Told = {
  /** In order: when, what the turn left, the attempts whose results it took. */
  readonly turns: readonly (readonly [number, StatusTurn['status'], ...Taken[]])[];
  readonly others?: readonly Other[];
  readonly status?: RunPast['status'];
  readonly says: string;
};

const of = { invocationId: 'a', incarnation: 1 };
const readMs = 2_000;

/** Of each step: when, and what is drawn. */
function said({ turns, others = [], status = 'completed' }: Told): string {
  const told = turns.map(([atMs, left, ...taken], i): StatusTurn => {
    return { turn: i + 1, atMs, status: left, taken: taken.map((one) => ({ ...of, ...one })) };
  });
  const steps = told.flatMap(({ atMs, status: left }, i) =>
    left === null || left === told[i - 1]?.status ? [] : [{ atMs, status: left }],
  );
  const lost = others.map((one): OtherAttempt => ({ ...of, turn: 1, ...one }));
  const past = { steps, turns: told.toReversed(), others: lost, atMs: readMs, status };
  const short = { 'calling-provider': 'waits', 'waiting-on-timer': 'timer', completed: 'end' };
  return withPhases(past)
    .map(({ atMs, status: left, phase }) => {
      return `${atMs} ${phase ?? short[left as 'completed'] ?? left}`;
    })
    .join(', ');
}

const calling = 'calling-provider';
const b = { invocationId: 'b' };
const call = (sentAtMs: number, endedAtMs: number): Taken => ({ sentAtMs, endedAtMs });
const lost = (how: OtherAttempt['how'], sentAtMs: number, endedAtMs: number): Other => {
  return { how, sentAtMs, endedAtMs };
};

const cases: Readonly<Record<string, Told>> = {
  'an answer': {
    turns: [
      [100, calling],
      [900, 'completed', call(300, 800)],
    ],
    says: '100 waits, 300 in-slot, 800 answered, 900 end',
  },
  'no attempt that is known': {
    turns: [
      [100, calling],
      [900, 'completed'],
    ],
    says: '100 waits, 900 end',
  },
  'two turns that call': {
    turns: [
      [100, calling],
      [500, calling, call(200, 500)],
      [900, 'waiting-on-timer', { ...call(600, 900), incarnation: 2 }],
    ],
    says: '100 waits, 200 in-slot, 500 waits, 600 in-slot, 900 timer',
  },
  'sent before the commit of the turn that called, by the clock of a replica that is behind': {
    turns: [
      [100, calling],
      [900, 'completed', call(50, 800)],
    ],
    says: '100 in-slot, 800 answered, 900 end',
  },
  'all of it before the turn that called': {
    turns: [
      [100, 'waiting-on-timer'],
      [800, calling],
      [900, 'completed', call(200, 700)],
    ],
    says: '100 timer, 800 answered, 900 end',
  },
  'ended after the turn that took it, by a clock that is ahead': {
    turns: [
      [100, calling],
      [900, 'completed', call(5_300, 5_800)],
    ],
    says: '100 waits, 400 in-slot, 900 end',
  },
  'aborted long after the run had left the call': {
    turns: [
      [100, calling],
      [500, 'waiting-on-timer'],
      [1_000, calling],
    ],
    others: [lost('aborted', 200, 700)],
    says: '100 waits, 200 in-slot, 500 timer, 1000 waits',
  },
  'outlives the time of the read': {
    turns: [[100, calling]],
    others: [lost('outage', 300, 9_000)],
    status: calling,
    says: '100 waits, 300 in-slot',
  },
  'a 429, after which the call stands in its line while the gate cools': {
    turns: [
      [100, calling],
      [900, 'completed', call(600, 900)],
    ],
    others: [lost('rate-limited', 200, 300)],
    says: '100 waits, 200 in-slot, 300 waits, 600 in-slot, 900 end',
  },
  'an outage, after which the call pauses': {
    turns: [
      [100, calling],
      [900, 'completed', call(600, 900)],
    ],
    others: [lost('outage', 200, 300)],
    says: '100 waits, 200 in-slot, 300 backoff, 600 in-slot, 900 end',
  },
  'an answer that was cut, a time-out and a conflict': {
    turns: [
      [100, calling],
      [1_900, 'completed', call(1_600, 1_900)],
    ],
    others: [lost('cut', 200, 300), lost('timed-out', 400, 500), lost('retry-once', 600, 700)],
    says: '100 waits, 200 in-slot, 300 backoff, 400 in-slot, 500 backoff, 600 in-slot, 700 backoff, 1600 in-slot, 1900 end',
  },
  'an outage of a call that nobody tried again': {
    turns: [
      [100, calling],
      [900, 'waiting-on-timer'],
      [1_500, calling],
    ],
    others: [lost('outage', 200, 300)],
    status: calling,
    says: '100 waits, 200 in-slot, 300 backoff, 900 timer, 1500 waits',
  },
  'an outage, and its run is in a backoff now': {
    turns: [[100, calling]],
    others: [lost('outage', 200, 300)],
    status: 'backoff',
    says: '100 waits, 200 in-slot, 300 backoff',
  },
  'an outage, and the next request may be out now': {
    turns: [[100, calling]],
    others: [lost('outage', 200, 300)],
    status: calling,
    says: '100 waits, 200 in-slot, 300 waits',
  },
  'two calls at once': {
    turns: [
      [100, calling],
      [700, calling, call(200, 500)],
      [900, 'completed', { ...call(400, 800), ...b }],
    ],
    says: '100 waits, 200 in-slot, 800 answered, 900 end',
  },
  'two calls, of which one has its answer and the other waits': {
    turns: [
      [100, calling],
      [700, calling, call(200, 500)],
      [1_000, 'completed', { ...call(800, 1_000), ...b }],
    ],
    says: '100 waits, 200 in-slot, 500 answered, 700 waits, 800 in-slot, 1000 end',
  },
  'two calls, of which one pauses and the other waits': {
    turns: [
      [100, calling],
      [1_000, 'completed', call(800, 1_000), { ...call(600, 700), ...b }],
    ],
    others: [lost('outage', 200, 300)],
    says: '100 waits, 200 in-slot, 300 waits, 600 in-slot, 700 answered, 800 in-slot, 1000 end',
  },
  'two calls that pause': {
    turns: [
      [100, calling],
      [1_000, 'completed', call(800, 1_000), { ...call(700, 900), ...b }],
    ],
    others: [lost('outage', 200, 300), { ...lost('outage', 250, 400), ...b }],
    says: '100 waits, 200 in-slot, 400 backoff, 700 in-slot, 1000 end',
  },
  'an earlier start of the invocation, which the chart left while it paused': {
    turns: [
      [100, calling],
      [500, calling],
      [900, 'completed', { ...call(700, 900), incarnation: 2 }],
    ],
    others: [lost('outage', 200, 300)],
    says: '100 waits, 200 in-slot, 300 backoff, 500 waits, 700 in-slot, 900 end',
  },
  'an earlier start whose attempt is told later than those of the next one': {
    turns: [
      [100, calling],
      [500, calling],
      [900, 'completed', { ...call(700, 900), incarnation: 2 }],
    ],
    others: [lost('aborted', 200, 800)],
    says: '100 waits, 200 in-slot, 900 end',
  },
  'an earlier start whose attempt was made by a replica with another clock': {
    turns: [
      [100, calling],
      [900, 'completed', { ...call(700, 900), incarnation: 2 }],
    ],
    others: [lost('rate-limited', 600, 650), { ...lost('outage', 300, 400), incarnation: 2 }],
    says: '100 waits, 300 in-slot, 400 waits, 600 in-slot, 650 backoff, 700 in-slot, 900 end',
  },
  'other work beside a call, which is what the run shows': {
    turns: [
      [100, 'running-task'],
      [500, calling],
      [900, 'completed', call(200, 800)],
    ],
    says: '100 running-task, 500 in-slot, 800 answered, 900 end',
  },
};

it.each(Object.keys(cases))('%s', (name) => {
  const told = cases[name]!;
  expect(said(told)).toBe(told.says);
});

/** A call that is answered: when it was opened, sent, ended and taken. */
const lived = fc
  .uniqueArray(fc.integer({ min: 101, max: 899 }), { minLength: 2, maxLength: 2 })
  .map((times) => times.toSorted((x, y) => x - y) as [number, number]);

it('of several calls the most advanced gives the phase, as in rows of the stream', () => {
  fc.assert(
    fc.property(fc.array(lived, { minLength: 1, maxLength: 5 }), fc.nat(799), (calls, later) => {
      const atMs = 100 + later;
      const taken = calls.map(([sentAtMs, endedAtMs], i): TakenAttempt => {
        return { invocationId: `call-${i}`, incarnation: 1, sentAtMs, endedAtMs };
      });
      const turns: StatusTurn[] = [
        { turn: 2, atMs: 900, status: 'completed', taken },
        { turn: 1, atMs: 100, status: calling, taken: [] },
      ];
      const steps = [
        { atMs: 100, status: calling },
        { atMs: 900, status: 'completed' },
      ] as const;
      const now = calls.map(([sentMs, endedMs]) => {
        const phase: Phase =
          atMs < sentMs ? 'waits-for-slot' : atMs < endedMs ? 'in-slot' : 'answered';
        return { phase, provider: null };
      });
      const past = { steps, turns, others: [], atMs: readMs, status: 'completed' } as const;
      const step = withPhases(past).findLast((one) => one.atMs <= atMs);
      expect(step?.phase ?? 'waits-for-slot').toBe(phaseOfAll(now).phase);
    }),
  );
});
