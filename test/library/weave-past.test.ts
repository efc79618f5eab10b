/** The past of drawn runs: its bounds, what it says when it was cut, and its bytes. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { oneTenant } from '../../src/access/scopes.ts';
import { weaveBytes } from '../../src/api/routes/operations/weave-bytes.ts';
import { weaveOf } from '../../src/client/weave.ts';
import { asRunId, type RunId } from '../../src/domain/ids.ts';
import { weavePast, type WeavePast } from '../../src/library/live/weave-past.ts';
import { runStatuses } from '../../src/library/runs-query.ts';
import type { StatusTurn } from '../../src/store/ports/weave-port.ts';
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
) {
  const asked = { turns: 0, rows: 0 };
  return {
    asked,
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
  return { turn: n, atMs: atMs - agoMs, status };
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
      fc.record({
        atMs: fc.integer({ min: atMs - 900_000, max: atMs }),
        status: fc.constantFrom(...runStatuses),
      }),
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

it('other bytes are refused', () => {
  expect(() => weaveOf(new TextEncoder().encode('{"runs":[]}'))).toThrow(/no past of runs/);
  expect(() => weaveOf(new Uint8Array(3))).toThrow(/no past of runs/);
});
