import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { faultyStore, type StoreFault } from '../support/faults.ts';
import { testDatabase } from '../support/postgres.ts';
import type { Harness } from './contract/fixture.ts';
import { PostgresBed } from './contract/postgres.ts';
import { runScript } from './contract/script-runner.ts';
import { scripts, type Command } from './contract/script.ts';
const url = await testDatabase();
let bed: PostgresBed;
beforeAll(async () => { bed = await PostgresBed.open(url); });
afterAll(() => bed.end());
function twin(faults: readonly StoreFault[]): Harness {
  let nowMs = 1_700_000_000_000;
  const store = faultyStore({ nowMs: () => (nowMs += 0.001), faults });
  return { store, advance: async (ms) => { nowMs += ms; }, crash: async () => store.restart() };
}
const seed = Number(process.env['SEED'] ?? Date.now() % 1e9);
function tame(script: readonly Command[]): readonly Command[] {
  if (process.env['TAME'] === undefined) return script;
  return script.filter((c) => c.kind !== 'crash' || process.env['CRASH'] !== undefined).map((c) => {
    if (c.kind !== 'commit') return c;
    let mem = false, cur = false;
    const seen = new Set<string>();
    const turns = c.turns.map((t) => {
      const memory = mem ? [] : t.memory; mem ||= memory.length > 0;
      const cursors = cur ? [] : t.cursors; cur ||= cursors.length > 0;
      seen.add(`${t.tenant} ${t.run}`);
      return { ...t, memory, cursors, poison: false };
    });
    return { ...c, turns, memory: mem ? [] : c.memory.slice(0, 1), statuses: c.statuses.filter((s) => !seen.has(`${s.tenant} ${s.run}`)) };
  });
}
it('explore', { timeout: 500_000 }, async () => {
  const list = fc.sample(scripts, { seed, numRuns: Number(process.env['N'] ?? 100) });
  let failures = 0;
  let times: number[] = [];
  for (const [n, raw] of list.entries()) {
    const script = tame(raw);
    const t0 = performance.now();
    const memory = await runScript(twin([]), script);
    let postgres: readonly unknown[];
    try { postgres = await runScript(await bed.fresh(), script); } catch (error) {
      console.log('script', n, 'threw', error); failures++; if (failures > 3) break; continue;
    }
    times.push(performance.now() - t0);
    for (const [i, line] of postgres.entries()) {
      try { expect(line).toEqual(memory[i]); } catch (error) {
        failures++;
        console.log('SEED', seed, 'script', n, 'line', i, JSON.stringify(script[i] ?? 'end'), '\n', (error as Error).message, String((error as {diff?: string}).diff ?? ''));
        const e = error as { actual?: unknown, expected?: unknown };
        console.log('PG', JSON.stringify(e.actual).slice(0, 6000)); console.log('TWIN', JSON.stringify(e.expected).slice(0, 6000));
        break;
      }
    }
    if (failures >= Number(process.env['F'] ?? 1)) break;
  }
  times = times.sort((a, b) => a - b);
  console.log('scripts', times.length, 'median', times[times.length >> 1], 'max', times.at(-1), 'failures', failures);
});
