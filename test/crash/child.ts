/**
 * A replica that is there to be killed. First it brings to an end what the database holds open
 * ("resumed"), then it opens circuits of its own ("open"), and when they are done it ends.
 *
 * It writes a line for each thing that happens, synchronously, so that whoever kills it knows what
 * was in flight. `HEDDLE_CRASH_AT=label:k` makes it kill itself at the k-th pass of a named point.
 */
import { writeSync } from 'node:fs';
import { Heddle } from '../../src/heddle.ts';
import { createKernel } from '../../src/kernel/kernel.ts';
import { createStub } from '../../src/providers/stub/stub.ts';
import type { Provider } from '../../src/providers/port.ts';
import { Runtime } from '../../src/runtime/runtime.ts';
import { openPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import type { Store } from '../../src/store/port.ts';
import { systemClock, systemIds } from '../../src/system.ts';
import { editor } from '../../machines/agents/editor.ts';
import { evaluator } from '../../machines/agents/evaluator.ts';
import { researcher } from '../../machines/agents/researcher.ts';
import type { CrashPoint } from './points.ts';

const [databaseUrl = '', tenant = '', count = '0', latencyMs = '0'] = process.argv.slice(2);
const [crashLabel, crashPass] = (process.env['HEDDLE_CRASH_AT'] ?? '').split(' ');

function tell(line: string): void {
  writeSync(1, `${line}\n`);
}

let passes = 0;
let armed = false;

function pass(point: CrashPoint): void {
  if (!armed || point !== crashLabel) return;
  passes += 1;
  if (passes >= Number(crashPass)) process.kill(process.pid, 'SIGKILL');
}

/** The store with named points around the calls that matter. */
function watched(store: Store): Store {
  const around = <Args extends unknown[], Result>(
    name: 'commit' | 'read' | 'load' | 'renew' | 'open' | 'pending',
    method: (...args: Args) => Promise<Result>,
  ): ((...args: Args) => Promise<Result>) => {
    return async (...args) => {
      pass(`${name}:before`);
      if (name === 'commit') tell('commit begins');
      const reply = method(...args);
      // The request is on its way to Postgres, and its reply is not here.
      if (name === 'commit') setImmediate(() => pass('commit:sent'));
      const result = await reply;
      if (name === 'commit') tell('commit ends');
      pass(`${name}:after`);
      return result;
    };
  };
  return {
    ...store,
    commit: around('commit', (batch) => store.commit(batch)),
    read: around('read', (set) => store.read(set)),
    load: around('load', (runs) => store.load(runs)),
    renew: around('renew', (replica) => store.renew(replica)),
    open: around('open', (query) => store.open(query)),
    pending: around('pending', (query) => store.pending(query)),
  };
}

function watchedProvider(name: string): Provider {
  const stub = createStub({
    name,
    ceiling: 120,
    latencyMs: Number(latencyMs),
    seed: 1,
    clock: systemClock,
  });
  return {
    name,
    ceiling: stub.ceiling,
    async call(call) {
      pass('call:before');
      tell(`sent ${call.idempotencyKey}`);
      const output = await stub.call(call);
      tell(`ended ${call.idempotencyKey}`);
      pass('call:after');
      return output;
    },
  };
}

const store = watched(await openPostgresStore({ connectionString: databaseUrl }));
const kernel = createKernel();
const runtime = new Runtime({
  store,
  kernel,
  agents: [researcher, editor, evaluator].map((machine) => kernel.register(machine)),
  providers: ['a', 'b'].map(watchedProvider),
  clock: systemClock,
  ids: systemIds,
  log: { info: () => undefined, warn: (message, facts) => console.error(message, facts) },
  settings: { leaseMs: 600, pollMs: 200 },
});
// A crash while taking up what an earlier crash left is one more of those that must do no harm.
armed = process.env['HEDDLE_CRASH_PHASE'] === 'resume';
await runtime.start();
tell('owned');
const heddle = new Heddle(runtime, () => Promise.resolve());

/** Until no run of any tenant is open. */
while ((await store.tenants({ prefix: '', open: true, limit: 1 })).length > 0) {
  await new Promise((resolve) => setTimeout(resolve, 20));
}
tell('resumed');
armed = true;
await Promise.all(
  Array.from({ length: Number(count) }, async (_, circuit) => {
    const of = { tenant, user: `u${Math.floor(circuit / 10)}`, pipeline: `c${circuit}` };
    await heddle.startAll([
      { agent: 'researcher', input: { circuit, question: `What is ${circuit}?` }, ...of },
      { agent: 'editor', input: { circuit }, ...of },
      { agent: 'evaluator', input: { circuit }, ...of },
    ]);
  }),
);
tell('open');
while ((await store.tenants({ prefix: '', open: true, limit: 1 })).length > 0) {
  await new Promise((resolve) => setTimeout(resolve, 20));
}
tell('done');
await heddle.close();
await store.close();
