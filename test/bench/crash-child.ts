/**
 * A process that is killed: opens circuits and tells, a line each, when they are open and which
 * model calls have been sent and have ended. `open 0` resumes what the database holds instead.
 */
import { writeSync } from 'node:fs';
import { oneTenant } from '../../src/access/scopes.ts';
import { shardCount } from '../../src/domain/ids.ts';
import type { Provider } from '../../src/providers/port.ts';
import { openHeddle, runCircuits } from './circuits.ts';
import { stubs } from './workload.ts';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Synchronous, so that nothing that happened before the kill is lost in a buffer. */
function tell(line: string): void {
  writeSync(1, `${line}\n`);
}

const [databaseUrl = '', tenant = '', count = '0', latencyMs = '0'] = process.argv.slice(2);

const providers = stubs(Number(latencyMs)).map((stub): Provider => ({
  name: stub.name,
  ceiling: stub.ceiling,
  async call(call) {
    tell(`sent ${call.idempotencyKey}`);
    const output = await stub.call(call);
    tell(`ended ${call.idempotencyKey}`);
    return output;
  },
}));

tell('started');
const heddle = await openHeddle(databaseUrl, { providers });
// A process that was killed just now still counts as living: `createHeddle` does not wait for that.
while (heddle.runtime.stats().shards < shardCount) await pause(5);
tell('owned');
if (Number(count) > 0) {
  // Warm, as a process is that has run for a while.
  await runCircuits(heddle, `${tenant}w`, 20);
  tell('warm');
  await runCircuits(heddle, tenant, Number(count));
} else {
  const open = async (): Promise<number> => {
    const { runs } = await heddle.runtime.store.audit(oneTenant(tenant));
    const { completed = 0, ...rest } = runs;
    return Object.values(rest).reduce((sum, one) => sum + one, completed === 0 ? 1 : 0);
  };
  while ((await open()) > 0) await pause(50);
}
tell('done');
await heddle.close();
