/** The picture of all open runs, over reads that the test answers when it likes. */
import { expect, it } from 'vitest';
import { asRunId } from '../../../src/domain/ids.ts';
import type { News } from '../../../src/library/live/news.ts';
import type { RunBrief } from '../../../src/store/watch-port.ts';
import { Projection } from '../../../src/api/streams/states/projection.ts';

const runId = asRunId('00000000-0000-7000-8000-000000000001');
const brief = (turn: number, ended = false): RunBrief =>
  ({
    tenant: 'default',
    runId,
    shard: 1,
    status: ended ? 'completed' : 'waiting-on-person',
    reason: null,
    turn,
    endedAtMs: ended ? 1 : null,
  }) as RunBrief;

function world() {
  const timers: (() => void)[] = [];
  const reads: ((found: readonly RunBrief[]) => void)[] = [];
  let heard: (news: News) => void = () => undefined;
  const told: RunBrief[] = [];
  const projection = new Projection({
    live: {
      clock: { setTimer: (_: number, ring: () => void) => (timers.push(ring), () => undefined) },
      log: { info: () => undefined, warn: () => undefined },
      reads: {
        openBriefs: async () => [],
        briefs: () => new Promise((resolve) => reads.push(resolve)),
      },
    },
    board: {
      follow: (_: unknown, hearer: { heard: typeof heard }) => {
        heard = hearer.heard;
        return () => undefined;
      },
    },
    reach: { reaches: () => true, onChange: () => () => undefined },
  } as unknown as ConstructorParameters<typeof Projection>[0]);
  let resets = 0;
  const watch = () =>
    projection.watch({ changed: (runs) => told.push(...runs), reset: () => (resets += 1) });
  const leave = watch();
  const settle = () => new Promise((resolve) => setTimeout(resolve, 0));
  const step = async (): Promise<void> => {
    for (const ring of timers.splice(0)) ring();
    await settle();
  };
  const word = { kind: 'run', tenant: 'default', runId, phase: null, provider: null, row: true };
  const news = word as News;
  return { told, step, settle, reads, word: () => heard(news), leave, watch, resets: () => resets };
}

it('reads a run again of which word came while it was read', async () => {
  const { told, step, settle, reads, word } = world();
  await step();
  word();
  await step();
  word();
  reads.shift()?.([brief(1)]);
  await settle();
  await step();
  reads.shift()?.([brief(2)]);
  await settle();
  expect(told.map(({ turn }) => turn)).toEqual([1, 2]);
});

it('tells the end of a run once, though word of it comes twice', async () => {
  const { told, step, settle, reads, word } = world();
  await step();
  for (let i = 0; i < 2; i += 1) {
    word();
    await step();
    reads.shift()?.([brief(3, true)]);
    await settle();
  }
  expect(told).toHaveLength(1);
});

// A page that is loaded twice, or a component that is mounted twice, does this within some milliseconds.
it.each(['before the first read', 'after it'])(
  'reads the picture for whoever comes when the last has just left, %s',
  async (when) => {
    const { step, leave, watch, resets } = world();
    if (when === 'after it') await step();
    const before = resets();
    leave();
    watch();
    await step();
    await step();
    expect(resets()).toBe(before + 1);
  },
);
