/** The past of drawn runs: its bounds, what it says when it was cut, and its bytes. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { oneTenant } from '../../src/access/scopes.ts';
import { weaveBytes } from '../../src/api/routes/operations/weave-bytes.ts';
import { weaveOf } from '../../src/client/weave.ts';
import { asRunId, type RunId } from '../../src/domain/ids.ts';
import { weavePast, type WeavePast } from '../../src/library/live/weave-past.ts';
import { runStatuses } from '../../src/library/runs-query.ts';
import type { OtherAttempt, StatusTurn } from '../../src/store/ports/weave-port.ts';
import type { RunBrief } from '../../src/store/watch-port.ts';

const scope = oneTenant('acme');
const atMs = 1_800_000_000_000;
const idOf = (n: number): RunId =>
  asRunId(`01970000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`);

const brief = (n: number, parts: Partial<RunBrief> = {}): RunBrief => ({
  tenant: 'acme',
  runId: idOf(n),
  shard: 1,
  agent: 'editor',
  version: '1',
  user: 'ann',
  pipeline: `p-${n}`,
  status: 'admitted',
  reason: null,
  turn: 1,
  parentRunId: null,
  createdAtMs: atMs - 10_000,
  endedAtMs: null,
  ...parts,
});
const ended = (n: number, agoMs: number): RunBrief =>
  brief(n, { status: 'completed', endedAtMs: atMs - agoMs });

/** Reads of these runs; each turn of a run lies a second after the one before. */
function reads(
  open: readonly RunBrief[],
  over: readonly RunBrief[],
  turnsOf: (run: RunId) => readonly StatusTurn[] = () => [],
  othersOf: (run: RunId) => readonly OtherAttempt[] = () => [],
) {
  const asked = { turns: 0, rows: 0 };
  const others = { runs: [] as (readonly [RunId, number])[], rows: 0 };
  return {
    asked,
    others,
    weaveOpen: async (_: unknown, { limit }: { limit: number }) => {
      return { atMs, runs: open.slice(0, limit) };
    },
    weaveEnded: async (
      _: unknown,
      { fromMs, toMs, limit }: { fromMs: number; toMs: number; limit: number },
    ) =>
      over
        .filter(({ endedAtMs }) => (endedAtMs ?? 0) >= fromMs && (endedAtMs ?? 0) < toMs)
        .toSorted((a, b) => (b.endedAtMs ?? 0) - (a.endedAtMs ?? 0))
        .slice(0, limit),
    statusTurns: async (
      _: unknown,
      { runs, limit }: { runs: readonly { runId: RunId; beforeTurn: number }[]; limit: number },
    ) => {
      asked.turns += 1;
      return runs.map(({ runId, beforeTurn }) => {
        const rows = turnsOf(runId).filter(({ turn }) => turn < beforeTurn);
        const found = rows.toSorted((a, b) => b.turn - a.turn).slice(0, limit);
        asked.rows += found.length;
        return found;
      });
    },
    otherAttempts: async (
      _: unknown,
      { runs, limit }: { runs: readonly { runId: RunId; fromTurn: number }[]; limit: number },
    ) =>
      runs.map(({ runId, fromTurn }) => {
        const rows = othersOf(runId).slice(0, limit);
        others.runs.push([runId, fromTurn]);
        others.rows += rows.length;
        return rows;
      }),
  };
}
const asked = { spanMs: 900_000, every: 1 };

it('holds open runs and those that ended within the time, the last one first', async () => {
  const over = [ended(3, 800_000), ended(4, 1_000), ended(5, 950_000), ended(2, -5)];
  const past = await weavePast(reads([brief(1), brief(2)], over), scope, asked);
  // The second has ended while it was read.
  expect(past.runs.map(({ runId }) => runId)).toEqual([1, 2, 4, 3].map(idOf));
  expect(past.runs.map(({ steps }) => steps.at(-1)?.status)).toEqual([
    undefined,
    'completed',
    'completed',
    'completed',
  ]);
  const whole = { isOpenWhole: true, isTurnsWhole: true, wholeFromMs: past.fromMs };
  expect(past).toMatchObject({ atMs, fromMs: atMs - 900_000, every: 1, ...whole });
});

it('is bounded in runs, and says from when on it is whole', async () => {
  const open = Array.from({ length: 8_000 }, (_, n) => brief(n));
  const over = Array.from({ length: 400 }, (_, n) => ended(10_000 + n, n * 1_000));
  const past = await weavePast(reads(open, over), scope, asked);
  expect(past.runs).toHaveLength(8_192);
  expect(past).toMatchObject({ isOpenWhole: true, wholeFromMs: atMs - 191_000 });
  const many = await weavePast(
    reads(
      Array.from({ length: 9_000 }, (_, n) => brief(n)),
      over,
    ),
    scope,
    asked,
  );
  expect(many.runs).toHaveLength(8_192);
  expect(many).toMatchObject({ isOpenWhole: false, wholeFromMs: atMs });
});

it('runs that end while it is read hide none of those that have ended before', async () => {
  const open = Array.from({ length: 8_190 }, (_, n) => brief(n));
  const over = [ended(1, -3), ended(2, -2), ended(3, -1), ended(9_000, 0), ended(9_001, 70_000)];
  const past = await weavePast(reads(open, over), scope, asked);
  expect(past.runs.slice(-2).map(({ runId }) => runId)).toEqual([9_000, 9_001].map(idOf));
  expect(past.wholeFromMs).toBe(past.fromMs);
});

it('is bounded in names', async () => {
  const open = Array.from({ length: 5_000 }, (_, n) => brief(n, { pipeline: `${n}`.repeat(200) }));
  const past = await weavePast(reads(open, []), scope, asked);
  expect(past.runs.length).toBeLessThan(3_000);
  expect(past.isOpenWhole).toBe(false);
});

const turn = (n: number, agoMs: number, status: StatusTurn['status'] = 'admitted'): StatusTurn => {
  return { turn: n, atMs: atMs - agoMs, status, taken: [] };
};

it('goes back in the turns of a run as far as the time does, and not further', async () => {
  const turns = Array.from({ length: 10_000 }, (_, i) =>
    turn(i + 1, (10_000 - i) * 1_000, i % 2 === 0 ? 'calling-provider' : 'waiting-on-channel'),
  );
  const of = reads([brief(1, { turn: 10_000 })], [], () => turns);
  const past = await weavePast(of, scope, asked);
  expect(past.isTurnsWhole).toBe(true);
  const [{ steps } = { steps: [] }] = past.runs;
  expect(steps[0]).toEqual({ atMs: past.fromMs, status: 'calling-provider' });
  expect(steps.length).toBeGreaterThan(890);
  expect(steps.at(-1)?.atMs).toBe(atMs - 1_000);
  expect(of.asked).toEqual({ turns: 4, rows: 16 + 64 + 256 + 1_024 });
});

it('is bounded in turns, and says so', async () => {
  const turns = Array.from({ length: 2_000 }, (_, i) => turn(i + 1, 2_000 - i));
  const open = Array.from({ length: 2_000 }, (_, n) => brief(n, { turn: 2_000 }));
  const of = reads(open, [], () => turns);
  const past = await weavePast(of, scope, asked);
  expect(past.isTurnsWhole).toBe(false);
  expect(of.asked.rows).toBeLessThanOrEqual(200_000);
});

it('a run is queued until its first turn, and keeps each status until the next', async () => {
  const turns = [
    turn(1, 9_000),
    turn(2, 8_000),
    turn(3, 7_000, 'calling-provider'),
    turn(4, 6_000, null),
    turn(5, 5_000, 'waiting-on-timer'),
  ];
  const of = reads([brief(1, { turn: 5 }), brief(2, { turn: 0 })], [], (id) =>
    id === idOf(1) ? turns : [],
  );
  const past = await weavePast(of, scope, asked);
  expect(past.runs.map(({ steps }) => steps.map((one) => [atMs - one.atMs, one.status]))).toEqual([
    [
      [10_000, 'queued'],
      [9_000, 'admitted'],
      [7_000, 'calling-provider'],
      [5_000, 'waiting-on-timer'],
    ],
    [[10_000, 'queued']],
  ]);
});

const ofCall = { invocationId: 'call', incarnation: 1 };
const outage = (sentMs: number): OtherAttempt => {
  const times = { sentAtMs: atMs - sentMs, endedAtMs: atMs - sentMs + 100 };
  return { ...ofCall, turn: 3, how: 'outage', ...times };
};

it('of runs that called, the attempts are read from the first turn that is known, and give phases', async () => {
  const sent = { ...ofCall, sentAtMs: atMs - 6_000, endedAtMs: atMs - 5_500 };
  const turns = [
    turn(3, 9_000, 'calling-provider'),
    { ...turn(4, 5_000, 'waiting-on-timer'), taken: [sent] },
  ];
  const of = reads(
    [brief(1, { turn: 4 }), brief(2)],
    [],
    (id) => (id === idOf(1) ? turns : [turn(1, 9_000)]),
    () => [outage(8_000)],
  );
  const past = await weavePast(of, scope, asked);
  expect(of.others.runs).toEqual([[idOf(1), 3]]);
  const steps = past.runs[0]?.steps.map((one) => [atMs - one.atMs, one.status, one.phase]);
  expect(steps).toEqual([
    [9_000, 'calling-provider', undefined],
    [8_000, 'calling-provider', 'in-slot'],
    [7_900, 'backoff', undefined],
    [6_000, 'calling-provider', 'in-slot'],
    [5_500, 'calling-provider', 'answered'],
    [5_000, 'waiting-on-timer', undefined],
  ]);
});

it('is bounded in attempts, of a run and in all', async () => {
  const open = Array.from({ length: 4_000 }, (_, n) => brief(n));
  const many = Array.from({ length: 200 }, (_, n) => outage(1_000 + n));
  const of = reads(
    open,
    [],
    () => [turn(1, 9_000, 'calling-provider')],
    () => many,
  );
  const past = await weavePast(of, scope, asked);
  expect(past.runs).toHaveLength(4_000);
  // Pages of 500 runs with 64 attempts each, until there are 100,000.
  expect(of.others.rows).toBe(4 * 500 * 64);
});

it('a run whose turns took many results leaves no room for those of others', async () => {
  const taken = Array.from({ length: 8 }, () => ({ ...ofCall, sentAtMs: 0, endedAtMs: 0 }));
  const open = Array.from({ length: 5_000 }, (_, n) => brief(n));
  const of = reads(open, [], () =>
    Array.from({ length: 16 }, (_, i) => ({ ...turn(i + 1, 9_000 - i), taken })),
  );
  const past = await weavePast(of, scope, asked);
  expect(past.isTurnsWhole).toBe(false);
  // A page of 500 runs may go beyond it.
  expect(of.asked.rows).toBeLessThanOrEqual(200_000 / 8 + 500 * 16);
});

it('reads back from its bytes as it was', () => {
  const name = fc.oneof(fc.constant('ann'), fc.string({ maxLength: 20 }));
  const run = fc.record({
    runId: fc.uuid().map(asRunId),
    agent: name,
    user: name,
    pipeline: name,
    turn: fc.nat(2_147_483_647),
    createdAtMs: fc.integer({ min: 0, max: atMs }),
    steps: fc.array(
      fc
        .tuple(
          fc.integer({ min: atMs - 900_000, max: atMs }),
          fc.constantFrom(
            ...runStatuses.map((status) => ({ status })),
            { status: 'calling-provider', phase: 'in-slot' } as const,
            { status: 'calling-provider', phase: 'answered' } as const,
          ),
        )
        .map(([ms, what]) => ({ atMs: ms, ...what })),
      { maxLength: 6 },
    ),
  });
  const about = { atMs, fromMs: atMs - 900_000, every: 8, wholeFromMs: atMs - 5 };
  fc.assert(
    fc.property(fc.array(run, { maxLength: 30 }), (runs) => {
      const past: WeavePast = { ...about, isOpenWhole: true, isTurnsWhole: false, runs };
      // As a proxy or a buffer of Node's may give them: not at the beginning of their memory.
      const bytes = new Uint8Array([0, 0, 0, ...weaveBytes(past)]).subarray(3);
      expect(weaveOf(bytes)).toEqual(past);
    }),
  );
});

it('between releases a step with a phase is read as one without', () => {
  const { runId, agent, user, pipeline, createdAtMs } = brief(1);
  const steps = [
    { atMs: atMs - 900, status: 'calling-provider', phase: 'in-slot' },
    { atMs: atMs - 100, status: 'calling-provider', phase: 'answered' },
  ] as const;
  const about = { atMs, fromMs: atMs - 1_000, every: 1, wholeFromMs: 0 };
  const run = { runId, agent, user, pipeline, turn: 1, createdAtMs, steps };
  const bytes = weaveBytes({ ...about, isOpenWhole: true, isTurnsWhole: true, runs: [run] });
  // The header as it reads where nobody knows of phases; of the same length.
  const text = bytes.toString('latin1').replace('"phases":', '"absent":');
  const [read] = weaveOf(new Uint8Array(Buffer.from(text, 'latin1'))).runs;
  expect(read?.steps).toEqual(steps.map(({ atMs: ms, status }) => ({ atMs: ms, status })));
});

it('other bytes are refused', () => {
  expect(() => weaveOf(new TextEncoder().encode('{"runs":[]}'))).toThrow(/no past of runs/);
  expect(() => weaveOf(new Uint8Array(3))).toThrow(/no past of runs/);
});
