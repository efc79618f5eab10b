/** Budgets, from a call that reserves to a run that waits for its budget and goes on by itself. */
import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/index.ts';
import type { Store } from '../../../src/store/port.ts';
import { memoryWorld, oneReplica, type ReplicaOptions, type World } from '../../support/replica.ts';
import type { ScriptStep } from '../../support/script-agent.ts';
import { scriptedProvider } from '../../support/scripted-provider.ts';

/** Five tokens in, and at most 95 out: it reserves 100. */
const ask: ScriptStep = { do: 'generate', with: { prompt: 'twenty characters ..', maxTokens: 95 } };
const start = (...steps: readonly ScriptStep[]) => ({
  agent: 'script',
  user: 'ann',
  input: { steps } as unknown as Json,
});
const usage = (outputTokens: number) => ({ usage: { inputTokens: 5, outputTokens } });

async function world(options: ReplicaOptions = {}) {
  const provider = Object.assign(scriptedProvider(), {
    pricePerMillion: { input: 1_000_000, output: 2_000_000 },
  });
  return { provider, ...(await oneReplica({ providers: [provider], ...options })) };
}

/** Reserved and spent tokens of the user ann; with them, what must always be true. */
function sums({ store }: Pick<World, 'store'>): { reserved: number; spent: number } {
  const { budgets, reservations } = store.database.tables;
  for (const budget of budgets.all()) {
    const open = reservations.all().filter((row) => {
      const owners = { run: row.runId, user: row.user, tenant: '' };
      return row.tenant === budget.tenant && owners[budget.scope] === budget.owner;
    });
    const held = open.reduce((sum, { amount }) => sum + amount.tokens, 0);
    expect(budget.reserved.tokens, `${budget.scope} ${budget.owner}`).toBe(held);
  }
  const own = budgets.all().find(({ scope, owner }) => scope === 'user' && owner === 'ann');
  return { reserved: own?.reserved.tokens ?? 0, spent: own?.spent.tokens ?? 0 };
}

describe('a budget', () => {
  it('is reserved with the slot and settled with the result', async () => {
    const all = await world();
    const { heddle, clock, provider } = all;
    await heddle.setBudget({ user: 'ann' }, { tokens: 1_000, cost: 1_000 });
    const run = await heddle.start('script', start(ask));
    await clock.idle();
    expect(sums(all)).toEqual({ reserved: 100, spent: 0 });
    provider.last().answer('x', usage(20));
    await clock.idle();
    expect(await run.status()).toBe('completed');
    expect(sums(all)).toEqual({ reserved: 0, spent: 25 });
    expect(await heddle.budget({ user: 'ann' })).toEqual({
      user: 'ann',
      budget: { tokens: 1_000, cost: 1_000 },
      spent: { tokens: 25, cost: 45 },
      reserved: { tokens: 0, cost: 0 },
    });
    expect(await heddle.budget({})).toBeNull();
  });

  it('is reserved for an image as what it costs, however many bytes it has and wherever they stand', async () => {
    const { provider, ...all } = await world();
    const seeing = Object.assign(provider, { supports: { images: 'bytes' } });
    await all.heddle.setBudget({ user: 'ann' }, { tokens: 100_000 });
    const part = (bytes: number) => {
      const data = Buffer.alloc(bytes, 1).toString('base64');
      return { type: 'image', mediaType: 'image/png', data } as const;
    };
    // The second one leaves its row.
    const content = [part(200_000), part(300_000)];
    const say = (more: object): ScriptStep => ({
      do: 'generate',
      with: { conversation: 'main', maxTokens: 95, ...more },
    });
    const asks = say({ messages: [{ role: 'user', content }] });
    const run = await all.heddle.start('script', start(asks, say({ prompt: 'and?' })));
    await all.clock.idle();
    expect(sums(all).reserved).toBe((2 * 6_000) / 4 + 95);
    seeing.last().answer('Two.', usage(5));
    await all.clock.idle();
    const read = { tenant: run.tenant, runId: run.id, conversation: 'main' };
    const [rows = []] = await all.store.conversations([read]);
    const inline = content[0]?.data.length ?? 0;
    const chars = rows.join('').length - inline + 2 * 6_000 + 'and?'.length;
    expect(sums(all)).toEqual({ reserved: Math.ceil(chars / 4) + 95, spent: 10 });
    expect(chars).toBeLessThan(13_000);
  });

  it('is reserved for all that a conversation holds, by whoever asks next', async () => {
    const all = memoryWorld();
    const provider = scriptedProvider();
    const first = await all.replica({ providers: [provider] });
    await first.heddle.setBudget({ user: 'ann' }, { tokens: 10_000 });
    const say = (prompt: string): ScriptStep => ({
      do: 'generate',
      with: { conversation: 'main', prompt, maxTokens: 95 },
    });
    await first.heddle.start('script', start(say('q'.repeat(1_000)), say('and?')));
    await all.clock.idle();
    const chars = (role: string, content: string) => JSON.stringify({ role, content }).length;
    // Its own messages count as they are asked, and those before them as they are kept.
    expect(sums(all)).toEqual({ reserved: 1_000 / 4 + 95, spent: 0 });
    provider.last().answer('a'.repeat(2_000), usage(15));
    await all.clock.idle();
    const question = chars('user', 'q'.repeat(1_000));
    const said = question + chars('assistant', 'a'.repeat(2_000));
    const again = Math.ceil((said + 'and?'.length) / 4) + 95;
    expect(sums(all)).toEqual({ reserved: again, spent: 20 });
    // Another replica has nothing of it but the run's row.
    first.kill();
    await all.replica({ providers: [provider] });
    await all.clock.advance(10_000);
    expect(sums(all)).toEqual({ reserved: again, spent: 20 + again });
  });

  it('parks a run that it does not fit, says so, and lets it go on when it is raised', async () => {
    const all = await world();
    const { heddle, clock, provider, runtime } = all;
    await heddle.setBudget({ user: 'ann' }, { tokens: 150 });
    const [first, second] = await heddle.startAll([start(ask), start(ask)]);
    const other = await heddle.start('script', { ...start(ask), user: 'bob' });
    await clock.idle();
    expect(provider.calls).toHaveLength(2);
    const row = await second?.row();
    expect(row).toMatchObject({ status: 'stalled' });
    expect(row?.reason).toMatch(/budget of user ann \(150 tokens\).*100 reserved.*up to 100/);
    expect(runtime.stats().permitsInUse).toBe(2);
    for (const call of provider.calls) call.answer('x', usage(85));
    await clock.advance(3_000);
    expect([await first?.status(), await other.status()]).toEqual(['completed', 'completed']);
    expect(await second?.status()).toBe('stalled');
    await heddle.setBudget({ user: 'ann' }, { tokens: 200 });
    await clock.advance(1_500);
    expect(await second?.status()).toBe('calling-provider');
    provider.last().answer('x', usage(10));
    await clock.idle();
    expect(await second?.status()).toBe('completed');
    expect(sums(all)).toEqual({ reserved: 0, spent: 105 });
  });

  it('lets calls go on one by one as others use less than they reserved', async () => {
    const all = await world();
    const { heddle, clock, provider } = all;
    await heddle.setBudget({}, { tokens: 200 });
    const runs = await heddle.startAll(Array.from({ length: 10 }, () => start(ask)));
    let answered = 0;
    for (let i = 0; i < 40; i++) {
      await clock.advance(1_000);
      const tokens = (await heddle.budget({}))?.spent.tokens ?? 0;
      expect(tokens).toBeLessThanOrEqual(200);
      for (; answered < provider.calls.length; answered++) {
        provider.calls[answered]?.answer('x', usage(5));
      }
    }
    for (const run of runs) expect(await run.status()).toBe('completed');
    sums(all);
  });

  it('per day goes on by itself on the next day', async () => {
    const { heddle, clock, provider, store } = await world({
      budgets: { user: { tokens: 100, per: 'day' } },
    });
    const run = await heddle.start('script', start(ask, ask));
    await clock.idle();
    provider.last().answer('x', usage(50));
    await clock.advance(5_000);
    expect(await run.status()).toBe('stalled');
    // A whole day of polls would take half a minute: what was spent was spent yesterday instead.
    const { budgets } = store.database.tables;
    store.database.transaction(() => {
      for (const row of budgets.all()) budgets.put({ ...row, day: row.day - 1 });
    });
    await clock.advance(2_000);
    expect(await run.status()).toBe('calling-provider');
    expect(provider.calls).toHaveLength(2);
  });

  it('of a run binds each run for itself', async () => {
    const { heddle, clock, provider } = await world({ budgets: { run: { tokens: 150 } } });
    const runs = await heddle.startAll([start(ask, ask), start(ask, ask)]);
    await clock.idle();
    for (const call of provider.calls) call.answer('x', usage(60));
    await clock.advance(2_000);
    for (const run of runs) expect(await run.status()).toBe('stalled');
    await heddle.setBudget({ runId: runs[0]?.id ?? '' }, { tokens: 500 });
    await clock.advance(2_000);
    expect(await runs[0]?.status()).toBe('calling-provider');
    expect(await runs[1]?.status()).toBe('stalled');
  });

  it('counts what nobody knows: a cancelled call is spent whole, a refused one is not', async () => {
    const all = await world();
    const { heddle, clock, provider } = all;
    await heddle.setBudget({ user: 'ann' }, { tokens: 1_000 });
    const [cancelled, refused] = await heddle.startAll([start(ask), start(ask)]);
    await clock.idle();
    await cancelled?.cancel();
    provider.calls[1]?.fail('caller');
    await clock.advance(100);
    expect(await refused?.status()).toBe('completed');
    expect(sums(all)).toEqual({ reserved: 0, spent: 100 });
  });

  it('keeps one reservation over 429 and outage', async () => {
    const all = await world();
    const { heddle, clock, provider } = all;
    await heddle.setBudget({ user: 'ann' }, { tokens: 100 });
    const run = await heddle.start('script', start(ask));
    for (const kind of ['rate-limited', 'outage', 'rate-limited'] as const) {
      await clock.idle();
      provider.last().fail(kind);
      await clock.advance(10_000);
      expect(sums(all)).toEqual({ reserved: 100, spent: 0 });
    }
    provider.last().answer('x', usage(1));
    await clock.idle();
    expect(await run.status()).toBe('completed');
    expect(sums(all)).toEqual({ reserved: 0, spent: 6 });
  });

  it('pays twice for a call that is made again after a crash (promise 3)', async () => {
    const all = memoryWorld();
    const provider = scriptedProvider();
    const first = await all.replica({ providers: [provider] });
    await first.heddle.setBudget({ user: 'ann' }, { tokens: 1_000 });
    const run = await first.heddle.start('script', start(ask));
    await all.clock.idle();
    first.kill();
    await all.replica({ providers: [provider] });
    await all.clock.advance(10_000);
    expect(provider.calls).toHaveLength(2);
    expect(sums(all)).toEqual({ reserved: 100, spent: 100 });
    provider.last().answer('x', usage(15));
    await all.clock.idle();
    expect(all.store.database.tables.runs.all()[0]).toMatchObject({
      runId: run.id,
      status: 'completed',
    });
    expect(sums(all)).toEqual({ reserved: 0, spent: 120 });
  });

  it('is shared by replicas, and costs nothing where none is set', async () => {
    const all = memoryWorld();
    const provider = scriptedProvider({ ceiling: 20 });
    const one = await all.replica({ providers: [provider] });
    const two = await all.replica({ providers: [provider] });
    await all.clock.advance(5_000);
    await one.heddle.startAll(Array.from({ length: 4 }, () => start(ask)));
    await all.clock.advance(1_000);
    expect(all.store.database.tables.reservations.all()).toEqual([]);
    for (const call of provider.calls) call.answer('x');
    await one.heddle.setBudget({ user: 'ann' }, { tokens: 350 });
    await all.clock.advance(5_000);
    await two.heddle.startAll(Array.from({ length: 8 }, () => start(ask)));
    await all.clock.advance(5_000);
    expect(provider.calls).toHaveLength(7);
    expect(sums(all)).toEqual({ reserved: 300, spent: 0 });
  });

  it('is looked at again however many others are waited for', async () => {
    const provider = scriptedProvider({ ceiling: 2_000 });
    const { heddle, clock } = await world({ providers: [provider] });
    const users = Array.from({ length: 1_100 }, (_, i) => `user-${i}`);
    for (const user of users) await heddle.setBudget({ user }, { tokens: 50 });
    const starts = users.map((user) => ({ ...start(ask), user }));
    const parts = [0, 500, 1_000].map((at) => starts.slice(at, at + 500));
    const runs = (await Promise.all(parts.map((part) => heddle.startAll(part)))).flat();
    await clock.advance(5_000);
    expect(provider.calls).toHaveLength(0);
    // One of each part of the line, and the last of all.
    const raised = [3, 400, 900, 1_099];
    for (const i of raised) await heddle.setBudget({ user: users[i] ?? '' }, { tokens: 100 });
    await clock.advance(2_500);
    expect(provider.calls).toHaveLength(raised.length);
    for (const i of raised) expect(await runs[i]?.status()).toBe('calling-provider');
  });

  it('by default binds a call before anything was charged, and is not asked for it again', async () => {
    let granted = 0;
    const between = (store: Store): Store => ({
      ...store,
      commit: (batch) => {
        granted += batch.charges?.reserved.length ?? 0;
        return store.commit(batch);
      },
    });
    const { heddle, clock, provider } = await world({ budgets: { user: { tokens: 50 } }, between });
    const run = await heddle.start('script', start(ask));
    await clock.advance(10_000);
    expect([granted, provider.calls.length]).toEqual([1, 0]);
    expect((await run.row()).reason).toMatch(/budget of user ann \(50 tokens\) has 0 spent/);
    await heddle.setBudget({ user: 'ann' }, { tokens: 100 });
    await clock.advance(1_500);
    expect([granted, provider.calls.length]).toEqual([2, 1]);
  });

  it('that nobody waits for any more holds nobody back', async () => {
    const { heddle, clock, provider } = await world();
    await heddle.setBudget({ user: 'ann' }, { tokens: 50 });
    const first = await heddle.start('script', start(ask));
    await clock.advance(1_500);
    await first.cancel();
    await clock.idle();
    await heddle.setBudget({ user: 'ann' }, { tokens: 100 });
    await heddle.start('script', start(ask));
    await clock.idle();
    expect(provider.calls).toHaveLength(1);
  });

  it('shows in the reason what it holds now, not when the run began to wait', async () => {
    const { heddle, clock, provider } = await world();
    await heddle.setBudget({ user: 'ann' }, { tokens: 150 });
    const [, second] = await heddle.startAll([start(ask), start(ask)]);
    await clock.advance(1_500);
    expect((await second?.row())?.reason).toMatch(/\(150 tokens\) has 0 spent and 100 reserved/);
    provider.last().answer('x', usage(85));
    await clock.advance(2_500);
    expect((await second?.row())?.reason).toMatch(/\(150 tokens\) has 90 spent and 0 reserved/);
    await heddle.setBudget({ user: 'ann' }, { tokens: 170 });
    await clock.advance(2_500);
    expect((await second?.row())?.reason).toMatch(/\(170 tokens\) has 90 spent and 0 reserved/);
    expect(await second?.status()).toBe('stalled');
  });

  it('is refused by field when it makes no sense (promise 11)', async () => {
    const { heddle } = await world();
    const bad = [
      [{ user: 'ann' }, { tokens: -1 }],
      [{ user: 'ann' }, { cost: Number.NaN }],
      [{ user: 'ann' }, { per: 'week' }],
      [{ runId: 'x' }, { tokens: 1 }],
      [{ user: '' }, { tokens: 1 }],
      [{ usr: 'ann' }, { tokens: 1 }],
    ] as [object, object][];
    for (const [owner, budget] of bad) {
      await expect(heddle.setBudget(owner, budget)).rejects.toMatchObject({
        code: 'invalid-field',
      });
    }
  });
});
