/**
 * What no row tells until it is written, over real sockets: the phases of provider calls, statuses that change between
 * turns, runs that have not begun. Here, from another replica, and from one that serves nobody.
 */
import { afterEach, expect, it } from 'vitest';
import { eventually, openHeddle } from '../../support/heddle.ts';
import { testDatabase } from '../../support/postgres.ts';
import { scriptedProvider, type ScriptedProvider } from '../../support/scripted-provider.ts';
import { connect, type Connection, type Heard } from './following.ts';
import { serveStreams, type ServingOptions } from './serving.ts';

const url = await testDatabase();
const toClose: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).toReversed()) await close();
});

async function replica(provider: ScriptedProvider, options: ServingOptions = {}) {
  const { heddle } = await openHeddle(url, { providers: [provider] });
  toClose.push(() => heddle.close());
  const serving = await serveStreams(heddle, options);
  toClose.push(() => serving.close());
  return { heddle, serving };
}
type Replica = Awaited<ReturnType<typeof replica>>;

async function pair(
  provider: ScriptedProvider,
  a: ServingOptions = {},
): Promise<[Replica, Replica]> {
  const both: [Replica, Replica] = [await replica(provider, a), await replica(provider)];
  await eventually(async () => {
    expect(both.map(({ heddle }) => heddle.runtime.stats().shards)).toEqual([16, 16]);
  });
  return both;
}

async function listen({ serving }: Replica, topics: readonly unknown[], tenant = 'default') {
  const connection = await connect(serving.url, { topics, tenant });
  toClose.push(() => connection.close());
  return connection;
}

/** Its runs are over when the test is, so that the next one has the slots for itself. */
async function start({ heddle }: Replica, count: number, tenant: string) {
  const runs = await Promise.all(
    Array.from({ length: count }, () => heddle.start('script', { input: asks, tenant })),
  );
  toClose.push(async () => {
    await Promise.all(runs.map((run) => run.cancel().catch(() => undefined)));
    await Promise.all(runs.map((run) => run.output().catch(() => undefined)));
  });
  return runs;
}

const asks = { steps: [{ do: 'generate', with: { prompt: 'why?' } }] };
const nows = ({ heard }: Connection, topic = 0): unknown[] =>
  heard.flatMap(({ event, data }) =>
    event === 'now' && data['topic'] === topic ? [data['phase']] : [],
  );
const isNow =
  (phase: string | null, topic = 0) =>
  ({ event, data }: Heard): boolean =>
    event === 'now' && data['topic'] === topic && data['phase'] === phase;

type State = { readonly runId: string; readonly phase?: unknown; readonly status: string };
const statesOf = ({ data }: Heard) =>
  (data['runs'] ?? data['rows'] ?? data['changes'] ?? []) as readonly State[];
const tells =
  (topic: number, like: Partial<State>) =>
  (frame: Heard): boolean =>
    frame.data['topic'] === topic &&
    statesOf(frame).some((state) =>
      Object.entries(like).every(([key, value]) => state[key as keyof State] === value),
    );

it('the phases of a run are told as its call goes on, to streams of it and of many', async () => {
  const provider = scriptedProvider({ ceiling: 1 });
  const only = await replica(provider);
  const [first] = await start(only, 1, 'default');
  await eventually(async () => expect(provider.calls).toHaveLength(1));
  const [second] = await start(only, 1, 'default');
  const stream = await listen(only, [
    { kind: 'run', runId: first!.id },
    { kind: 'run', runId: second!.id },
    { kind: 'runs' },
    { kind: 'activity' },
  ]);
  const inSlot = await stream.until(isNow('in-slot'));
  expect(inSlot.data).toMatchObject({ live: true, provider: 'scripted' });
  const waits = await stream.until(isNow('waits-for-slot', 1));
  expect(waits.data).toMatchObject({ live: true, provider: null });
  await stream.until(tells(2, { runId: second!.id, phase: 'waits-for-slot' }));
  await stream.until(tells(3, { runId: first!.id, phase: 'in-slot' }));
  const counted = { 'in-slot': 1, 'waits-for-slot': 1 };
  await stream.until(
    ({ data }) =>
      JSON.stringify(data['phases']) === JSON.stringify(counted) ||
      JSON.stringify(data['phases']) === JSON.stringify({ 'waits-for-slot': 1, 'in-slot': 1 }),
  );
  provider.calls[0]!.answer('because');
  await first!.output();
  await stream.until(isNow('in-slot', 1));
  await stream.until(tells(2, { runId: second!.id, phase: 'in-slot' }));
  await stream.until(tells(3, { runId: second!.id, phase: 'in-slot' }));
  provider.calls[1]!.answer('because');
  await second!.output();
  await stream.until(({ event, data }) => event === 'ended' && data['topic'] === 1);
  await stream.until(tells(2, { runId: second!.id, phase: null, status: 'completed' }));
});

it('another replica tells the phases of its runs, also those from before it was asked', async () => {
  const provider = scriptedProvider({ ceiling: 2 });
  const [a, b] = await pair(provider);
  const runs = await start(a, 12, 'two');
  await eventually(async () => expect(provider.calls).toHaveLength(2));
  const topics = [...runs.map(({ id }) => ({ kind: 'run', runId: id })), { kind: 'runs' }];
  for (const at of [a, b]) {
    const stream = await listen(at, topics, 'two');
    await eventually(async () => {
      const newest = runs.map((_, i) => nows(stream, i).at(-1));
      expect(newest.filter((phase) => phase === 'in-slot')).toHaveLength(2);
      expect(newest.filter((phase) => phase === 'waits-for-slot')).toHaveLength(10);
      const states = new Map(
        stream.heard.flatMap((frame) =>
          frame.data['topic'] === 12 ? statesOf(frame).map((s) => [s.runId, s.phase]) : [],
        ),
      );
      expect(runs.map(({ id }) => states.get(id))).toEqual(newest);
    });
  }
});

it('the phase of a run whose owner serves nobody is unknown, and says why', async () => {
  const provider = scriptedProvider({ ceiling: 20 });
  const [, b] = await pair(provider, { isReached: false });
  const runs = await start(b, 12, 'mute');
  await eventually(async () => expect(provider.calls).toHaveLength(12));
  const topics = [...runs.map(({ id }) => ({ kind: 'run', runId: id })), { kind: 'runs' }];
  const stream = await listen(b, topics, 'mute');
  await eventually(async () => {
    const newest = runs.map((_, i) => nows(stream, i).at(-1));
    expect(new Set(newest)).toEqual(new Set(['in-slot', 'unknown']));
  });
  const serves = ({ data }: Heard): boolean => String(data['why']).includes('serves nobody');
  const { data } = await stream.until(serves);
  expect(data).toMatchObject({ live: false, phase: 'unknown' });
  await stream.until(tells(12, { phase: 'unknown', status: 'calling-provider' }));
});

it('a status that changes between turns is told at once, there and back', async () => {
  const provider = scriptedProvider({ ceiling: 1 });
  const only = await replica(provider);
  const [run] = await start(only, 1, 'between');
  const topics = [{ kind: 'run', runId: run!.id }, { kind: 'runs' }, { kind: 'activity' }];
  const stream = await listen(only, topics, 'between');
  await stream.until(isNow('in-slot'));
  provider.last().fail('refused');
  await stream.until(({ event, data }) => event === 'now' && data['status'] === 'stalled');
  const stalled = { runId: run!.id, status: 'stalled', phase: 'waits-for-slot' };
  await stream.until(tells(1, stalled));
  await stream.until(tells(2, stalled));
  await only.heddle.reopenProvider('scripted');
  await eventually(async () => {
    expect(stream.heard.findLast(({ event }) => event === 'now')?.data).toMatchObject({
      status: 'calling-provider',
      phase: 'in-slot',
    });
    const states = stream.heard.findLast((frame) => tells(1, { runId: run!.id })(frame));
    expect(statesOf(states!)).toMatchObject([{ status: 'calling-provider', phase: 'in-slot' }]);
  });
});
