/** Rows of the activity stream where there are too many runs to draw each: the same ones for whoever asks, and no others. */
import { expect, it } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import { ActivityTopic } from '../../../src/api/streams/states/activity-topic.ts';
import type { Projection, StatesHearer } from '../../../src/api/streams/states/projection.ts';
import type { RunState } from '../../../src/api/streams/states/run-phases.ts';
import { isDrawn } from '../../../src/domain/drawn.ts';
import { asRunId } from '../../../src/domain/ids.ts';
import type { Frame } from '../../../src/ui/activity/worker/frames.ts';
import { Picture } from '../../../src/ui/activity/worker/picture.ts';

const scope = oneTenant('acme');

/** Ids grow with time; their last bits look like random ones, and are the same each time. */
function idOf(n: number) {
  const last = Math.imul(n + 1, 0x9e3779b1) >>> 0;
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
  return asRunId(`${hex(n, 8)}-0000-7000-8000-0000${hex(last, 8)}`);
}

function world() {
  const open = new Map<string, RunState>();
  let hearer: StatesHearer = { changed: () => undefined, reset: () => undefined };
  const timers: (() => void)[] = [];
  const projection = {
    isWhole: true,
    watch: (given: StatesHearer) => {
      hearer = given;
      return () => undefined;
    },
    open: () => [...open.values()],
    counts: () => (open.size === 0 ? {} : { 'waiting-on-channel': open.size }),
    phaseCounts: () => ({}),
  } as unknown as Projection;
  const clock = { setTimer: (_: number, ring: () => void) => (timers.push(ring), () => undefined) };
  const topic = new ActivityTopic({ scope, projection, gates: null, clock });
  topic.begin(() => undefined);
  const picture = new Picture(0);
  let nowMs = 0;
  const state = (n: number, turn: number, ended = false) =>
    ({
      tenant: 'acme',
      runId: idOf(n),
      shard: 1,
      agent: `agent-${n % 3}`,
      user: `u-${n % 7}`,
      pipeline: `p-${Math.floor(n / 3)}`,
      status: ended ? 'completed' : 'waiting-on-channel',
      reason: null,
      turn,
      createdAtMs: nowMs,
      endedAtMs: ended ? nowMs : null,
      phase: null,
      provider: null,
    }) as unknown as RunState;
  const told: Frame[] = [];
  return {
    picture,
    told,
    open,
    begin(...ns: readonly number[]) {
      const states = ns.map((n) => state(n, 1));
      for (const run of states) open.set(run.runId, run);
      hearer.changed(states);
    },
    end(...ns: readonly number[]) {
      const states = ns.map((n) => state(n, 2, true));
      for (const run of states) open.delete(run.runId);
      hearer.changed(states);
    },
    reset: () => hearer.reset(),
    /** What the client is sent by and by, until there is nothing more. */
    step() {
      for (let sent = true; sent;) {
        nowMs += 200;
        for (const ring of timers.splice(0)) ring();
        const frames = topic.take();
        sent = frames.length > 0;
        for (const { event, data } of frames) {
          const frame = data as unknown as Frame;
          told.push(frame);
          if (event === 'reset') picture.reset(frame, nowMs);
          else picture.frame(frame, nowMs);
        }
        picture.tick(nowMs);
      }
    },
  };
}

const from = (start: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => start + i);

/** The runs that a picture has open. */
function shownBy(picture: Picture): string[] {
  const rows = [...picture.rows.all()].filter((row) => picture.history.get(row) > 3);
  return rows.map((row) => picture.rows.runAt(row)?.runId ?? '').toSorted();
}

it('among more than 5,000 runs that come and go, those are drawn that their ids choose', () => {
  const { picture, told, open, begin, end, reset, step } = world();
  begin(...from(0, 6_000));
  reset();
  step();
  const { every } = picture;
  expect(every).toBeGreaterThan(1);
  const drawn = () =>
    [...open.values()]
      .map(({ runId }) => runId)
      .filter((id) => isDrawn(id, every))
      .toSorted();
  expect(shownBy(picture)).toEqual(drawn());
  expect(drawn().length).toBeGreaterThan(150);
  const ids = (): string[] =>
    [...picture.rows.sorted].map((row) => picture.rows.runAt(row)?.runId ?? '');
  for (let round = 0; round < 40; round++) {
    const before = ids();
    begin(...from(6_000 + round * 300, 300));
    end(...from(round * 300, 300));
    step();
    expect(picture.every).toBe(every);
    expect(shownBy(picture)).toEqual(drawn());
    expect(picture.open).toBe(6_000);
    // Who was there keeps its neighbours, and nobody has two rows.
    const kept = new Set(before);
    expect(ids().filter((id) => kept.has(id))).toEqual(before.filter((id) => ids().includes(id)));
    expect(new Set(ids()).size).toBe(ids().length);
  }
  // One reset, and then only what has changed, of the runs that are drawn.
  expect(told.filter(({ rows }) => rows !== undefined)).toHaveLength(1);
  const changes = told.flatMap((frame) => frame.changes ?? []);
  expect(changes.every(({ runId }) => isDrawn(asRunId(runId), every))).toBe(true);
  expect(changes.length).toBeLessThan(40 * 600 * (1.5 / every));
  // Those that ended stay until they leave the window; of pipelines only open ones are kept.
  const ended = picture.rows.size - shownBy(picture).length;
  expect(ended).toBeGreaterThan((40 * 300 * 0.5) / every);
  const pipelines = new Set(
    shownBy(picture).map((id) => picture.rows.runAt(picture.rows.rowOf(id) ?? -1)?.pipeline),
  );
  expect(picture.pipelines.size).toBe(pipelines.size);
  picture.tick(2_000_000);
  expect(picture.rows.size).toBe(shownBy(picture).length);
});

it('when many more have come, or most have gone, others are drawn, and that is said', () => {
  const { picture, told, open, begin, end, reset, step } = world();
  begin(...from(0, 4_000));
  reset();
  step();
  expect([picture.every, shownBy(picture).length]).toEqual([1, 4_000]);
  begin(...from(4_000, 1_500));
  step();
  const first = picture.every;
  expect(first).toBeGreaterThan(1);
  expect(picture.rows.size).toBeLessThan(1_100);
  for (let n = 5_500; n < 40_000; n += 1_500) {
    begin(...from(n, 1_500));
    step();
  }
  expect(picture.every).toBeGreaterThan(first);
  expect(picture.rows.size).toBeLessThan(1_100);
  for (let n = 0; n < 38_000; n += 1_000) {
    end(...from(n, 1_000));
    step();
  }
  expect([picture.every, shownBy(picture).length]).toEqual([1, open.size]);
  const resets = told.filter(({ rows }) => rows !== undefined);
  // Each with another choice.
  const choices = resets.map(({ every }) => every);
  expect(choices.every((every, i) => every !== choices[i - 1])).toBe(true);
  expect(resets.length).toBeLessThan(14);
});
