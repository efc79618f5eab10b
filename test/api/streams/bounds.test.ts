/** What a stream does when its client is slow, when much changes at once, and when nothing does. */
import { createServer, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import { SseWriter, type Frame, type Sent } from '../../../src/api/streams/sse/writer.ts';
import { ActivityTopic } from '../../../src/api/streams/states/activity-topic.ts';
import type { Projection } from '../../../src/api/streams/states/projection.ts';
import type { RunState } from '../../../src/api/streams/states/run-phases.ts';
import { RunsTopic } from '../../../src/api/streams/states/runs-topic.ts';
import { Stream } from '../../../src/api/streams/stream.ts';
import type { Topic } from '../../../src/api/streams/topic.ts';
import { heddleError } from '../../../src/domain/errors.ts';
import { asRunId } from '../../../src/domain/ids.ts';
import { systemClock } from '../../../src/system.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const toClose: (() => void)[] = [];
afterEach(() => {
  for (const close of toClose.splice(0)) close();
});

const scope = oneTenant('t');
const log = { info: () => undefined, warn: () => undefined };

function states(count: number, turn = 2): RunState[] {
  return Array.from({ length: count }, (_, i) => {
    const runId = asRunId(`01900000-0000-7000-8000-${i.toString(16).padStart(12, '0')}`);
    const of = { tenant: 't', runId, shard: 0, agent: 'a', version: '1', user: 'u', pipeline: 'p' };
    const more = { reason: null, createdAtMs: 1, endedAtMs: null, parentRunId: null };
    return { ...of, ...more, status: 'queued', turn, phase: null, provider: null };
  });
}

function picture(open: readonly RunState[]) {
  let hearer: Parameters<Projection['watch']>[0] | null = null;
  const projection = {
    isWhole: true,
    watch: (heard: typeof hearer) => {
      hearer = heard;
      return () => undefined;
    },
    open: () => [...open],
    counts: () => ({ queued: open.length }),
    phaseCounts: () => ({}),
  } as unknown as Projection;
  return {
    projection,
    reset: () => hearer?.reset(),
    changed: (runs: readonly RunState[]) => hearer?.changed(runs),
  };
}

it('activity says resync when too much has changed, and a first page follows', async () => {
  const clock = new ManualClock();
  const { projection, reset, changed } = picture(states(3_000));
  const topic = new ActivityTopic({ scope, projection, gates: null, clock });
  topic.begin(() => undefined);
  reset();
  const [first] = topic.take();
  expect(first).toMatchObject({ event: 'reset', data: { total: 3_000, every: 1 } });
  await clock.advance(1_000);
  changed(states(10, 3));
  const [few] = topic.take();
  expect(few?.data['changes']).toHaveLength(10);
  expect(topic.take()).toEqual([]);
  await clock.advance(1_000);
  changed(states(2_500, 4));
  const [much] = topic.take();
  expect(much).toMatchObject({ event: 'frame', data: { resync: true } });
  expect(much?.data).not.toHaveProperty('changes');
  await clock.advance(1_000);
  expect(topic.take()).toMatchObject([{ event: 'reset', data: { total: 3_000 } }]);
});

it('states that nobody takes are of each run the newest, and begin again beyond a bound', async () => {
  const clock = new ManualClock();
  const { projection, reset, changed } = picture(states(3_000));
  const topic = new RunsTopic({ scope, filter: {}, projection, clock });
  topic.begin(() => undefined);
  reset();
  expect(topic.take()).toMatchObject([{ event: 'reset', data: { total: 3_000 } }]);
  await clock.advance(1_000);
  for (let turn = 3; turn < 100; turn += 1) changed(states(5, turn));
  const [frame] = topic.take();
  expect(frame?.data['runs']).toMatchObject(Array.from({ length: 5 }, () => ({ turn: 99 })));
  await clock.advance(1_000);
  changed(states(2_500, 100));
  expect(topic.take()).toMatchObject([{ event: 'reset', data: { total: 3_000 } }]);
});

it('a run that fitted for a moment, while nobody took it, is not told as one that fits', async () => {
  const clock = new ManualClock();
  const { projection, reset, changed } = picture([]);
  const topic = new RunsTopic({ scope, filter: { status: ['queued'] }, projection, clock });
  topic.begin(() => undefined);
  reset();
  topic.take();
  const [run] = states(1);
  if (run === undefined) throw new TypeError('there is one');
  changed([run]);
  changed([{ ...run, status: 'running-task', turn: 3 }]);
  await clock.advance(1_000);
  expect(topic.take()).toEqual([]);
  changed([{ ...run, turn: 4 }]);
  await clock.advance(1_000);
  expect(topic.take()).toMatchObject([{ data: { runs: [{ fits: true, turn: 4 }], total: 1 } }]);
});

it('a run that is new to the client comes with its row, at whichever turn it is seen first', async () => {
  const clock = new ManualClock();
  const { projection, reset, changed } = picture(states(1));
  const topic = new ActivityTopic({ scope, projection, gates: null, clock });
  topic.begin(() => undefined);
  reset();
  topic.take();
  await clock.advance(1_000);
  const told = async (runs: readonly RunState[]) => {
    changed(runs);
    const [frame] = topic.take();
    await clock.advance(1_000);
    return frame?.data['changes'] as readonly object[];
  };
  const [known, fresh] = await told(states(2, 5));
  expect(known).not.toHaveProperty('user');
  expect(fresh).toMatchObject({ turn: 5, user: 'u', agent: 'a', pipeline: 'p' });
  const [, again] = await told(states(2, 6));
  expect(again).not.toHaveProperty('user');
});

it('activity keeps a bounded number of changes for a client that takes nothing', async () => {
  const clock = new ManualClock();
  const { projection, reset, changed } = picture([]);
  const topic = new ActivityTopic({ scope, projection, gates: null, clock });
  topic.begin(() => undefined);
  const kept = (): number => topic.keptCount;
  changed(states(10_000));
  expect(kept()).toBeLessThanOrEqual(2_000);
  reset();
  changed(states(10_000));
  expect(kept()).toBeLessThanOrEqual(2_000);
  expect(topic.take()).toMatchObject([{ event: 'reset' }]);
});

/** A writer whose client takes so many frames, and then nothing. */
function slowWriter(taken: number) {
  const sent: Frame[] = [];
  let last: readonly Frame[] = [];
  const writer = {
    isGone: false,
    onGone: () => undefined,
    hurry: () => undefined,
    send: async (frame: Frame): Promise<Sent> => {
      sent.push(frame);
      return sent.length > taken ? 'stalled' : 'sent';
    },
    end: (frames: readonly Frame[]) => {
      last = frames;
    },
  } as unknown as SseWriter;
  return { writer, sent, last: () => last };
}

const endless = (): Topic => ({
  about: { kind: 'x' },
  isLog: false,
  isOver: false,
  begin: (ready) => ready(),
  take: (most) => Array.from({ length: most }, () => ({ event: 'x', data: {} })),
  close: () => undefined,
});

it('a slow client gets closing, then end with resume, and nothing more is taken for it', async () => {
  const { writer, sent, last } = slowWriter(5);
  const clock = new ManualClock();
  const allowed = async () => undefined;
  const stream = new Stream({ writer, topics: [endless()], allowed, clock, log }, [null]);
  await stream.run();
  expect(sent).toHaveLength(6);
  expect(last()).toEqual([
    { event: 'closing', data: { reason: 'slow' } },
    { event: 'end', data: { reason: 'slow', resume: true } },
  ]);
});

it('a stream whose token is revoked ends within five seconds, and does not come again', async () => {
  const { writer, last } = slowWriter(1_000_000);
  const clock = new ManualClock();
  let isRevoked = false;
  const allowed = async () => {
    if (isRevoked) throw heddleError('token-refused');
  };
  const quiet = { ...endless(), take: () => [] };
  const stream = new Stream({ writer, topics: [quiet], allowed, clock, log }, [null]);
  const run = stream.run();
  await clock.advance(10_000);
  expect(last()).toEqual([]);
  isRevoked = true;
  await clock.advance(5_000);
  await run;
  expect(last()).toEqual([{ event: 'end', data: { reason: 'token-refused', resume: false } }]);
});

it('a silent stream has a comment line at each heartbeat', async () => {
  const clock = systemClock;
  const times = { heartbeatMs: 50, stallMs: 30_000, lingerMs: 100 };
  const server = createServer((_, response: ServerResponse) => {
    new SseWriter(response, { clock, times }).open();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  toClose.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const text = await new Promise<string>((resolve, reject) => {
    let heard = '';
    request({ port, host: '127.0.0.1' }, (response) => {
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        heard += part;
        if (heard.length >= 12) resolve(heard);
      });
    })
      .on('error', reject)
      .end();
  });
  expect(text.startsWith(':\n\n:\n\n:\n\n')).toBe(true);
});
