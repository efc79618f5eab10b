/** What replicas say to each other for their clients, over sockets, where one of them is odd. */
import { createServer, get, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { NewsBoard } from '../../../src/api/streams/news-board.ts';
import { PeerLink } from '../../../src/api/streams/relay/peer-link.ts';
import { RelayDoor } from '../../../src/api/streams/relay/relay-door.ts';
import { serveRelay } from '../../../src/api/streams/http.ts';
import type { Streams } from '../../../src/api/streams/streams.ts';
import { heddleError } from '../../../src/domain/errors.ts';
import { asReplicaId, asRunId } from '../../../src/domain/ids.ts';
import type { Interest, News } from '../../../src/library/live/news.ts';
import { Owners } from '../../../src/library/relay/owners.ts';
import {
  answerOf,
  claimOf,
  newNonce,
  proofHeader,
  proofOf,
} from '../../../src/library/relay/proof.ts';
import { SharedReads } from '../../../src/library/relay/shared.ts';
import { systemClock as clock } from '../../../src/system.ts';
import { testClock } from '../../library/relay/test-clock.ts';
import { eventually } from '../../support/heddle.ts';

const secret = 's'.repeat(40);
const self = asReplicaId('00000000-0000-4000-8000-000000000001');
const to = asReplicaId('00000000-0000-4000-8000-000000000002');
const runId = asRunId('01900000-0000-7000-8000-000000000001');
const tenant = 't';

const toClose: (() => void)[] = [];
afterEach(() => {
  for (const close of toClose.splice(0)) close();
});

async function listening(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  toClose.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
};

const board = () => new NewsBoard({ replicaId: self, follow: () => () => undefined });

function linkTo(address: string, on: NewsBoard): PeerLink {
  const shared = () => ({ secret, nowMs: () => clock.nowMs() });
  const of = { to, address, path: '/v1/relay', shared, clock, board: on };
  const link = new PeerLink({ ...of, changed: () => undefined });
  toClose.push(() => link.close());
  return link;
}

const line = (value: unknown): string => `${JSON.stringify(value)}\n`;
const word = { kind: 'channel', tenant, channel: 'c' } as const;

it('a stranger at the address of a replica is not heard, whatever it says at once', async () => {
  const address = await listening((_, response) => {
    const hello = { kind: 'hello', link: 'x', answer: 'no proof' };
    response.write(line(hello) + line({ kind: 'news', news: [word] }) + line({ kind: 'missed' }));
  });
  const own = board();
  const heard: unknown[] = [];
  own.follow(word, { heard: (news) => heard.push(news), missed: () => heard.push('missed') });
  const link = linkTo(address, own);
  await eventually(async () => expect(link.ended).toBe('it is another server'));
  expect(heard).toEqual([]);
});

it('what is followed is told in pieces that another replica takes, however long the names are', async () => {
  const sizes: number[] = [];
  const interests: Interest[] = [];
  const address = await listening((request, response) => {
    const proof = request.headers[proofHeader];
    const nonce = claimOf(proof, { secret, self: to })?.nonce ?? '';
    if (request.method === 'GET') {
      const answer = answerOf(secret, { to, nonce });
      response.write(line({ kind: 'hello', link: 'x', answer }));
      return;
    }
    void bodyOf(request).then((text) => {
      sizes.push(Buffer.byteLength(text));
      interests.push(...(JSON.parse(text) as { add: Interest[] }).add);
      response.writeHead(204).end();
    });
  });
  const own = board();
  const names = Array.from({ length: 6_000 }, (_, i) => `${'€'.repeat(240)}${i}`);
  for (const channel of names) {
    const follower = { heard: () => undefined, missed: () => undefined };
    own.follow({ kind: 'channel', tenant, channel }, follower);
  }
  const link = linkTo(address, own);
  await eventually(async () => expect(link.isLinked).toBe(true));
  expect(interests).toHaveLength(6_000);
  expect(Math.max(...sizes)).toBeLessThan(1_048_576);
});

type Hear = (news: News) => void;

async function door(atOnce: { readonly secret?: () => Promise<string> } = {}) {
  let hear: Hear = () => undefined;
  const live = {
    clock,
    replicaId: to,
    longestWaits: () => [],
    nowOf: () => null,
    phaseOf: () => null,
    follow: (_: Interest, heard: Hear) => {
      hear = heard;
      return () => undefined;
    },
  };
  const read = async () => {
    return { secret: await (atOnce.secret?.() ?? secret), atMs: clock.nowMs() };
  };
  const relay = new RelayDoor({ live, shared: new SharedReads(read, clock) });
  const streams = { relay } as unknown as Streams;
  const address = await listening((request, response) => {
    void serveRelay(streams, request, response);
  });
  const headers = {
    [proofHeader]: proofOf(secret, { to, atMs: clock.nowMs(), nonce: newNonce() }),
  };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(`${address}/v1/relay`, { headers, agent: false }, resolve).on('error', reject);
  });
  response.on('error', () => undefined);
  return { relay, headers, response, tell: (news: News) => hear(news) };
}

const delta = (text: string): News => {
  const of = { runId, invocationId: 'call', isFirst: false };
  return { kind: 'text', tenant, delta: { ...of, type: 'text', text } };
};

async function linked(served: Awaited<ReturnType<typeof door>>): Promise<string[]> {
  const lines: string[] = [];
  let rest = '';
  served.response.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
  });
  await eventually(async () => expect(lines.length).toBeGreaterThan(0));
  const { link } = JSON.parse(lines[0] ?? '{}') as { link: string };
  const change = { add: [{ kind: 'text', tenant, runId } as const], remove: [] };
  expect(await served.relay.change(served.headers[proofHeader], link, change)).toBe(true);
  return lines;
}

it('a replica whose database is away answers another one, and leaves no connection open', async () => {
  const { response } = await door({
    secret: async () => {
      throw heddleError('store-unavailable', { reason: 'it is away' });
    },
  });
  expect(response.statusCode).toBe(503);
});

it('another replica that goes while the secret is read for it leaves nothing', async () => {
  let timers = 0;
  const counted: typeof clock = {
    ...clock,
    setTimer: (ms, ring) => {
      timers += 1;
      const cancel = clock.setTimer(ms, ring);
      toClose.push(cancel);
      return () => {
        timers -= 1;
        cancel();
      };
    },
  };
  let read = (): void => undefined;
  const reading = new Promise<void>((resolve) => (read = resolve));
  const told = async () => {
    await reading;
    return { secret, atMs: clock.nowMs() };
  };
  const live = { clock: counted, replicaId: to, nowOf: () => null, phaseOf: () => null };
  const relay = new RelayDoor({
    live: { ...live, longestWaits: () => [], follow: () => () => undefined },
    shared: new SharedReads(told, clock),
  });
  const served: Promise<void>[] = [];
  let isGone = false;
  const address = await listening((request, response) => {
    response.on('close', () => (isGone = true));
    served.push(serveRelay({ relay } as unknown as Streams, request, response));
  });
  const headers = {
    [proofHeader]: proofOf(secret, { to, atMs: clock.nowMs(), nonce: newNonce() }),
  };
  const asked = get(`${address}/v1/relay`, { headers, agent: false });
  asked.on('error', () => undefined);
  await eventually(async () => expect(served).toHaveLength(1));
  asked.destroy();
  await eventually(async () => expect(isGone).toBe(true));
  read();
  await Promise.all(served);
  expect(timers).toBe(0);
});

it('text that finds no room on its way to another replica is told as left out', async () => {
  const served = await door();
  const lines = await linked(served);
  for (let i = 0; i < 1_500; i += 1) served.tell(delta(`${i}`));
  await eventually(async () => {
    const all = lines.flatMap((text) => {
      const said = JSON.parse(text) as { readonly news?: readonly { delta: object }[] };
      return (said.news ?? []).map((news) => news.delta);
    });
    expect(all).toHaveLength(1_001);
    expect(all.at(-1)).toEqual({ runId, invocationId: 'call', left: true });
  });
});

it('another replica that reads nothing does not hold up the close', async () => {
  const served = await door();
  await linked(served);
  served.response.pause();
  for (let i = 0; i < 300; i += 1) served.tell(delta('x'.repeat(200_000)));
  const isOver = new Promise((resolve) => served.response.on('close', resolve));
  await new Promise((resolve) => setTimeout(resolve, 200));
  served.relay.close();
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  served.response.resume();
  await isOver;
  expect(served.response.complete).toBe(false);
});

it('an owner is asked at its address with its path', async () => {
  const paths: (string | undefined)[] = [];
  const address = await listening((request, response) => {
    paths.push(request.url);
    const proof = request.headers[proofHeader];
    const nonce = claimOf(proof, { secret, self: to })?.nonce ?? '';
    response.end(JSON.stringify({ answer: answerOf(secret, { to, nonce }), view: { calls: [] } }));
  });
  const peers = [{ replicaId: to, address: `${address}/heddle/`, shards: [3] }];
  const store = { peers: async () => ({ peers, secret, atMs: clock.nowMs() }) };
  const known = { longestWaits: () => [], nowOf: () => null, phaseOf: () => null };
  const runtime = { clock, ...known, replicaId: self, store };
  const owners = new Owners(runtime as unknown as ConstructorParameters<typeof Owners>[0]);
  expect(await owners.of({ runId, shard: 3 })).toMatchObject({ kind: 'known' });
  expect(paths).toEqual(['/heddle/v1/relay/runs']);
});

it('replicas know each other by the time of the database, whatever their own clocks say, and after a sleep', async () => {
  let databaseMs = 1_700_000_000_000;
  let reads = 0;
  const read = async () => {
    reads += 1;
    return { secret, atMs: databaseMs };
  };
  const [asking, asked] = [testClock(5), testClock(9e12)];
  const live = { clock: asked, replicaId: to, nowOf: () => null, phaseOf: () => null };
  const relay = new RelayDoor({
    live: { ...live, longestWaits: () => [], follow: () => () => undefined },
    shared: new SharedReads(read, asked),
  });
  const proofs: unknown[] = [];
  const address = await listening((request, response) => {
    const proof = request.headers[proofHeader];
    proofs.push(proof);
    void relay
      .view(proof, { runId, shard: 3 })
      .then((answer) =>
        response.writeHead(answer === null ? 403 : 200).end(JSON.stringify(answer)),
      );
  });
  const peers = [{ replicaId: to, address, shards: [3] }];
  const store = { peers: async () => ({ ...(await read()), peers }) };
  const runtime = { clock: asking, nowOf: () => null, phaseOf: () => null, replicaId: self, store };
  const owners = new Owners(runtime as unknown as ConstructorParameters<typeof Owners>[0]);
  const passes = (ms: number, ...awake: { advance: (ms: number) => void }[]) => {
    databaseMs += ms;
    for (const one of awake) one.advance(ms);
  };
  // The one that is asked owns the run no more: it answers, and says so.
  const moving = { kind: 'unknown', why: 'the run is being taken up by a replica' };
  const asks = () => owners.of({ runId, shard: 3 });
  expect(await asks()).toMatchObject(moving);
  passes(3_600_000, asking);
  asked.advance(2_000);
  expect(await asks()).toMatchObject(moving);
  passes(3_600_000, asked);
  asking.advance(2_000);
  expect(await asks()).toMatchObject(moving);
  // One that was heard on its way is good for nothing later on, and costs one read in a second.
  passes(360_000, asking, asked);
  const before = reads;
  for (const proof of [...proofs, ...proofs]) expect(await relay.knows(proof)).toBe(false);
  expect(reads - before).toBeLessThanOrEqual(1);
  for (const odd of ['', 'v1', `v1 ${to} 1 n mac`, null])
    expect(await relay.knows(odd)).toBe(false);
  expect(reads - before).toBeLessThanOrEqual(1);
});
