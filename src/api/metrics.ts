/** What Prometheus is told: Node's own figures, those of this replica's runtime, and the requests of this server. */
import type { FastifyReply } from 'fastify';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Heddle } from '../library/library.ts';

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
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    answered: (route, reply) => {
      requests.inc({ route, status: reply.statusCode });
      seconds.observe({ route }, reply.elapsedTime / 1_000);
    },
    close: () => registry.clear(),
  };
}
