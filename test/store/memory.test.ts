import { describe, expect, it } from 'vitest';
import { faultyStore, storeFaults, type StoreFault } from '../support/faults.ts';
import type { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { requestBesideCommit } from '../support/request-fault.ts';
import type { Harness } from './contract/fixture.ts';
import { requestsContract } from './contract/requests.ts';
import { storeContract } from './contract/index.ts';

async function openMemory(...faults: readonly StoreFault[]): Promise<Harness> {
  let nowMs = 1_700_000_000_000;
  const store = faultyStore({ nowMs: () => nowMs, faults });
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

storeContract({ open: () => openMemory(), it, describe });

/** Of each planted fault, a test of the contract that must fail with it. */
const caughtBy: Readonly<Record<StoreFault, string>> = {
  'no-epoch-check': 'promise 6: the successor of a dead replica fences it',
  'no-version-check': 'promise 6: an old turn is stale and leaves nothing',
  'scan-before-register': 'promise 2: who registers after the publish is woken by the registration',
  'bigserial-cursor': 'promise 2: a reader that follows while commits overlap skips nothing',
  'timer-rearmed': 'promise 4: a deadline stays through turns and a change of owner',
  'cursor-outside-turn': 'promise 2: to read is not to take: the cursor moves with a turn',
  'journal-after-commit': 'promise 5: a crash right after a commit takes nothing of it',
  'memory-by-number':
    'promise 1: what stands on a turn that is refused is refused with it, whatever fits by number',
  'close-past-answer':
    'promise 12: a turn does not close a question past its answer, its neighbours go on',
  'answer-without-incarnation': 'promise 12: a question takes one answer, and only its own',
  'answered-again': 'promise 12: of answers at the same time one counts',
  'key-in-inbox': 'promise 12: an event counts once under its key, also when it has been taken',
  'request-unkept':
    'promise 12: a request that is repeated has one effect, and the answer of the first',
};

describe('the contract catches planted faults', () => {
  it.each(storeFaults)('%s', async (fault) => {
    const tests: { readonly name: string; readonly run: () => Promise<void> }[] = [];
    storeContract({
      open: () => openMemory(fault),
      it: (name, run) => tests.push({ name, run }),
      describe: (_, theme) => theme(),
    });
    const failed: string[] = [];
    for (const { name, run } of tests) await run().catch(() => failed.push(name));
    expect(failed).toContain(caughtBy[fault]);
    // A fault that breaks everything would prove nothing about the tests that look for it.
    expect(failed.length).toBeLessThan(tests.length / 2);
  });
});

it('the contract catches a request that is looked up before the commit, and written after it', async () => {
  const name =
    'promise 12: of a request that comes twice at once one counts, whichever batch has it';
  const open = async () => {
    const harness = await openMemory();
    return { ...harness, store: requestBesideCommit(harness.store as MemoryStore) };
  };
  const tests = new Map<string, () => Promise<void>>();
  requestsContract({ open, it: (of, run) => tests.set(of, run) });
  await expect(tests.get(name)?.()).rejects.toThrow(/length/);
});
