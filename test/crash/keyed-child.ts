/**
 * A server that is there to be killed between a commit and its reply: it kills itself as soon as the effect of a request
 * with an idempotency key is committed. A request that is claimed first has more than one commit: it is killed before
 * the answer is kept, or with `first` once the first of its effects is durable. With `stop-before` and `stop-after` it
 * stops itself once, at the first of its effects, and goes on when it is told to.
 */
import { writeSync } from 'node:fs';
import { approval } from '../../machines/examples/approval.ts';
import { Heddle } from '../../src/heddle.ts';
import { createKernel } from '../../src/kernel/kernel.ts';
import { createStub } from '../../src/providers/stub/stub.ts';
import { Runtime } from '../../src/runtime/runtime.ts';
import { serve } from '../../src/server.ts';
import type { Store } from '../../src/store/port.ts';
import { openPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { markedParts } from '../../src/store/requests/request-port.ts';
import { systemClock, systemIds } from '../../src/system.ts';

const [databaseUrl = '', when = 'last'] = process.argv.slice(2);

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  for (;;);
}

let hasStopped = false;

function stopAt(place: string): void {
  if (when !== place || hasStopped) return;
  hasStopped = true;
  process.kill(process.pid, 'SIGSTOP');
}

function mortal(store: Store): Store {
  return {
    ...store,
    commit: async (batch) => {
      const hasEffect = batch.arrivals.inbox.length > 0;
      if (hasEffect) stopAt('stop-before');
      const outcome = await store.commit(batch);
      if (hasEffect) stopAt('stop-after');
      if (hasStopped) return outcome;
      const isFirst = when === 'first' && hasEffect;
      return isFirst || markedParts(batch.arrivals).length > 0 ? die() : outcome;
    },
    answerRequest: (scope, mark) => (hasStopped ? store.answerRequest(scope, mark) : die()),
    lease: async (scope, asked) => {
      const leased = await store.lease(scope, asked);
      return asked.request === undefined ? leased : die();
    },
    acknowledge: async (scope, asked) => {
      const held = await store.acknowledge(scope, asked);
      return asked.request === undefined ? held : die();
    },
    addEvaluation: async (scope, asked) => {
      const added = await store.addEvaluation(scope, asked);
      return asked.request === undefined ? added : die();
    },
  };
}

const kernel = createKernel();
const runtime = new Runtime({
  store: mortal(await openPostgresStore({ connectionString: databaseUrl })),
  kernel,
  agents: [kernel.register(approval)],
  providers: [createStub({ name: 'stub', ceiling: 1, latencyMs: 1, seed: 1, clock: systemClock })],
  clock: systemClock,
  ids: systemIds,
  log: { info: () => undefined, warn: () => undefined },
  settings: { leaseMs: 1_500, pollMs: 200 },
});
await runtime.start();
const server = await serve(new Heddle(runtime, () => Promise.resolve()), { port: 0 });
writeSync(1, `${server.url}\n`);
