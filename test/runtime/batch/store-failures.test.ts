/** A store that fails: what was accepted is neither lost nor doubled (promises 1 and 5). */
import { describe, expect, it } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import type { PartFate } from '../../../src/store/fates.ts';
import type { Store } from '../../../src/store/port.ts';
import { heddleError } from '../../../src/domain/errors.ts';
import { oneReplica } from '../../support/replica.ts';
import type { ScriptStep } from '../../support/script-agent.ts';
import { scriptedProvider } from '../../support/scripted-provider.ts';

const steps: readonly ScriptStep[] = [
  { do: 'generate', with: { prompt: 'why?' } },
  { do: 'remember', with: { scope: 'user', key: 'k', value: 1 } },
  { do: 'publish', with: { channel: 'a', payload: 1 } },
  { do: 'receive', with: { channel: 'a' } },
];

type Method = 'commit' | 'load' | 'read' | 'renew' | 'pending' | 'timers' | 'releaseDelayed';

/** A store that throws `error` at the next so many calls of a method; `applied`: it did it first. */
function failing() {
  const left = new Map<Method, { count: number; error: Error; applied: boolean }>();
  const wrap = (store: Store, name: Method) => async (argument: never) => {
    const plan = left.get(name);
    if (plan === undefined || plan.count <= 0) return store[name](argument);
    plan.count -= 1;
    if (plan.applied) await store[name](argument);
    throw plan.error;
  };
  const names: Method[] = [
    'commit',
    'load',
    'read',
    'renew',
    'pending',
    'timers',
    'releaseDelayed',
  ];
  return {
    between: (store: Store): Store => ({
      ...store,
      ...Object.fromEntries(names.map((name) => [name, wrap(store, name)])),
    }),
    next: (
      name: Method,
      count: number,
      error: Error = heddleError('store-unavailable', { reason: 'on order' }),
      applied = false,
    ) => left.set(name, { count, error, applied }),
    leftOf: (name: Method) => left.get(name)?.count ?? 0,
  };
}

async function scene() {
  const trouble = failing();
  const provider = scriptedProvider({ onCall: (call) => call.answer('because') });
  const world = await oneReplica({ between: trouble.between, providers: [provider] });
  return { ...world, provider, trouble };
}

const all = {
  runs: { completed: 5 },
  messages: 5,
  memoryVersions: 5,
  memoryGaps: 0,
  journalGaps: 0,
};

describe('a store that does not answer for a while', () => {
  it.each(['commit', 'load', 'read'] as const)('at %s: it is tried again', async (method) => {
    const { heddle, clock, store, trouble, provider } = await scene();
    trouble.next(method, 6);
    const starting = heddle.startAll(
      Array.from({ length: 5 }, () => ({ agent: 'script', input: { steps } })),
    );
    await clock.advance(10_000);
    for (const run of await starting) expect(await run.status()).toBe('completed');
    expect(trouble.leftOf(method)).toBeLessThan(6);
    await clock.idle();
    expect(await store.audit(oneTenant('default'))).toMatchObject({
      ...all,
      doubledMessages: 0,
      slotsInUse: 0,
    });
    expect(provider.calls).toHaveLength(5);
  });

  it('at its heartbeat: nothing is committed after the lease is in doubt, and all goes on later', async () => {
    const { heddle, clock, trouble, warnings } = await scene();
    trouble.next('renew', 1_000);
    await clock.advance(10_000);
    let isAnswered = false;
    const publishing = heddle.publish('a', 1).then(() => (isAnswered = true));
    await clock.advance(10_000);
    expect(isAnswered).toBe(false);
    trouble.next('renew', 0);
    await clock.advance(10_000);
    await publishing;
    expect(warnings.some((line) => line.startsWith('heartbeat failed'))).toBe(true);
  });

  it.each(['pending', 'timers', 'releaseDelayed'] as const)(
    'when it looks at %s: it looks again',
    async (method) => {
      const { heddle, clock, trouble } = await scene();
      const sleep: ScriptStep = { do: 'sleep', ms: 40_000 };
      const run = await heddle.start('script', { input: { steps: [sleep] } });
      await heddle.publish('a', 1, { delayMs: 3_000 });
      trouble.next(method, 3);
      await clock.advance(60_000);
      expect(await run.status()).toBe('completed');
      expect(await heddle.receive('a', { group: 'g' })).toHaveLength(1);
    },
  );
});

describe('a commit whose answer was lost', () => {
  it('is settled by its id: nothing is doubled', async () => {
    const { heddle, clock, store, trouble, provider } = await scene();
    const starting = heddle.startAll(
      Array.from({ length: 5 }, () => ({ agent: 'script', input: { steps } })),
    );
    for (let i = 0; i < 5; i++) {
      trouble.next('commit', 1, heddleError('store-unavailable', { reason: 'reply lost' }), true);
      await clock.advance(1_000);
    }
    for (const run of await starting) expect(await run.status()).toBe('completed');
    expect(await store.audit(oneTenant('default'))).toMatchObject({ ...all, doubledMessages: 0 });
    expect(provider.calls).toHaveLength(5);
  });
});

/** Refuses every turn that writes a memory entry called `bad`. */
const poisoned = (store: Store): Store => ({
  ...store,
  commit: async (batch) => {
    const isBad = batch.turns.map((turn) => turn.memory.some(({ key }) => key === 'bad'));
    const turns = batch.turns.filter((_, i) => isBad[i] === false);
    const outcome = await store.commit({ ...batch, turns });
    const good = isBad.flatMap((bad, i) => (bad ? [] : i));
    const fates = outcome.fates.map((part): PartFate => {
      return part.kind === 'turns' ? { ...part, index: good[part.index] ?? -1 } : part;
    });
    const poison = { kind: 'poison', reason: 'on order' } as const;
    const refused = isBad.flatMap((bad, index): PartFate[] =>
      bad ? [{ kind: 'turns', index, fate: poison }] : [],
    );
    return { ...outcome, fates: [...fates, ...refused] };
  },
});
const remember = (key: string): ScriptStep => ({
  do: 'remember',
  with: { scope: 'user', key, value: 1 },
});

describe('data that the store refuses', () => {
  it('fails its own run with store-poison and no neighbour', async () => {
    const { heddle, clock, runtime } = await oneReplica({ between: poisoned });
    const [good, bad, fine] = await heddle.startAll(
      ['good', 'bad', 'fine'].map((key) => ({
        agent: 'script',
        input: { steps: [remember(key)] },
      })),
    );
    expect([await good?.output(), await fine?.output()]).toMatchObject([
      [{ done: {} }],
      [{ done: {} }],
    ]);
    await expect(bad?.output()).rejects.toMatchObject({ code: 'store-poison' });
    await clock.idle();
    expect(runtime.stats()).toMatchObject({ permitsInUse: 0, inMemory: 0 });
  });

  it('takes nothing with it that stood on it: no message is skipped (promise 2)', async () => {
    const { heddle, clock, store } = await oneReplica({ between: poisoned });
    const take: ScriptStep = { do: 'receive', with: { channel: 'jobs', group: 'g' } };
    await heddle.publish('jobs', 1);
    const plans = [
      [take, remember('k'), remember('bad')],
      [take, remember('k')],
      [take, remember('k')],
    ];
    const [bad, ...others] = await heddle.startAll(
      plans.map((steps) => ({ agent: 'script', input: { steps } })),
    );
    await expect(bad?.output()).rejects.toMatchObject({ code: 'store-poison' });
    await clock.idle();
    await heddle.publish('jobs', 2);
    await clock.idle();
    for (const run of others) expect(await run.status()).toBe('completed');
    const taken = (await Promise.all(others.map((run) => run.output()))) as unknown as {
      readonly done: { readonly messages: readonly { readonly seq: number }[] };
    }[][];
    expect(taken.map(([first]) => first?.done.messages[0]?.seq ?? 0).sort((a, b) => a - b)).toEqual(
      [1, 2],
    );
    expect(await heddle.recall({ scope: 'user' }, 'k')).toMatchObject({ version: 2 });
    expect(await store.audit(oneTenant('default'))).toMatchObject({
      unconsumedMessages: 0,
      memoryGaps: 0,
    });
  });
});
