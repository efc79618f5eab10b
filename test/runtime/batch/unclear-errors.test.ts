/**
 * Errors of the store that are about nothing in a turn, and faults of heddle's own: no run fails for
 * them, none is lost, none spins, and who does not meet them goes on (promises 5, 8 and 13).
 */
import { describe, expect, it } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import { heddleError } from '../../../src/domain/errors.ts';
import type { Batch } from '../../../src/store/batch.ts';
import type { Store } from '../../../src/store/port.ts';
import { oneReplica, type ReplicaOptions } from '../../support/replica.ts';
import type { ScriptStep } from '../../support/script-agent.ts';
import { scriptedProvider } from '../../support/scripted-provider.ts';

const words = 'permission denied for table journal';
const refused = (): Error => heddleError('store-error', { reason: words, sqlstate: '42501' });

const errors: readonly (readonly [string, () => Error])[] = [
  ['an error that Postgres tells of', refused],
  ["heddle's own TypeError", () => new TypeError("reading 'x' of undefined")],
  ['an error without a code', () => new Error('disk on fire')],
  ['something that is no error', () => Object.create(null) as Error],
];

type Method = Exclude<keyof Store, 'close'>;

/** A store whose calls fail as long as `fails` says so, with a count of them. */
function failing(fails: (method: Method, args: readonly unknown[]) => Error | null) {
  const calls = new Map<Method, number>();
  const commits: Batch[] = [];
  const between = (store: Store): Store => {
    const wrapped = Object.entries(store).map(([name, member]: [string, unknown]) => {
      if (typeof member !== 'function' || name === 'close') return [name, member];
      const method = name as Method;
      const call = async (...args: readonly unknown[]): Promise<unknown> => {
        calls.set(method, (calls.get(method) ?? 0) + 1);
        if (method === 'commit') commits.push(args[0] as Batch);
        const error = fails(method, args);
        if (error !== null) throw error;
        return Reflect.apply(member, store, args) as unknown;
      };
      return [name, call];
    });
    return Object.fromEntries(wrapped) as Store;
  };
  return { between, commits, countOf: (method: Method) => calls.get(method) ?? 0 };
}

const steps: readonly ScriptStep[] = [
  { do: 'generate', with: { prompt: 'why?', conversation: 'c' } },
  { do: 'remember', with: { scope: 'run', key: 'k', value: 1 } },
  { do: 'recall', with: { scope: 'run', key: 'k' } },
  { do: 'sleep', ms: 700 },
  { do: 'publish', with: { channel: 'a', payload: 1, delayMs: 300 } },
  { do: 'receive', with: { channel: 'a' } },
  { do: 'sleep', ms: 40_000 },
  { do: 'generate', with: { prompt: 'and?', conversation: 'c' } },
];

const methods: readonly Method[] = [
  'commit',
  'load',
  'read',
  'conversations',
  'renew',
  'pending',
  'timers',
  'releaseDelayed',
  'usage',
  'budgets',
  'hasBudgets',
  'prune',
  'notify',
];

async function scene(trouble: ReturnType<typeof failing>, options: ReplicaOptions = {}) {
  const provider = scriptedProvider({ onCall: (call) => call.answer('because') });
  const world = await oneReplica({ ...options, between: trouble.between, providers: [provider] });
  return { ...world, provider };
}

describe.each(errors)('%s', (_, make) => {
  it.each(methods)('at every %s for 3 s: all runs complete, once', async (method) => {
    let isBad = false;
    const trouble = failing((called) => (isBad && called === method ? make() : null));
    const { heddle, clock, store, provider, warnings } = await scene(trouble, {
      settings: { channelsMax: 1_000, retainMs: 3_600_000, leaseMs: 12_000 },
      budgets: { tenant: { tokens: 1_000_000 } },
    });
    const runs = await heddle.startAll(
      Array.from({ length: 6 }, () => ({ agent: 'script', input: { steps } })),
    );
    await clock.advance(200);
    const before = { told: warnings.length, calls: trouble.countOf(method) };
    isBad = true;
    for (const run of runs.slice(0, 3)) run.send({ type: 'go' }).catch(() => undefined);
    await clock.advance(3_000);
    isBad = false;
    expect(trouble.countOf(method) - before.calls).toBeLessThan(250);
    expect(warnings.length - before.told).toBeLessThan(60);
    await clock.advance(120_000);
    for (const run of runs) expect(await run.row()).toMatchObject({ status: 'completed' });
    expect(provider.calls).toHaveLength(12);
    expect(await store.audit(oneTenant('default'))).toMatchObject({
      runs: { completed: 6 },
      doubledMessages: 0,
      memoryVersions: 6,
      journalGaps: 0,
      slotsInUse: 0,
    });
  });
});

const inTurn = (batch: unknown, runId: string | null): boolean =>
  (batch as Batch).turns.some((turn) => turn.runId === runId);
const inAny = (batch: unknown, runId: string | null): boolean =>
  inTurn(batch, runId) || (batch as Batch).statusChanges.some((change) => change.runId === runId);

/** Ten runs that wait; what comes for them all is taken in one batch, and one of them meets the error. */
async function oneOfTen(meets: typeof inTurn, make: () => Error = refused) {
  let bad: string | null = null;
  const trouble = failing((method, [batch]) =>
    method === 'commit' && meets(batch, bad) ? make() : null,
  );
  const world = await scene(trouble);
  const waiting: ScriptStep[] = [{ do: 'wait' }, { do: 'generate', with: { prompt: 'why?' } }];
  const runs = await world.heddle.startAll(
    Array.from({ length: 10 }, () => ({ agent: 'script', input: { steps: waiting } })),
  );
  await world.clock.idle();
  const run = runs[4];
  if (run === undefined) throw new TypeError('no run');
  bad = run.id;
  return { ...world, trouble, runs, run, mend: () => (bad = null) };
}

describe('one run that meets an error alone', () => {
  it.each(errors)('%s: its neighbours go on, and it shows what it waits for', async (_, make) => {
    const { clock, runs, run, mend, provider, warnings, store } = await oneOfTen(inTurn, make);
    await Promise.all(runs.map((one) => one.send({ type: 'go' })));
    await clock.advance(1_000);
    for (const one of runs) if (one !== run) expect(await one.status()).toBe('completed');
    const row = await run.row();
    expect(row.status).toBe('stalled');
    const code = make === refused ? words : 'fault of its own';
    expect(row.reason).toContain(code);
    expect(warnings.filter((line) => line.startsWith('a run is stalled'))).toHaveLength(1);
    mend();
    await clock.advance(5_000);
    expect(await run.row()).toMatchObject({ status: 'completed', reason: null });
    expect(provider.calls).toHaveLength(10);
    expect((await store.audit(oneTenant('default'))).journalGaps).toBe(0);
  });

  it('is tried again with pauses that grow up to a minute, for ever', async () => {
    const { clock, run, trouble, mend, warnings, runtime } = await oneOfTen(inTurn);
    await run.send({ type: 'go' });
    const triesAtMs: number[] = [];
    let seen = trouble.commits.length;
    for (let second = 0; second < 3_600; second += 1) {
      await clock.advance(1_000);
      const tries = trouble.commits.slice(seen).filter((batch) => inTurn(batch, run.id));
      seen = trouble.commits.length;
      for (const _ of tries) triesAtMs.push(second * 1_000);
    }
    expect(triesAtMs.length).toBeGreaterThan(50);
    expect(triesAtMs.length).toBeLessThan(140);
    const gaps = triesAtMs.slice(1).map((atMs, i) => atMs - (triesAtMs[i] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(61_000);
    expect(Math.min(...gaps.slice(20))).toBeGreaterThanOrEqual(29_000);
    expect((await run.row()).status).toBe('stalled');
    expect(runtime.stats()).toMatchObject({ permitsInUse: 0, inMemory: 1 });
    expect(warnings.filter((line) => line.includes(run.id))).toHaveLength(1);
    mend();
    await clock.advance(61_000);
    expect((await run.row()).status).toBe('completed');
    expect(runtime.stats()).toMatchObject({ permitsInUse: 0, inMemory: 0 });
  });

  it('waits in memory where even its status cannot be written, and is told of once', async () => {
    const { clock, run, runs, mend, warnings } = await oneOfTen(inAny);
    await Promise.all(runs.map((one) => one.send({ type: 'go' })));
    await clock.advance(60_000);
    for (const one of runs) if (one !== run) expect(await one.status()).toBe('completed');
    expect((await run.row()).status).toBe('waiting-on-person');
    expect(warnings.filter((line) => line.includes(run.id))).toHaveLength(1);
    mend();
    await clock.advance(61_000);
    expect((await run.row()).status).toBe('completed');
  });

  it('is cancelled at once all the same', async () => {
    let isBad = true;
    const trouble = failing((method, [batch]) => {
      const moves = (batch as Batch | undefined)?.turns?.some(({ ended }) => ended === null);
      return method === 'commit' && isBad && moves === true ? refused() : null;
    });
    isBad = false;
    const { heddle, clock } = await scene(trouble);
    const run = await heddle.start('script', {
      input: { steps: [{ do: 'wait' }, { do: 'wait' }] },
    });
    await clock.idle();
    isBad = true;
    await run.send({ type: 'go' });
    await clock.advance(600_000);
    expect((await run.row()).status).toBe('stalled');
    await run.cancel('enough');
    await clock.advance(200);
    expect((await run.row()).status).toBe('cancelled');
  });

  it('keeps what was bought and what rang for it', async () => {
    const { heddle, clock, provider, trouble, mend } = await (async () => {
      let isBad = false;
      const trouble = failing((method, [batch]) =>
        method === 'commit' && isBad && (batch as Batch).turns.length > 0 ? refused() : null,
      );
      const provider = scriptedProvider();
      const world = await oneReplica({ between: trouble.between, providers: [provider] });
      return { ...world, provider, trouble: () => (isBad = true), mend: () => (isBad = false) };
    })();
    const asks = await heddle.start('script', {
      input: { steps: [{ do: 'generate', with: { prompt: 'why?' } }] },
    });
    const sleeps = await heddle.start('script', { input: { steps: [{ do: 'sleep', ms: 1_000 }] } });
    await clock.idle();
    trouble();
    provider.calls[0]?.answer('bought once');
    await clock.advance(30_000);
    expect([await asks.status(), await sleeps.status()]).toEqual(['stalled', 'stalled']);
    mend();
    await clock.advance(61_000);
    expect(await asks.output()).toMatchObject([{ done: { text: 'bought once' } }]);
    expect(await sleeps.status()).toBe('completed');
    expect(provider.calls).toHaveLength(1);
  });
});

describe('a slot whose commit fails', () => {
  it('leaves its call to its run, also where the batch had that run and found nothing to do', async () => {
    // The commit with the first answer is under way until the limit of the answered call has rung.
    let goOn = (): void => undefined;
    const isSlow = new Promise<void>((resolve) => (goOn = resolve));
    let slots: 'well' | 'slow' | 'bad' = 'well';
    const seen: string[] = [];
    const trouble = failing(() => null);
    const between = (store: Store): Store => {
      const whole = trouble.between(store);
      return {
        ...whole,
        commit: async (batch) => {
          if (slots === 'slow' && batch.turns.some(({ runId }) => runId === ids.first)) {
            slots = 'well';
            await isSlow;
            slots = 'bad';
          } else if (slots === 'bad' && batch.slots.some(({ call }) => call !== null)) {
            slots = 'well';
            seen.push(`${batch.turns.length} turns, for ${batch.slots[0]?.call?.runId}`);
            throw new TypeError("reading 'slot' of undefined");
          }
          return whole.commit(batch);
        },
      };
    };
    const provider = scriptedProvider({ ceiling: 2 });
    const { heddle, clock } = await oneReplica({ between, providers: [provider] });
    const ask = (prompt: string, timeoutMs = 60_000): ScriptStep => {
      return { do: 'generate', with: { prompt, timeoutMs } };
    };
    const start = async (...steps: ScriptStep[]) => {
      const run = await heddle.start('script', { input: { steps } });
      await clock.idle();
      return run;
    };
    const ids: { first: string | null } = { first: null };
    const older = await start({ do: 'wait' }, ask('older'));
    const first = await start(ask('one', 1_000), ask('two'));
    ids.first = first.id;
    await start(ask('beside'));
    await older.send({ type: 'go' });
    await clock.idle();
    slots = 'slow';
    provider.calls[0]?.answer('in time');
    await clock.idle();
    await clock.advance(1_000);
    provider.calls[1]?.answer('meanwhile');
    await clock.idle();
    goOn();
    await clock.advance(10_000);
    expect(seen).toEqual([`0 turns, for ${first.id}`]);
    for (const call of provider.calls.slice(2)) call.answer('well');
    await clock.advance(1_000);
    expect(await first.status()).toBe('completed');
  });
});

describe('what arrives', () => {
  const inArrivals = (batch: unknown, bad: string): boolean => {
    const { messages, starts } = (batch as Batch).arrivals;
    return (
      messages.some(({ channel }) => channel === bad) || starts.some((run) => run.user === bad)
    );
  };

  it('is accepted but for the one that meets the error, which is told so', async () => {
    const trouble = failing((method, [batch]) =>
      method === 'commit' && inArrivals(batch, 'bad') ? refused() : null,
    );
    const { heddle, clock, store } = await scene(trouble);
    const channels = ['a', 'b', 'bad', 'c', 'd', 'e', 'f'];
    const published = Promise.allSettled(channels.map((channel) => heddle.publish(channel, 1)));
    await clock.advance(5_000);
    const outcomes = await published;
    expect(outcomes.map(({ status }) => status)).toEqual(
      channels.map((channel) => (channel === 'bad' ? 'rejected' : 'fulfilled')),
    );
    expect(outcomes[2]).toMatchObject({ reason: { code: 'store-error', retryable: true } });
    expect((await store.audit(oneTenant('default'))).messages).toBe(6);
  });

  it('is answered within its bound when nothing can be accepted', async () => {
    const trouble = failing((method, [batch]) =>
      method === 'commit' && (batch as Batch).arrivals.messages.length > 0 ? refused() : null,
    );
    const { heddle, clock } = await scene(trouble);
    const published = Promise.allSettled(
      Array.from({ length: 400 }, (_, i) => heddle.publish(`c${i}`, 1)),
    );
    await clock.advance(8_000);
    for (const outcome of await published) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'store-error' } });
    }
    expect(trouble.commits.length).toBeLessThan(300);
  });

  it('in the order in which it came', async () => {
    const trouble = failing((method, [batch]) =>
      method === 'commit' && inArrivals(batch, 'bad') ? refused() : null,
    );
    const { heddle, clock } = await scene(trouble);
    const numbers = Array.from({ length: 20 }, (_, i) => i);
    const publishing = numbers.map((n) =>
      heddle.publish(n === 7 || n === 13 ? 'bad' : 'a', n).catch(() => undefined),
    );
    await clock.advance(200);
    const later = heddle.publish('a', 99);
    await clock.advance(6_000);
    await Promise.all([...publishing, later]);
    const taken = await heddle.receive('a', { group: 'g', from: 'earliest', max: 50 });
    expect(taken.map(({ payload }) => payload)).toEqual([
      ...numbers.filter((n) => n !== 7 && n !== 13),
      99,
    ]);
  });

  it('as a start is accepted though its first turn meets the error, and waits visibly', async () => {
    let isBad = true;
    const trouble = failing((method, [batch]) =>
      method === 'commit' && isBad && (batch as Batch).turns.length > 0 ? refused() : null,
    );
    const { heddle, clock } = await scene(trouble);
    const starting = heddle.startAll(
      Array.from({ length: 4 }, () => ({ agent: 'script', input: { steps: [] } })),
    );
    await clock.advance(3_000);
    const runs = await starting;
    for (const run of runs) expect((await run.row()).status).toBe('stalled');
    isBad = false;
    await clock.advance(10_000);
    for (const run of runs) expect(await run.status()).toBe('completed');
  });

  it('as starts that belong together is accepted whole or not at all', async () => {
    const trouble = failing((method, [batch]) => {
      const created = (batch as Batch | undefined)?.turns?.some(({ create }) => create !== null);
      const isBad =
        created === true ||
        (batch as Batch | undefined)?.arrivals?.starts.some(({ user }) => user === 'bad');
      return method === 'commit' && isBad ? refused() : null;
    });
    const { heddle, clock, store } = await scene(trouble);
    const of = (user: string) => ({ agent: 'script', input: { steps: [] }, user });
    const groups = [
      ['a', 'b'],
      ['c', 'bad', 'd'],
      ['e', 'f'],
    ].map((users) => heddle.startAll(users.map(of)));
    const settled = Promise.allSettled(groups);
    await clock.advance(10_000);
    const outcomes = await settled;
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(outcomes[1]).toMatchObject({ reason: { code: 'store-error', retryable: true } });
    expect((await store.audit(oneTenant('default'))).runs).toEqual({ completed: 4 });
  });
});

describe("a fault of heddle's own in one turn", () => {
  it('stalls that run as internal, and is no outage', async () => {
    let bad: string | null = null;
    const between = (store: Store): Store => ({
      ...store,
      load: async (runs) =>
        (await store.load(runs)).map((loaded) =>
          loaded?.run.runId === bad ? { ...loaded, run: { ...loaded.run, heldText: '{' } } : loaded,
        ),
    });
    const { heddle, clock, warnings } = await oneReplica({ between });
    const runs = await heddle.startAll(
      Array.from({ length: 3 }, () => ({ agent: 'script', input: { steps: [{ do: 'wait' }] } })),
    );
    await clock.idle();
    const [first, odd, last] = runs;
    bad = odd?.id ?? '';
    await Promise.all(runs.map((run) => run.send({ type: 'go' })));
    await clock.advance(500);
    expect([await first?.status(), await last?.status()]).toEqual(['completed', 'completed']);
    const row = await odd?.row();
    expect(row?.status).toBe('stalled');
    expect(row?.reason).toMatch(/fault of its own.*JSON/);
    expect(warnings.filter((line) => line.includes('unavailable'))).toEqual([]);
    expect(warnings.filter((line) => line.includes('stack'))).toHaveLength(1);
    bad = null;
    await clock.advance(61_000);
    expect(await odd?.status()).toBe('completed');
  });

  it('shows in the row of a run that cannot be loaded', async () => {
    let bad: string | null = null;
    const between = (store: Store): Store => ({
      ...store,
      load: async (runs) => {
        if (runs.some(({ runId }) => runId === bad)) throw new SyntaxError('not JSON');
        return store.load(runs);
      },
    });
    const { heddle, clock } = await oneReplica({ between });
    const run = await heddle.start('script', { input: { steps: [{ do: 'wait' }] } });
    await clock.idle();
    bad = run.id;
    await run.send({ type: 'go' });
    await clock.advance(500);
    expect(await run.row()).toMatchObject({ status: 'stalled' });
    bad = null;
    await clock.advance(61_000);
    expect(await run.status()).toBe('completed');
  });

  it('also in what the turn does for its chart: no invocation of it fails', async () => {
    let isBad = true;
    const between = (store: Store): Store => ({
      ...store,
      // Whoever reads a value of it meets a SyntaxError.
      read: async (set) => {
        const { memory, ...rest } = await store.read(set);
        const broken = memory.map((read) => ({
          ...read,
          versions: read.versions.map((row) => ({ ...row, valueText: '{' })),
        }));
        return { ...rest, memory: isBad ? broken : memory };
      },
    });
    const { heddle, clock, warnings } = await oneReplica({ between });
    await heddle.remember({ scope: 'user', user: 'u' }, 'k', 1);
    const recalling: ScriptStep[] = [{ do: 'recall', with: { scope: 'user', key: 'k' } }];
    const [odd, other] = await heddle.startAll([
      { agent: 'script', user: 'u', input: { steps: recalling } },
      { agent: 'script', input: { steps: [] } },
    ]);
    await clock.advance(10_000);
    expect(await other?.status()).toBe('completed');
    const row = await odd?.row();
    expect(row?.status).toBe('stalled');
    expect(row?.reason).toMatch(/fault of its own/);
    expect(warnings.filter((line) => line.includes('stack'))).toHaveLength(1);
    isBad = false;
    await clock.advance(61_000);
    expect(await odd?.output()).toMatchObject([{ done: { value: 1 } }]);
  });
});
