/**
 * Starts over HTTP, 200 at a time, beside a bare Fastify with one insert for each: the same requests from the same
 * client, the servers as processes of their own, in turn. The agent waits for an event, so that a start is the run's
 * row, its input, and its first turn with its journal.
 */
import { Agent, request } from 'node:http';
import { printTable } from '../report.ts';
import { median, percentile } from '../workload.ts';
import { bareProcess, serverProcess, type ServerProcess } from './server-process.ts';

const atOnce = 200;

type Posts = { readonly perS: number; readonly p99Ms: number };

/** `bodyOf` gives the request's body by its number. */
async function posts(url: string, count: number, bodyOf: (n: number) => string): Promise<Posts> {
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  const tookMs: number[] = [];
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < count) {
      const body = bodyOf(next++);
      const startMs = performance.now();
      const status = await post(agent, `${url}/v1/runs`, body);
      if (status !== 202) throw new Error(`a start was answered with ${status}`);
      tookMs.push(performance.now() - startMs);
    }
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: atOnce }, one));
  const wallMs = performance.now() - startMs;
  agent.destroy();
  return { perS: (count / wallMs) * 1_000, p99Ms: percentile(tookMs, 0.99) };
}

function post(agent: Agent, url: string, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': String(body.length) };
    const sent = request(url, { method: 'POST', agent, headers }, (reply) => {
      reply.resume().once('end', () => resolve(reply.statusCode ?? 0));
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

const startOf = (n: number): string =>
  JSON.stringify({ agent: 'parked', user: `u${n % 100}`, pipeline: `p${n}`, input: { n } });

async function measured(server: ServerProcess, count: number): Promise<Posts> {
  try {
    await posts(server.url, count / 4, startOf);
    return await posts(server.url, count, startOf);
  } finally {
    await server.close();
  }
}

export async function starts(
  databaseUrl: string,
  { quick }: { readonly quick: boolean },
): Promise<void> {
  const count = quick ? 4_000 : 10_000;
  const found: [Posts[], Posts[]] = [[], []];
  for (let round = 0; round < (quick ? 1 : 3); round += 1) {
    found[0].push(await measured(await bareProcess(databaseUrl), count));
    found[1].push(await measured(await serverProcess(databaseUrl, { latencyMs: 0 }), count));
  }
  const perS = found.map((list) => median(list.map((one) => one.perS)));
  const rows = ['bare Fastify and pg', 'heddle serve'].map((name, i) => [
    name,
    (perS[i] ?? 0).toFixed(0),
    median((found[i] ?? []).map(({ p99Ms }) => p99Ms)).toFixed(0),
    `${((perS[i] ?? 0) / (perS[0] ?? 1)).toFixed(2)}×`,
  ]);
  printTable(`Starts over HTTP, ${atOnce} at a time`, [
    ['server', 'starts/s', 'p99 ms', 'ratio'],
    ...rows,
  ]);
}
