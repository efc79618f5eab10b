/**
 * The twin and Postgres, run by the same scripts, must say the same: otherwise nothing that was
 * proved on the twin holds for Postgres.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faultyStore, storeFaults, type StoreFault } from '../support/faults.ts';
import { testDatabase } from '../support/postgres.ts';
import type { Harness } from './contract/fixture.ts';
import { PostgresBed } from './contract/postgres.ts';
import { runScript } from './contract/script-runner.ts';
import { scripts, type Command } from './contract/script.ts';

const url = await testDatabase();
let bed: PostgresBed;
beforeAll(async () => {
  bed = await PostgresBed.open(url);
});
afterAll(() => bed.end());

const scriptCount = Number(process.env['HEDDLE_SCRIPTS'] ?? 250);

function twin(faults: readonly StoreFault[]): Harness {
  let nowMs = 1_700_000_000_000;
  // Each look at the clock sees a later instant, as on Postgres.
  const store = faultyStore({ nowMs: () => (nowMs += 0.001), faults });
  return {
    store,
    advance: async (ms) => {
      nowMs += ms;
    },
    crash: async () => store.restart(),
  };
}

async function bothSay(script: readonly Command[], faults: readonly StoreFault[] = []) {
  return {
    memory: await runScript(twin(faults), script),
    postgres: await runScript(await bed.fresh(), script),
  };
}

describe('the twin and Postgres', () => {
  it('say the same to every script', { timeout: 120_000 }, async () => {
    const words = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(scripts, async (script) => {
        const { memory, postgres } = await bothSay(script);
        expect(postgres).toEqual(memory);
        for (const [, word] of JSON.stringify(memory).matchAll(/"([a-z-]{4,})"/g)) {
          words.set(word ?? '', (words.get(word ?? '') ?? 0) + 1);
        }
      }),
      { numRuns: scriptCount },
    );
    // Scripts in which everything is refused, or nothing is, would agree about nothing.
    const often = ['committed', 'stale', 'fenced', 'conflict', 'accepted', 'existing', 'refused'];
    for (const word of often)
      expect([word, words.get(word) ?? 0]).toEqual([
        word,
        expect.toSatisfy((n: number) => n > scriptCount / 10),
      ]);
  });

  it.each(storeFaults)('differ when the twin has the fault %s', async (fault) => {
    const outcome = await fc.check(
      fc.asyncProperty(scripts, async (script) => {
        const { memory, postgres } = await bothSay(script, [fault]);
        return JSON.stringify(memory) === JSON.stringify(postgres);
      }),
      { numRuns: scriptCount, endOnFailure: true },
    );
    expect(outcome.failed).toBe(true);
    expect(outcome.errorInstance).toBeNull();
  });
});
