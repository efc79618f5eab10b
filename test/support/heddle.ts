/** heddle on a real Postgres, through the call that users make, with the script agent in it. */
import { setTimeout } from 'node:timers/promises';
import { createHeddle, stubProvider, type Heddle, type HeddleOptions } from '../../src/index.ts';
import { script } from './script-agent.ts';

/** Quick to notice what another replica does; everything else is as users have it. */
const settings = { leaseMs: 1_000, pollMs: 200 };

export type TestHeddle = { readonly heddle: Heddle; readonly warnings: readonly string[] };

export async function openHeddle(
  databaseUrl: string,
  options: HeddleOptions = {},
): Promise<TestHeddle> {
  const warnings: string[] = [];
  const heddle = await createHeddle({
    databaseUrl,
    agents: [script],
    providers: [stubProvider()],
    log: { info: () => undefined, warn: (message) => warnings.push(message) },
    ...options,
    settings: { ...settings, ...options.settings },
  });
  return { heddle, warnings };
}

/** Looks again and again until it holds; the failure of the last look is the test's. */
export async function eventually(look: () => Promise<void>): Promise<void> {
  const untilMs = performance.now() + 10_000;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (performance.now() > untilMs) throw error;
    }
    await setTimeout(10);
  }
}
