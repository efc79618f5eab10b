/** Streams over real sockets and a real Postgres, on two replicas of one process. */
import { setTimeout } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { heddleError } from '../../../src/domain/errors.ts';
import type { Heddle } from '../../../src/index.ts';
import { eventually, openHeddle } from '../../support/heddle.ts';
import { testDatabase } from '../../support/postgres.ts';
import type { ScriptStep } from '../../support/script-agent.ts';
import { connect, follow, type Connection, type Heard } from './following.ts';
import { serveStreams, type Serving, type ServingOptions } from './serving.ts';

const url = await testDatabase();
const toClose: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).toReversed()) await close();
});

type Replica = { readonly heddle: Heddle; readonly serving: Serving };

async function replica(options: ServingOptions = {}): Promise<Replica> {
  const { heddle } = await openHeddle(url);
  toClose.push(() => heddle.close());
  const serving = await serveStreams(heddle, options);
  toClose.push(() => serving.close());
  return { heddle, serving };
}

/** Two replicas, each with its half of the shards. */
async function pair(a: ServingOptions = {}, b: ServingOptions = {}): Promise<[Replica, Replica]> {
  const both: [Replica, Replica] = [await replica(a), await replica(b)];
  await eventually(async () => {
    expect(both.map(({ heddle }) => heddle.runtime.stats().shards)).toEqual([16, 16]);
  });
  return both;
}

const listen = async (at: Replica, topics: readonly unknown[], more: object = {}) => {
  const connection = await connect(at.serving.url, { topics, ...more });
  toClose.push(() => connection.close());
  return connection;
};

/** A run that takes the event `go` so many times, and ends. */
const waits = (times: number): ScriptStep[] =>
  Array.from({ length: times }, () => ({ do: 'wait' }));

async function start({ heddle }: Replica, steps: readonly ScriptStep[], more: object = {}) {
  return heddle.start('script', { input: { steps }, ...more });
}

const turnsOf = (heard: readonly Heard[]): unknown[] =>
  heard.flatMap(({ event, data }) => (event === 'turn' ? [data['turn']] : []));
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);
const end = (connection: Connection) => connection.until(({ event }) => event === 'end');

it('a run is told turn by turn, from its beginning to its end', async () => {
  const only = await replica();
  const run = await start(only, waits(3));
  const stream = await listen(only, [{ kind: 'run', runId: run.id }]);
  expect(stream.headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'x-accel-buffering': 'no',
  });
  for (const n of upTo(3)) await run.send({ type: 'go', n });
  expect((await end(stream)).data).toEqual({ reason: 'complete', resume: false });
  const row = await run.row();
  expect(turnsOf(stream.heard)).toEqual(upTo(row.turn));
  const turns = stream.heard.filter(({ event }) => event === 'turn');
  expect(turns.map(({ id }) => id)).toEqual(upTo(row.turn).map(String));
  expect(JSON.stringify(turns.map(({ data }) => data['entries']))).toContain('"n":3');
  expect(stream.heard.at(-2)).toMatchObject({ event: 'ended', data: { status: 'completed' } });
  expect(stream.heard[0]?.event).toBe('open');
  // A turn tells its status itself.
  const nows = stream.heard.filter(({ event }) => event === 'now');
  expect(nows.length).toBeLessThan(turns.length);
});

it('an id brings a reader back to its place, on another replica', async () => {
  const [a, b] = await pair();
  const run = await start(a, waits(4));
  const first = await listen(a, [{ kind: 'run', runId: run.id }]);
  await first.until(({ event }) => event === 'turn');
  await run.send({ type: 'go' });
  const seen = await first.until(({ event, data }) => event === 'turn' && data['turn'] === 2);
  first.close();
  await run.send({ type: 'go' });
  const topics = [{ kind: 'run', runId: run.id }];
  const second = await listen(b, topics, { lastEventId: seen.id });
  await run.send({ type: 'go' });
  await run.send({ type: 'go' });
  await end(second);
  const { turn } = await run.row();
  expect(turnsOf(second.heard)).toEqual(upTo(turn).slice(2));
});

it('a channel is told from a number or from its newest message on, each message once', async () => {
  const [a, b] = await pair();
  const channel = 'news';
  for (const n of [1, 2]) await a.heddle.publish(channel, { n });
  const old = await listen(b, [{ kind: 'channel', channel, after: 1 }]);
  const fresh = await listen(b, [{ kind: 'channel', channel }]);
  const begun = await fresh.until(({ event }) => event === 'start');
  expect(begun).toMatchObject({ id: '2', data: { after: 2 } });
  for (const n of [3, 4]) await a.heddle.publish(channel, { n });
  const messages = (heard: readonly Heard[]) =>
    heard.flatMap(({ event, data }) => (event === 'message' ? [data['payload']] : []));
  const isLast = ({ data }: Heard): boolean => data['seq'] === 4;
  await Promise.all([old.until(isLast), fresh.until(isLast)]);
  expect(messages(old.heard)).toEqual([{ n: 2 }, { n: 3 }, { n: 4 }]);
  expect(messages(fresh.heard)).toEqual([{ n: 3 }, { n: 4 }]);
});

it('one stream carries several topics, and its ids have all of their places', async () => {
  const [a, b] = await pair();
  const run = await start(a, waits(2));
  const topics = [
    { kind: 'channel', channel: 'several' },
    { kind: 'run', runId: run.id },
  ];
  const stream = await listen(b, topics);
  await stream.until(({ event, data }) => event === 'start' && data['topic'] === 0);
  await a.heddle.publish('several', 1);
  await stream.until(({ event }) => event === 'message');
  await stream.until(({ event }) => event === 'turn');
  const { id } = stream.heard.findLast((frame) => frame.id !== null)!;
  expect(id).toMatch(/^1\.\d+$/);
  stream.close();
  await a.heddle.publish('several', 2);
  await run.send({ type: 'go' });
  const again = await listen(b, topics, { lastEventId: id });
  await again.until(({ event, data }) => event === 'message' && data['payload'] === 2);
  await again.until(({ event, data }) => event === 'turn' && data['turn'] === 2);
  expect(turnsOf(again.heard)).not.toContain(1);
});

it('what happens at another replica is told at once, by that replica', async () => {
  const [a, b] = await pair();
  const runs = await Promise.all(upTo(16).map(() => start(a, waits(2))));
  const streams = await Promise.all(
    runs.map(async (run) => listen(b, [{ kind: 'run', runId: run.id }])),
  );
  const isLive = ({ event, data }: Heard): boolean => event === 'now' && data['live'] === true;
  await Promise.all(streams.map((stream) => stream.until(isLive)));
  const beganMs = performance.now();
  await Promise.all(runs.map((run) => run.send({ type: 'go' })));
  await Promise.all(streams.map((stream) => stream.until(({ data }) => data['turn'] === 2)));
  // Looking once a second, half of them would take half a second and more each.
  expect(performance.now() - beganMs).toBeLessThan(5_000);
});

it('an owner that serves nobody is read by key, and the stream says what is not known', async () => {
  const [a, b] = await pair({ isReached: false });
  const runs = await Promise.all(upTo(8).map(() => start(a, waits(1))));
  const streams = await Promise.all(
    runs.map(async (run) => listen(b, [{ kind: 'run', runId: run.id }])),
  );
  const unknown = () =>
    streams.flatMap(({ heard }) =>
      heard.filter(({ event, data }) => event === 'now' && data['live'] === false),
    );
  await expect
    .poll(() => unknown().at(-1)?.data, { timeout: 20_000 })
    .toMatchObject({
      phase: 'unknown',
      place: 'unknown',
      text: 'unknown',
      why: 'the replica that owns the run serves nobody',
    });
  for (const run of runs) await run.send({ type: 'go' });
  const sinceMs = performance.now();
  await Promise.all(streams.map(end));
  // What nobody brings word of is else looked at every 15 s.
  expect(performance.now() - sinceMs).toBeLessThan(10_000);
});

it('models’ text comes as it is written, from another replica too, and is marked', async () => {
  const [a, b] = await pair();
  const steps: ScriptStep[] = [
    { do: 'wait' },
    { do: 'generate', with: { prompt: 'why?', stream: true } },
    { do: 'wait' },
  ];
  for (const at of [a, b]) {
    const run = await start(a, steps);
    const stream = await listen(at, [{ kind: 'run', runId: run.id, text: true }]);
    await stream.until(({ event, data }) => event === 'now' && data['live'] === true);
    await run.send({ type: 'go' });
    const delta = await stream.until(({ event }) => event === 'delta');
    expect(delta).toMatchObject({ id: null, data: { type: 'text', durable: false } });
    expect(JSON.stringify(delta.data)).not.toContain('runId');
    await run.cancel();
  }
});

it('a run of another tenant is not there, whatever is followed beside it', async () => {
  const only = await replica();
  const run = await start(only, waits(1), { tenant: 'acme' });
  const asked = [
    { kind: 'run', runId: run.id, text: true },
    { kind: 'channel', channel: 'secret', after: 0 },
  ];
  await only.heddle.publish('secret', 'planted', { tenant: 'acme' });
  expect((await listen(only, asked)).status).toBe(404);
  expect((await listen(only, asked, { tenant: 'other' })).status).toBe(404);
  const channel = await listen(only, asked.slice(1), { tenant: 'other' });
  await channel.until(({ event }) => event === 'start');
  await only.heddle.publish('secret', 'planted', { tenant: 'acme' });
  await setTimeout(1_500);
  expect(JSON.stringify(channel.heard)).not.toContain('planted');
  expect((await listen(only, asked, { tenant: 'acme' })).status).toBe(200);
});

it('a stream ends within five seconds after its caller may see it no more', async () => {
  let isAllowed = true;
  const allowed = async (): Promise<void> => {
    if (!isAllowed) throw heddleError('run-unknown', { runId: 'x' });
  };
  const only = await replica({ allowed });
  const run = await start(only, waits(1));
  const stream = await listen(only, [{ kind: 'run', runId: run.id }]);
  await stream.until(({ event }) => event === 'turn');
  isAllowed = false;
  const beganMs = performance.now();
  expect((await end(stream)).data).toEqual({ reason: 'run-unknown', resume: false });
  expect(performance.now() - beganMs).toBeLessThan(5_000);
  await stream.ended;
  await run.send({ type: 'go' });
  await run.output();
  expect(turnsOf(stream.heard)).toEqual([1]);
});

it('a server that stops says so, and the client goes on elsewhere', async () => {
  const [a, b] = await pair();
  const run = await start(a, waits(2));
  const servers = [a.serving.url, b.serving.url];
  const following = follow(() => servers[0]!, { topics: [{ kind: 'run', runId: run.id }] });
  toClose.push(() => following.stop());
  await eventually(async () => expect(a.serving.streams.size).toBe(1));
  await run.send({ type: 'go' });
  await setTimeout(500);
  servers.shift();
  await a.serving.streams.close();
  await run.send({ type: 'go' });
  await following.ended;
  const { turn } = await run.row();
  expect(turnsOf(following.heard)).toEqual(upTo(turn));
  expect(following.heard.map(({ event }) => event)).toContain('closing');
  const ends = following.heard.filter(({ event }) => event === 'end').map(({ data }) => data);
  expect(ends).toEqual([
    { reason: 'stop', resume: true },
    { reason: 'complete', resume: false },
  ]);
});

it('a client that takes nothing is let go, costs little until then, and loses nothing', async () => {
  const only = await replica({ times: { stallMs: 1_000, lingerMs: 500 } });
  const channel = 'big';
  const payload = 'x'.repeat(200_000);
  const slow = await listen(only, [{ kind: 'channel', channel, after: 0 }]);
  const quick = await listen(only, [{ kind: 'channel', channel, after: 0 }]);
  await slow.until(({ event }) => event === 'start');
  slow.pause();
  const count = 120;
  for (let n = 0; n < count; n += 10) {
    await Promise.all(upTo(10).map(() => only.heddle.publish(channel, payload)));
  }
  await quick.until(({ data }) => data['seq'] === count);
  await eventually(async () => expect(only.serving.streams.size).toBe(1));
  slow.resume();
  await slow.ended;
  const seqs = (heard: readonly Heard[]) =>
    heard.flatMap(({ event, data }) => (event === 'message' ? [data['seq']] : []));
  const before = seqs(slow.heard);
  expect(before.length).toBeLessThan(count);
  const { id = null } = slow.heard.findLast((frame) => frame.id !== null) ?? {};
  const again = await listen(only, [{ kind: 'channel', channel, after: 0 }], { lastEventId: id });
  await again.until(({ data }) => data['seq'] === count);
  expect([...before, ...seqs(again.heard)]).toEqual(upTo(count));
});

it('topics may stand in the query', async () => {
  const only = await replica();
  const run = await start(only, waits(1));
  await only.heddle.publish('query', 'first');
  await run.send({ type: 'go' });
  await run.output();
  const stream = await fetch(`${only.serving.url}/v1/stream?run=${run.id}@1&channel=query@0`);
  const reader = stream.body!.getReader();
  let text = '';
  while (!text.includes('"first"') || !text.includes('event: ended')) {
    text += new TextDecoder().decode((await reader.read()).value);
  }
  await reader.cancel();
  expect(text).not.toContain('"turn":1,');
});

it('a place that is none is refused, and so is a run that is none', async () => {
  const only = await replica();
  const run = await start(only, waits(1));
  const topics = [{ kind: 'run', runId: run.id }];
  for (const lastEventId of ['x', '1.2', '-1', '1e3', '9'.repeat(30)]) {
    expect((await listen(only, topics, { lastEventId })).status).toBe(400);
  }
  const unknown = '00000000-0000-7000-8000-000000000000';
  expect((await listen(only, [{ kind: 'run', runId: unknown }])).status).toBe(404);
});

it('a turn that no run can have is refused, and a stream of others goes on', async () => {
  const only = await replica();
  const run = await start(only, waits(1));
  const topic = { kind: 'run', runId: run.id };
  const good = await listen(only, [topic]);
  const statusOf = async (one: object, lastEventId: string | null = null) =>
    (await listen(only, [one], { lastEventId })).status;
  expect(await statusOf({ ...topic, after: 2 ** 31 })).toBe(400);
  expect(await statusOf(topic, '99999999999')).toBe(400);
  expect(await statusOf({ kind: 'channel', channel: 'c' }, '99999999999')).toBe(200);
  await run.send({ type: 'go' });
  expect((await end(good)).data).toMatchObject({ reason: 'complete' });
});
