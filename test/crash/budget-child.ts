/**
 * A replica that is killed with a full provider under a budget. It tells of each call what it has
 * used, and ends when no run is open any more. With a count it first starts so many runs of one call.
 */
import { writeSync } from 'node:fs';
import { Heddle } from '../../src/heddle.ts';
import { createKernel } from '../../src/kernel/kernel.ts';
import { createStub } from '../../src/providers/stub/stub.ts';
import { Runtime } from '../../src/runtime/runtime.ts';
import { openPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { systemClock, systemIds } from '../../src/system.ts';
import { script } from '../support/script-agent.ts';

const [databaseUrl = '', count = '0'] = process.argv.slice(2);
const tell = (line: string): void => void writeSync(1, `${line}\n`);

const stub = createStub({
  name: 'stub',
  ceiling: 240,
  latencyMs: 300,
  jitterMs: 600,
  seed: 1,
  clock: systemClock,
});
const store = await openPostgresStore({ connectionString: databaseUrl });
const kernel = createKernel();
const runtime = new Runtime({
  store,
  kernel,
  agents: [kernel.register(script)],
  providers: [
    {
      name: stub.name,
      ceiling: stub.ceiling,
      async call(call) {
        tell(`sent ${call.idempotencyKey}`);
        const output = await stub.call(call);
        const { inputTokens, outputTokens } = output.usage;
        tell(`ended ${call.idempotencyKey} ${inputTokens + outputTokens}`);
        return output;
      },
    },
  ],
  clock: systemClock,
  ids: systemIds,
  log: { info: () => undefined, warn: (message, facts) => console.error(message, facts) },
  settings: { leaseMs: 600, pollMs: 200 },
});
await runtime.start();
const heddle = new Heddle(runtime, () => Promise.resolve());
if (Number(count) > 0) await heddle.setBudget({ user: 'ann' }, { tokens: 10_000_000 });
const step = { do: 'generate', with: { prompt: 'twenty characters ..', maxTokens: 995 } };
await heddle.startAll(
  Array.from({ length: Number(count) }, () => ({
    agent: 'script',
    user: 'ann',
    input: { steps: [step] },
  })),
);
while ((await store.tenants({ prefix: '', open: true, limit: 1 })).length > 0) {
  await new Promise((resolve) => setTimeout(resolve, 20));
}
await heddle.close();
await store.close();
