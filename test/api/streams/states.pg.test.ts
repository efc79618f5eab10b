/** States of many runs over real sockets: conflated, filtered, read anew after a loss; and what moves in all. */
import { setTimeout } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { eventually, openHeddle } from '../../support/heddle.ts';
import { testDatabase } from '../../support/postgres.ts';
import type { ScriptStep } from '../../support/script-agent.ts';
import { connect, type Connection, type Heard } from './following.ts';
import { serveStreams, type Serving, type ServingOptions } from './serving.ts';

const url = await testDatabase();
const toClose: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).toReversed()) await close();
});

async function replica(options: ServingOptions = {}) {
  const { heddle } = await openHeddle(url);
  toClose.push(() => heddle.close());
  const serving = await serveStreams(heddle, options);
  toClose.push(() => serving.close());
  return { heddle, serving };
}
type Replica = Awaited<ReturnType<typeof replica>>;

async function pair(a: ServingOptions = {}): Promise<[Replica, Replica]> {
  const both: [Replica, Replica] = [await replica(a), await replica()];
  await eventually(async () => {
    expect(both.map(({ heddle }) => heddle.runtime.stats().shards)).toEqual([16, 16]);
  });
  return both;
}

async function listen(
  { serving }: { readonly serving: Serving },
  tenant: string,
  ...topics: readonly unknown[]
): Promise<Connection> {
  const connection = await connect(serving.url, { topics, tenant });
  toClose.push(() => connection.close());
  return connection;
}

type State = {
  readonly runId: string;
  readonly status: string;
  readonly turn: number;
  readonly fits?: boolean;
};

/** What a client knows: it drops what is not newer. */
function knownOf(heard: readonly Heard[]): Map<string, State> {
  const known = new Map<string, State>();
  for (const { event, data } of heard) {
    if (event === 'reset') known.clear();
    const states = (data['runs'] ?? data['rows'] ?? data['changes'] ?? []) as readonly State[];
    for (const state of states) {
      if (state.turn < (known.get(state.runId)?.turn ?? 0)) continue;
      known.set(state.runId, { ...known.get(state.runId), ...state });
    }
  }
  return known;
}

const waits = (times: number): ScriptStep[] =>
  Array.from({ length: times }, () => ({ do: 'wait' }));
const start = ({ heddle }: Replica, count: number, tenant: string, steps = waits(2)) =>
  Promise.all(
    Array.from({ length: count }, (_, i) =>
      heddle.start('script', { input: { steps }, tenant, user: `user-${i % 2}` }),
    ),
  );
const isReset = ({ event }: Heard): boolean => event === 'reset';

it('a client knows the newest state of each run that fits, whichever replica owns it', async () => {
  const [a, b] = await pair();
  const runs = await start(a, 20, 'fit');
  const stream = await listen(b, 'fit', { kind: 'runs', filter: { user: 'user-1' } });
  const { data } = await stream.until(isReset);
  expect(data).toMatchObject({ total: 10, isWhole: true });
  expect(Object.values(data['counts'] as object).reduce((sum, n) => sum + n, 0)).toBe(20);
  await Promise.all(runs.map((run) => run.send({ type: 'go' })));
  await Promise.all(runs.map((run) => run.send({ type: 'go' })));
  await Promise.all(runs.map((run) => run.output()));
  const rows = await Promise.all(runs.map((run) => run.row()));
  const mine = rows.filter(({ user }) => user === 'user-1');
  const isLast = ({ event }: Heard): boolean => event === 'states' || event === 'reset';
  await eventually(async () => {
    expect(stream.heard.findLast(isLast)?.data).toMatchObject({ total: 0, counts: {} });
    const known = knownOf(stream.heard);
    // A link to the other replica that comes up late brings a second page, of runs that are open then: what is not on
    // it has ended. Each run that is told of after the last page is told of in its last state.
    const isToldAnew = stream.heard.filter(isReset).length > 1;
    if (!isToldAnew) expect(known.size).toBe(mine.length);
    for (const [runId, state] of known) {
      const { turn } = mine.find((row) => row.runId === runId) ?? {};
      expect(state).toMatchObject({ turn, status: 'completed', fits: false });
    }
  });
});

it('a run that begins to fit is told, and one that fits no more', async () => {
  const only = await replica();
  const [run] = await start(only, 1, 'begins', [{ do: 'wait' }, { do: 'sleep', ms: 3_600_000 }]);
  const filter = { status: ['waiting-on-timer'] };
  const stream = await listen(only, 'begins', { kind: 'runs', filter });
  expect((await stream.until(isReset)).data).toMatchObject({ runs: [], total: 0 });
  await run!.send({ type: 'go' });
  const fits = (is: boolean) => (frame: Heard) =>
    frame.event === 'states' && (frame.data['runs'] as State[])[0]?.fits === is;
  await stream.until(fits(true));
  await run!.cancel();
  const { data } = await stream.until(fits(false));
  expect(data['runs']).toMatchObject([{ runId: run!.id, status: 'cancelled' }]);
});

it('after the loss of another replica everything is told anew, and goes on', async () => {
  const [a, b] = await pair();
  const runs = await start(a, 20, 'loss', waits(3));
  const stream = await listen(b, 'loss', { kind: 'runs' });
  await stream.until(isReset);
  await setTimeout(1_500);
  a.serving.cut();
  await Promise.all(runs.map((run) => run.send({ type: 'go' })));
  await eventually(async () => {
    expect(stream.heard.filter(isReset).length).toBeGreaterThan(1);
    const known = [...knownOf(stream.heard).values()];
    expect(known.map(({ turn }) => turn)).toEqual(runs.map(() => 2));
  });
});

it('runs of an owner that serves nobody are read once a second', async () => {
  const [a, b] = await pair({ isReached: false });
  const runs = await start(a, 20, 'unreached', waits(1));
  const stream = await listen(b, 'unreached', { kind: 'runs' });
  await stream.until(isReset);
  await Promise.all(runs.map((run) => run.send({ type: 'go' })));
  await eventually(async () => {
    const known = [...knownOf(stream.heard).values()];
    expect(known.map(({ status }) => status)).toEqual(runs.map(() => 'completed'));
  });
});

it('a flood of changes costs a client few frames, and its last state is right', async () => {
  const only = await replica();
  const steps: ScriptStep[] = Array.from({ length: 20 }, () => ({
    do: 'remember',
    with: { key: 'k', value: 1, scope: 'run' },
  }));
  const stream = await listen(only, 'flood', { kind: 'runs' }, { kind: 'activity' });
  await stream.until(({ event, data }) => event === 'reset' && data['topic'] === 1);
  const beganMs = performance.now();
  const runs = await start(only, 300, 'flood', [...steps, { do: 'sleep', ms: 1 }, ...waits(1)]);
  await Promise.all(runs.map((run) => run.send({ type: 'go' })));
  await Promise.all(runs.map((run) => run.output()));
  const ended = (frames: readonly Heard[]) =>
    frames.reduce((sum, { data }) => {
      return sum + ((data['ended'] as { completed: number } | undefined)?.completed ?? 0);
    }, 0);
  await eventually(async () => {
    expect(ended(stream.heard)).toBe(300);
    expect(stream.heard.findLast(({ event }) => event === 'frame')?.data['counts']).toEqual({});
  });
  const tenths = (performance.now() - beganMs) / 100;
  const frames = stream.heard.filter(({ event }) => event === 'states' || event === 'frame');
  expect(frames.length).toBeLessThan(tenths * 1.5 + 10);
  const known = knownOf(stream.heard.filter(({ data }) => data['topic'] === 0));
  for (const state of known.values()) expect(state.status).toBe('completed');
});

it('a tenant sees nothing of another in states and activity', async () => {
  const only = await replica();
  await start(only, 3, 'planted-tenant', waits(1));
  const stream = await listen(only, 'other', { kind: 'runs' }, { kind: 'activity' });
  await stream.until(({ event, data }) => event === 'reset' && data['topic'] === 1);
  const runs = await start(only, 3, 'planted-tenant', waits(1));
  await start(only, 1, 'other', waits(1));
  await stream.until(({ event }) => event === 'frame');
  await setTimeout(500);
  const text = JSON.stringify(stream.heard);
  for (const run of runs) expect(text).not.toContain(run.id);
  expect(knownOf(stream.heard).size).toBe(1);
});

it('gates are told when they change', async () => {
  const only = await replica();
  const stream = await listen(only, 'gates', { kind: 'providers' });
  await stream.until(({ event }) => event === 'gates');
  await start(only, 1, 'gates', [{ do: 'generate', with: { prompt: 'why?' } }]);
  const { data } = await stream.until(
    ({ event, data }) => event === 'gates' && (data['gates'] as unknown[]).length > 0,
  );
  expect(data['gates']).toMatchObject([{ gate: 'stub', status: 'open' }]);
});

it('nothing is read and nobody is asked when the last client has gone', async () => {
  const [a, b] = await pair();
  const stream = await listen(b, 'quiet', { kind: 'runs' }, { kind: 'channel', channel: 'c' });
  await stream.until(isReset);
  stream.close();
  await eventually(async () => expect(b.serving.streams.size).toBe(0));
  await setTimeout(1_500);
  const before = (await a.heddle.runtime.store.activity()).transactions;
  const reads: string[] = [];
  for (const { heddle } of [a, b]) {
    const { store } = heddle.runtime;
    for (const name of ['peers', 'runLogs', 'channelLogs', 'briefs', 'openBriefs'] as const) {
      const method = store[name].bind(store) as (...args: unknown[]) => unknown;
      Object.assign(store, {
        [name]: (...args: unknown[]) => {
          reads.push(name);
          return method(...args);
        },
      });
    }
  }
  await setTimeout(3_000);
  expect(reads).toEqual([]);
  expect(before).toBeGreaterThan(0);
});
