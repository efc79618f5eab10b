/**
 * Two servers behind a proxy, either of which is killed in the middle of streams, again and again, while runs take
 * events and messages are published through the same proxy. Each client comes again with its last id.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { follow, type Following } from '../api/streams/following.ts';
import { compiled } from '../support/compiled.ts';
import { roundRobin } from './proxy.ts';

const runsOfSeries = 12;
const stepsOfRun = 400;
const channelsOfSeries = 3;

export type StreamFigures = {
  readonly kills: number;
  /** Streams that a kill has cut. */
  readonly cuts: number;
  readonly turns: number;
  readonly messages: number;
  /** What was lost, doubled, or out of order. */
  readonly findings: readonly string[];
};

class Server {
  readonly #databaseUrl: string;
  #child: ChildProcess | null = null;
  port = 0;

  constructor(databaseUrl: string) {
    this.#databaseUrl = databaseUrl;
  }

  async start(): Promise<void> {
    const args = [await compiled('test/service/child.ts'), this.#databaseUrl, '0'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child = child;
    const lines = createInterface({ input: child.stdout });
    const url = await new Promise<string>((resolve, reject) => {
      lines.once('line', resolve);
      child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
    });
    this.port = Number(new URL(url).port);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null) return;
    this.port = 0;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }
}

export async function killServers(options: {
  readonly databaseUrl: string;
  readonly kills: number;
  readonly betweenMs: number;
}): Promise<StreamFigures> {
  const { databaseUrl, kills, betweenMs } = options;
  const servers = [new Server(databaseUrl), new Server(databaseUrl)];
  const proxy = await roundRobin(() => servers.flatMap(({ port }) => (port === 0 ? [] : [port])));
  const ask = asking(proxy.url);
  const stops: (() => void)[] = [];
  try {
    await Promise.all(servers.map((server) => server.start()));
    const runIds: string[] = [];
    for (let n = 0; n < runsOfSeries; n += 1) {
      const steps = Array.from({ length: stepsOfRun }, () => ({ do: 'wait' }));
      runIds.push((await ask('/v1/runs', { agent: 'script', input: { steps } }))['id'] as string);
    }
    const channels = Array.from({ length: channelsOfSeries }, (_, n) => `killed-${n}`);
    const topics = [
      ...runIds.map((runId) => [{ kind: 'run', runId }]),
      ...channels.map((channel) => [{ kind: 'channel', channel, after: 0 }]),
      [
        { kind: 'run', runId: runIds[0] },
        { kind: 'channel', channel: channels[0], after: 0 },
      ],
    ];
    const followed = topics.map((of) => follow(() => proxy.url, { topics: of }));
    for (const { stop } of followed) stops.push(stop);
    let isOver = false;
    // So that no run comes to its last step before the last kill.
    const paceMs = Math.max(40, (kills * betweenMs * 2) / stepsOfRun);
    const work = [
      ...runIds.map(async (runId, n) => {
        for (let i = 0; !isOver; i += 1) {
          await ask(`/v1/runs/${runId}/events`, { type: 'go', n, i });
          await setTimeout(paceMs);
        }
      }),
      ...channels.map(async (channel) => {
        for (let i = 0; !isOver; i += 1) {
          await ask(`/v1/channels/${channel}/messages`, { payload: i });
          await setTimeout(40);
        }
      }),
    ];
    for (let kill = 0; kill < kills; kill += 1) {
      await setTimeout(betweenMs);
      const server = servers[kill % 2];
      await server?.kill();
      await setTimeout(betweenMs / 4);
      await server?.start();
    }
    isOver = true;
    await Promise.all(work);
    for (const runId of runIds) await ask(`/v1/runs/${runId}/cancel`, {});
    const patience = new AbortController();
    await Promise.race([
      Promise.all(followed.slice(0, runIds.length).map(({ ended }) => ended)),
      setTimeout(60_000, null, patience).then(() => {
        throw new Error('a run’s stream has not ended');
      }),
    ]).finally(() => patience.abort());
    const expected = await rowsOf(proxy.url, runIds, channels);
    return await judged({ kills, followed, expected, runIds, channels });
  } finally {
    for (const stop of stops) stop();
    proxy.close();
    await Promise.all(servers.map((server) => server.kill()));
  }
}

type Expected = {
  readonly turns: ReadonlyMap<string, readonly number[]>;
  readonly heads: ReadonlyMap<string, number>;
};

async function judged(of: {
  readonly kills: number;
  readonly followed: readonly Following[];
  readonly expected: Expected;
  readonly runIds: readonly string[];
  readonly channels: readonly string[];
}): Promise<StreamFigures> {
  const { kills, followed, expected, runIds, channels } = of;
  const findings: string[] = [];
  const check = (what: string, found: readonly unknown[], right: readonly unknown[]): void => {
    if (JSON.stringify(found) === JSON.stringify(right)) return;
    findings.push(`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(right)}`);
  };
  const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);
  const turns = (following: Following, topic = 0) =>
    following.heard.flatMap(({ event, data }) =>
      event === 'turn' && data['topic'] === topic ? [data['turn']] : [],
    );
  const seqs = (following: Following, topic = 0) =>
    following.heard.flatMap(({ event, data }) =>
      event === 'message' && data['topic'] === topic ? [data['seq']] : [],
    );
  runIds.forEach((runId, i) => {
    check(`run ${runId}`, turns(followed[i]!), expected.turns.get(runId) ?? []);
  });
  channels.forEach((channel, i) => {
    const following = followed[runIds.length + i]!;
    check(channel, seqs(following), upTo(expected.heads.get(channel) ?? 0));
  });
  const both = followed.at(-1)!;
  check('both: run', turns(both, 0), expected.turns.get(runIds[0] ?? '') ?? []);
  check('both: channel', seqs(both, 1), upTo(expected.heads.get(channels[0] ?? '') ?? 0));
  const cuts = followed.reduce((sum, { connections }) => sum + connections() - 1, 0);
  const all = [...expected.turns.values()].reduce((sum, list) => sum + list.length, 0);
  const messages = [...expected.heads.values()].reduce((sum, head) => sum + head, 0);
  return { kills, cuts, turns: all, messages, findings };
}

/** What the database holds, in pages over HTTP; and a moment for channels' last messages to be told. */
async function rowsOf(
  url: string,
  runIds: readonly string[],
  channels: readonly string[],
): Promise<Expected> {
  await setTimeout(3_000);
  const turns = new Map<string, number[]>();
  for (const runId of runIds) {
    const list: number[] = [];
    for (;;) {
      const page = await asking(url)(
        `/v1/runs/${runId}/journal?limit=1000&after=${list.at(-1) ?? 0}`,
      );
      const found = page['turns'] as readonly { readonly turn: number }[];
      list.push(...found.map(({ turn }) => turn));
      if (found.length < 1_000) break;
    }
    turns.set(runId, list);
  }
  const heads = new Map<string, number>();
  for (const channel of channels) {
    const { head } = await asking(url)(`/v1/channels/${channel}/messages?after=0&limit=1`);
    heads.set(channel, head as number);
  }
  return { turns, heads };
}

/** Asks until a server answers: what is asked twice may have been done twice, which no check minds. */
function asking(url: string) {
  return async (path: string, body?: unknown): Promise<Record<string, unknown>> => {
    for (let tries = 0; ; tries += 1) {
      try {
        const reply = await fetch(url + path, {
          method: body === undefined ? 'GET' : 'POST',
          headers: { connection: 'close', 'content-type': 'application/json' },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          signal: AbortSignal.timeout(10_000),
        });
        if (reply.status < 500) return (await reply.json()) as Record<string, unknown>;
      } catch (error) {
        if (tries > 300) throw error;
      }
      await setTimeout(50);
    }
  };
}
