/**
 * What Prometheus is told: Node's own figures, those of this replica's runtime, and the requests of this server.
 *
 * 1. A scrape asks the database nothing: it tells what is in memory anyway.
 * 2. Labels are states and declared gates. None names a tenant, a user or a run, so the series stay few.
 */
import type { FastifyReply } from 'fastify';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { openStatuses } from '../library/runs-query.ts';
import type { Heddle } from '../library/library.ts';

type Runtime = Heddle['runtime'];
type Registers = Registry[];

export type Metrics = {
  readonly contentType: string;
  text(): Promise<string>;
  answered(route: string, reply: FastifyReply): void;
  close(): void;
};

/** Each replica has a registry of its own: two may live in one process. */
export function createMetrics({ runtime }: Pick<Heddle, 'runtime'>): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: 'heddle_http_requests_total',
    help: 'Requests that were answered, by route and status.',
    labelNames: ['route', 'status'] as const,
    registers,
  });
  const seconds = new Histogram({
    name: 'heddle_http_request_seconds',
    help: 'Time from a request to its answer; long-polls wait on purpose.',
    labelNames: ['route'] as const,
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 30],
    registers,
  });
  const counts = {
    shards: 'Shards that this replica owns, and whose runs it has taken up.',
    permitsInUse: 'Task attempts and calls that are out.',
    inLine: 'Task attempts that wait for a permit.',
    queued: 'Runs that wait to begin.',
    inMemory: 'Runs that have work here.',
  } as const;
  for (const [name, help] of Object.entries(counts)) {
    new Gauge({
      name: `heddle_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`,
      help,
      registers,
      collect() {
        this.set(runtime.stats()[name as keyof typeof counts]);
      },
    });
  }
  addCalls(runtime, registers);
  addRuns(runtime, registers);
  addConnections(runtime, registers);
  const deaf = addCommits(runtime, registers);
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    answered: (route, reply) => {
      requests.inc({ route, status: reply.statusCode });
      seconds.observe({ route }, reply.elapsedTime / 1_000);
    },
    close: () => {
      deaf();
      registry.clear();
    },
  };
}

/** Returns what ends the counting. */
function addCommits(runtime: Runtime, registers: Registers): () => void {
  const turns = new Counter({
    name: 'heddle_turns_total',
    help: 'Turns that this replica has committed.',
    registers,
  });
  const commits = new Counter({
    name: 'heddle_commits_total',
    help: 'Batches that this replica has committed.',
    registers,
  });
  const sizes = new Histogram({
    name: 'heddle_commit_turns',
    help: 'Turns in a batch; one of 0 keeps results, gives slots or accepts what came.',
    buckets: [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000],
    registers,
  });
  return runtime.onCommit((count) => {
    turns.inc(count);
    commits.inc();
    sizes.observe(count);
  });
}

function addCalls(runtime: Runtime, registers: Registers): void {
  new Counter({
    name: 'heddle_calls_total',
    help: 'Attempts of provider calls that have ended here, by end and gate.',
    labelNames: ['how', 'gate'] as const,
    registers,
    collect() {
      this.reset();
      for (const { how, gate, count } of runtime.stats().attempts) this.inc({ how, gate }, count);
    },
  });
  new Gauge({
    name: 'heddle_calls_waiting',
    help: 'Calls that stand in line here, by gate; one that may go through several stands in line for each.',
    labelNames: ['gate'] as const,
    registers,
    collect() {
      const { pool, lines } = runtime.stats();
      for (const { name: gate } of pool.providers) this.set({ gate }, lines[gate] ?? 0);
    },
  });
}

function addRuns(runtime: Runtime, registers: Registers): void {
  new Gauge({
    name: 'heddle_runs',
    help: 'Open runs of all replicas by status, as the replica that counts them has last counted.',
    labelNames: ['status'] as const,
    registers,
    collect() {
      const { statuses } = runtime.stats();
      this.reset();
      if (statuses === null) return;
      for (const status of openStatuses) this.set({ status }, statuses[status] ?? 0);
    },
  });
}

function addConnections(runtime: Runtime, registers: Registers): void {
  new Gauge({
    name: 'heddle_pool_connections',
    help: 'Connections to the database: all, those that nothing uses, and statements that wait for one.',
    labelNames: ['state'] as const,
    registers,
    async collect() {
      const connections = await runtime.store.connections();
      for (const [state, count] of Object.entries(connections)) this.set({ state }, count);
    },
  });
}
