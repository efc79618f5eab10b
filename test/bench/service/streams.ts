/**
 * From a publish to the event on a stream: 200 messages a second, each into the channel of a run of its own, and a
 * stream for each run, at the replica that owns it and at another one. Two servers as processes of their own; the
 * same client publishes and listens. The row of a turn says when it was committed, so the engine's part and the
 * stream's are told apart (both clocks are this machine's).
 */
import { Agent, request, type IncomingMessage } from 'node:http';
import pg from 'pg';
import { printTable } from '../report.ts';
import { percentile } from '../workload.ts';
import { serverProcess } from './server-process.ts';

const perS = 200;

type Target = { readonly runId: string; readonly channel: string };
type Heard = { readonly wholeMs: number; readonly engineMs: number };

export async function streams(
  databaseUrl: string,
  { quick }: { readonly quick: boolean },
): Promise<void> {
  const count = quick ? 300 : 1_000;
  const [a, b] = [
    await serverProcess(databaseUrl, { latencyMs: 0 }),
    await serverProcess(databaseUrl, { latencyMs: 0 }),
  ];
  try {
    await bothOwn(databaseUrl);
    const targets = await listeners(databaseUrl, a.url, count);
    const rows = [];
    for (const [name, at, goalMs] of [
      ['the replica that owns the run', a.url, 100],
      ['another replica', b.url, 1_000],
    ] as const) {
      const heard = await measured({ publishAt: a.url, listenAt: at, targets, quick });
      rows.push(rowOf(name, heard, goalMs));
    }
    printTable(`Publish (${perS}/s) to event, ${count} streams, each on a run of its own`, [
      ['streams at', 'events', 'p50 ms', 'p99 ms', 'goal p99', 'p50 / p99 after the commit'],
      ...rows,
    ]);
  } finally {
    await Promise.all([a.close(), b.close()]);
  }
}

function rowOf(name: string, heard: readonly Heard[], goalMs: number): string[] {
  const whole = heard.map(({ wholeMs }) => wholeMs);
  const after = heard.map(({ wholeMs, engineMs }) => wholeMs - engineMs);
  const of = (values: readonly number[], share: number): string =>
    percentile(values, share).toFixed(0);
  const stream = `${of(after, 0.5)} / ${of(after, 0.99)}`;
  return [name, String(heard.length), of(whole, 0.5), of(whole, 0.99), `${goalMs} ms`, stream];
}

async function rowsOf<Row extends pg.QueryResultRow>(
  databaseUrl: string,
  sql: string,
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Each has half of the shards. */
async function bothOwn(databaseUrl: string): Promise<void> {
  const sql = 'select replica_id from heddle.shards group by replica_id having count(*) = 16';
  while ((await rowsOf(databaseUrl, sql)).length < 2) await pause(200);
}

/** So many runs of this server's own shards that wait on a channel. */
async function listeners(databaseUrl: string, url: string, count: number): Promise<Target[]> {
  const mark = `l${Date.now()}`;
  for (let at = 0; at < count * 3; at += 500) {
    const starts = Array.from({ length: 500 }, (_, i) => {
      const channel = `${mark}-${at + i}`;
      return { agent: 'listener', input: { channel }, pipeline: channel };
    });
    await posted(new Agent(), `${url}/v1/runs/batch`, { starts });
  }
  const sql = `select r.run_id, r.pipeline from heddle.runs r
    join heddle.shards s on s.shard = r.shard join heddle.replicas p on p.replica_id = s.replica_id
    where p.address like '%:${new URL(url).port}' and r.status = 'waiting-on-channel'
      and r.pipeline like '${mark}-%' order by r.run_id limit ${count}`;
  for (;;) {
    const rows = await rowsOf<{ run_id: string; pipeline: string }>(databaseUrl, sql);
    if (rows.length === count) {
      return rows.map(({ run_id: runId, pipeline: channel }) => ({ runId, channel }));
    }
    await pause(500);
  }
}

type Measuring = {
  readonly publishAt: string;
  readonly listenAt: string;
  readonly targets: readonly Target[];
  readonly quick: boolean;
};

async function measured({ publishAt, listenAt, targets, quick }: Measuring): Promise<Heard[]> {
  const heard: Heard[] = [];
  const streamsOpen = await Promise.all(
    targets.map(({ runId }) => followed(listenAt, runId, (one) => void heard.push(one))),
  );
  // What a stream tells first, and the links between replicas, are not measured.
  await pause(6_000);
  const agent = new Agent({ keepAlive: true });
  const sending: Promise<unknown>[] = [];
  const times = perS * (quick ? 10 : 30);
  const startMs = performance.now();
  for (let n = 0; n < times; n += 1) {
    const waitMs = startMs + (n * 1_000) / perS - performance.now();
    if (waitMs > 1) await pause(waitMs);
    const { channel = '' } = targets[n % targets.length] ?? {};
    const at = `${publishAt}/v1/channels/${channel}/messages`;
    sending.push(posted(agent, at, { payload: { sentAtMs: nowMs() } }));
  }
  await Promise.all(sending);
  for (let i = 0; i < 100 && heard.length < times; i += 1) await pause(100);
  for (const stream of streamsOpen) stream.destroy();
  agent.destroy();
  if (heard.length !== times) throw new Error(`${heard.length} events of ${times} messages came`);
  return heard;
}

const nowMs = (): number => performance.timeOrigin + performance.now();
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Calls `hear` for each turn that has taken a message of this measurement. */
async function followed(
  url: string,
  runId: string,
  hear: (one: Heard) => void,
): Promise<IncomingMessage> {
  const beganMs = nowMs();
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const at = `${url}/v1/stream?run=${runId}`;
    request(at, { agent: false }, resolve).once('error', reject).end();
  });
  let rest = '';
  response.setEncoding('utf8').on('data', (text: string) => {
    const frames = (rest + text).split('\n\n');
    rest = frames.pop() ?? '';
    for (const frame of frames) {
      const [, atMs] = /"atMs":([\d.]+)/.exec(frame) ?? [];
      // A turn takes all messages that have come by then.
      for (const [, sent] of frame.matchAll(/"sentAtMs":([\d.]+)/g)) {
        if (Number(sent) < beganMs) continue;
        hear({ wholeMs: nowMs() - Number(sent), engineMs: Number(atMs) - Number(sent) });
      }
    }
  });
  response.on('error', () => undefined);
  return response;
}

function posted(agent: Agent, url: string, body: unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const sent = request(url, { method: 'POST', agent, headers }, (reply) => {
      const isIn = reply.statusCode === 202;
      reply
        .resume()
        .once('end', () => (isIn ? resolve() : reject(new Error(String(reply.statusCode)))));
    });
    sent.once('error', reject);
    sent.end(JSON.stringify(body));
  });
}
