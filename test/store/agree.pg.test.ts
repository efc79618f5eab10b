/**
 * The twin and Postgres, run by the same scripts, must say the same: otherwise nothing that was
 * proved on the twin holds for Postgres.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faultyStore, storeFaults, type StoreFault } from '../support/faults.ts';
import { casesOf } from '../support/long-form.ts';
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

/** Scripts on which both must agree; the faults take as many as they need to show. */
const agreedMax = casesOf({ short: 40, long: 300 });
const scriptsMax = Number(process.env['HEDDLE_SCRIPTS'] ?? 300);
const msMax = Number(process.env['HEDDLE_SCRIPTS_MS'] ?? 40_000);
/** On a machine that is busy with something else fewer scripts fit; so few would prove nothing. */
const scriptsMin = 25;
const furtherRounds = 4;

/** What is seldom, such as a second answer to one question: the twin finds a script in which it comes about. */
const foundMax = 20_000;
const seldomWords = [
  'conflict',
  'poison',
  'answered',
  'ask-answered',
  'ask-unknown',
  'send-key-used',
  'repeated',
  'request-differs',
];

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
    endSessions: async () => {
      for (const { replicaId } of store.database.tables.replicas.all()) store.endSession(replicaId);
    },
  };
}

let last: Promise<unknown> = Promise.resolve();

/** One script at a time: a round that reaches its time leaves its last one at work on the database. */
async function bothSay(script: readonly Command[], faults: readonly StoreFault[] = []) {
  const before = last;
  const own = (async () => {
    await before;
    const memory = await runScript(twin(faults), script);
    return { memory, postgres: await runScript(await bed.fresh(), script) };
  })();
  last = own.catch(() => undefined);
  return own;
}

/** How often each word stands in what was said. */
function count(words: Map<string, number>, said: readonly unknown[]): void {
  for (const [, word = ''] of JSON.stringify(said).matchAll(/"([a-z-]{4,})"/g)) {
    words.set(word, (words.get(word) ?? 0) + 1);
  }
}

describe('the twin and Postgres', () => {
  it('say the same to every script', { timeout: 2 * furtherRounds * msMax + 60_000 }, async () => {
    const words = new Map<string, number>();
    let done = 0;
    const agree = fc.asyncProperty(scripts, async (script) => {
      const { memory, postgres } = await bothSay(script);
      expect(postgres).toEqual(memory);
      count(words, memory);
      done++;
    });
    // Each as long as the first: the early scripts of a round are small ones.
    const round = (): Promise<void> => {
      const plugins = [fc.interruptAfterTimeLimit(msMax)];
      return fc.assert(agree, { numRuns: agreedMax, plugins });
    };
    const fewest = Math.min(scriptsMin, agreedMax);
    // A machine that is busy gets through fewer of them in a round.
    for (let rounds = 0; rounds < furtherRounds && done < fewest; rounds++) await round();
    expect(done).toBeGreaterThanOrEqual(fewest);
    // Scripts in which everything is refused, or nothing is, would agree about nothing.
    const often = ['committed', 'stale', 'fenced', 'accepted', 'existing', 'refused', 'messages'];
    const seldom = often.filter((word) => (words.get(word) ?? 0) < done);
    expect(seldom).toEqual([]);
    for (const word of seldomWords) {
      if (words.has(word)) continue;
      const memory = (script: readonly Command[]) => runScript(twin([]), script);
      const isNever = async (script: readonly Command[]): Promise<boolean> =>
        !JSON.stringify(await memory(script)).includes(`"${word}"`);
      const options = { numRuns: foundMax, endOnFailure: true };
      const { counterexample } = await fc.check(fc.asyncProperty(scripts, isNever), options);
      expect(counterexample, word).not.toBeNull();
      const { memory: said, postgres } = await bothSay(counterexample?.[0] ?? []);
      expect(postgres).toEqual(said);
      count(words, said);
    }
    expect(seldomWords.filter((word) => !words.has(word))).toEqual([]);
  });

  it.each(storeFaults)('differ when the twin has the fault %s', async (fault) => {
    const outcome = await fc.check(
      fc.asyncProperty(scripts, async (script) => {
        const { memory, postgres } = await bothSay(script, [fault]);
        return JSON.stringify(memory) === JSON.stringify(postgres);
      }),
      { numRuns: scriptsMax, plugins: [fc.interruptAfterTimeLimit(msMax)], endOnFailure: true },
    );
    expect(outcome.counterexample).not.toBeNull();
    expect(outcome.errorInstance).not.toBeInstanceOf(TypeError);
  });
});
