/** On Postgres, with a provider's real wire: what became of each attempt can be read afterwards. */
import { afterAll, expect, it } from 'vitest';
import { startEmulator } from '../../src/emulators/emulator.ts';
import { ollama, type Attempt } from '../../src/index.ts';
import { openHeddle } from '../support/heddle.ts';
import { testDatabase } from '../support/postgres.ts';

const calls = (n: number) => ({ calls: { from: n, to: n } });
const emulator = await startEmulator({
  protocol: 'ollama',
  script: {
    chunks: 3,
    faults: [
      { kind: 'error', error: 'rate-limited', afterLatency: false, ...calls(1) },
      { kind: 'error', error: 'server-error', afterLatency: false, ...calls(2) },
      { kind: 'cut', at: { event: 2 }, ...calls(3) },
    ],
  },
});
const { heddle } = await openHeddle(await testDatabase(), {
  providers: [ollama({ baseUrl: emulator.url, model: 'emulated', ceiling: 2 })],
});
afterAll(async () => {
  await heddle.close();
  await emulator.close();
});

it('a 429, an outage and a cut answer, then an answer', async () => {
  const steps = [{ do: 'generate', with: { prompt: 'why?' } }];
  const run = await heddle.start('script', { input: { steps } });
  await run.output({ timeoutMs: 60_000 });
  const attempts: Attempt[] = [];
  for await (const attempt of run.attempts()) attempts.push(attempt);
  expect(attempts.map(({ how, attempt }) => [how, attempt])).toEqual([
    ['rate-limited', 1],
    ['outage', 1],
    ['cut', 2],
    ['answered', 3],
  ]);
  expect(attempts[1]?.fault).toContain('500');
  const times = attempts.flatMap(({ sentAtMs, endedAtMs }) => [sentAtMs, endedAtMs]);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(Math.abs(Date.now() - (times[0] ?? 0))).toBeLessThan(120_000);
});
