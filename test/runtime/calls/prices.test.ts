/** What calls cost where each model has a price of its own, from the reservation to the answer. */
import { describe, expect, it } from 'vitest';
import type { Json, Provider } from '../../../src/index.ts';
import type { Charges } from '../../../src/store/charges.ts';
import { oneReplica } from '../../support/replica.ts';
import type { ScriptStep } from '../../support/script-agent.ts';
import { scriptedProvider } from '../../support/scripted-provider.ts';

const perToken = (input: number, output: number) => ({
  input: input * 1_000_000,
  output: output * 1_000_000,
});
const models = ['small', 'big', 'home'];
const pricePerMillion = { small: perToken(1, 1), big: perToken(2, 4) };
const tiers = { fine: 'big' };

const priced = (more: Partial<Provider>) => Object.assign(scriptedProvider(), more);

/** Five tokens in, and at most 95 out. */
function start(more: object) {
  const prompt = 'twenty characters ..';
  const steps: ScriptStep[] = [{ do: 'generate', with: { prompt, maxTokens: 95, ...more } }];
  return { agent: 'script', user: 'ann', input: { steps } as unknown as Json };
}

async function world(more: Partial<Provider> = { models, tiers, pricePerMillion }) {
  const provider = priced(more);
  const all = await oneReplica({ providers: [provider] });
  await all.heddle.setBudget({ user: 'ann' }, { cost: 1_000 });
  const sums = async () => {
    const budget = await all.heddle.budget({ user: 'ann' });
    return { reserved: budget?.reserved.cost, spent: budget?.spent.cost };
  };
  return { ...all, provider, sums };
}

const usage = { inputTokens: 5, outputTokens: 10 };

describe('a price for each model', () => {
  it.each([
    ['the first one', {}, 100, 15],
    ['the one that is named', { model: 'big' }, 390, 50],
    ['the one of a tier', { tier: 'fine' }, 390, 50],
    ['one that has none', { model: 'home' }, 0, 0],
  ])('counts from the reservation on: %s', async (_what, more, reserved, spent) => {
    const { heddle, clock, provider, sums } = await world();
    await heddle.start('script', start(more));
    await clock.idle();
    expect(await sums()).toEqual({ reserved, spent: 0 });
    provider.last().answer('x', { usage, model: 'dated-20261021' });
    await clock.idle();
    expect(await sums()).toEqual({ reserved: 0, spent });
  });

  it('counts tokens of a cache and of reasoning by prices of their own, where they have one', async () => {
    const own = { input: 1e6, output: 2e6, cacheRead: 0, cacheWrite: 5e6, reasoning: 10e6 };
    const { heddle, clock, provider, sums } = await world({ models: ['m'], pricePerMillion: own });
    await heddle.start('script', start({}));
    await clock.idle();
    // The dearest of each side: 5 tokens that may all be written to a cache, 95 that may all be thought.
    expect(await sums()).toEqual({ reserved: 5 * 5 + 95 * 10, spent: 0 });
    const used = { cacheReadTokens: 3, cacheWriteTokens: 1, reasoningTokens: 4 };
    provider.last().answer('x', { usage: { ...usage, ...used } });
    await clock.idle();
    expect(await sums()).toEqual({ reserved: 0, spent: 1 * 1 + 1 * 5 + 6 * 2 + 4 * 10 });
  });

  it('is that of the model that answered', async () => {
    const { heddle, clock, provider, sums } = await world();
    await heddle.start('script', start({ model: 'big' }));
    await clock.idle();
    provider.last().answer('x', { usage, model: 'small' });
    await clock.idle();
    expect(await sums()).toEqual({ reserved: 0, spent: 15 });
  });

  it('is the dearest where a provider says nothing of its models', async () => {
    const { heddle, clock, provider, sums } = await world({
      pricePerMillion: { a: perToken(1, 3), b: perToken(2, 1) },
    });
    await heddle.start('script', start({}));
    await clock.idle();
    expect(await sums()).toEqual({ reserved: 5 * 2 + 95 * 3, spent: 0 });
    provider.last().answer('x', { usage, model: 'b' });
    await clock.idle();
    expect(await sums()).toEqual({ reserved: 0, spent: 20 });
  });

  it('says which calls fit, and a run that waits says what it needs', async () => {
    const { heddle, clock, provider } = await world();
    await heddle.setBudget({ user: 'ann' }, { cost: 150 });
    const big = await heddle.start('script', start({ model: 'big' }));
    await clock.idle();
    expect((await big.row()).reason).toMatch(/budget of user ann \(150 of cost\).*up to 390/);
    const small = await heddle.start('script', start({}));
    await clock.advance(5_000);
    expect(await big.status()).toBe('stalled');
    expect(await small.status()).toBe('calling-provider');
    expect(provider.calls).toHaveLength(1);
    await heddle.setBudget({ user: 'ann' }, { cost: 500 });
    await clock.advance(2_000);
    expect(await big.status()).toBe('calling-provider');
  });

  it('holds a call that may go anywhere until the cheapest place fits', async () => {
    const dear = priced({ name: 'dear', pricePerMillion: perToken(9, 9) });
    const cheap = priced({ name: 'cheap', models, pricePerMillion });
    let commits = 0;
    const { heddle, clock } = await oneReplica({
      providers: [dear, cheap],
      between: (store) => ({
        ...store,
        commit: (batch) => {
          if ((batch.charges?.reserved.length ?? 0) > 0) commits += 1;
          return store.commit(batch);
        },
      }),
    });
    await heddle.setBudget({ user: 'ann' }, { cost: 99 });
    const run = await heddle.start('script', start({}));
    await clock.advance(10_000);
    expect(await run.status()).toBe('stalled');
    // It is not sent to a commit again and again that cannot have room for it.
    expect(commits).toBe(1);
    await heddle.setBudget({ user: 'ann' }, { cost: 100 });
    await clock.advance(5_000);
    expect([dear.calls.length, cheap.calls.length]).toEqual([0, 1]);
  });

  describe('of a second attempt', () => {
    const two = async (cost: number) => {
      const cheap = priced({ name: 'cheap', pricePerMillion: perToken(1, 1) });
      const dear = priced({ name: 'dear', pricePerMillion: perToken(3, 3) });
      const charged: Charges[] = [];
      const all = await oneReplica({
        providers: [cheap, dear],
        between: (store) => ({
          ...store,
          commit: (batch) => {
            if (batch.charges !== undefined) charged.push(batch.charges);
            return store.commit(batch);
          },
        }),
      });
      await all.heddle.setBudget({ user: 'ann' }, { cost });
      const run = await all.heddle.start('script', start({ providers: ['cheap', 'dear'] }));
      await all.clock.idle();
      const sums = async () => {
        const budget = await all.heddle.budget({ user: 'ann' });
        return { reserved: budget?.reserved.cost, spent: budget?.spent.cost };
      };
      expect(await sums()).toEqual({ reserved: 100, spent: 0 });
      return { ...all, charged, cheap, dear, run, sums };
    };

    it('at a dearer provider is reserved in place of the first', async () => {
      const { clock, cheap, dear, sums } = await two(300);
      cheap.last().fail('rate-limited', 60_000);
      // The reservation that it has is not counted where a commit looks for room, but soon after.
      await clock.advance(2_000);
      expect(dear.calls).toHaveLength(1);
      expect(await sums()).toEqual({ reserved: 300, spent: 0 });
      dear.last().answer('x', { usage });
      await clock.idle();
      expect(await sums()).toEqual({ reserved: 0, spent: 45 });
    });

    it('is not made where that does not fit, and holds nothing while it waits', async () => {
      const { clock, heddle, charged, cheap, dear, run, sums } = await two(299);
      cheap.last().fail('rate-limited', 60_000);
      await clock.advance(5_000);
      // One commit gives back and asks: what is refused there stays given back.
      expect(charged[1]).toMatchObject({
        settled: [{ spent: { micros: 0 } }],
        reserved: [{ amount: { micros: 300_000_000 } }],
      });
      expect(dear.calls).toHaveLength(0);
      expect(await sums()).toEqual({ reserved: 0, spent: 0 });
      await clock.advance(60_000);
      expect(cheap.calls).toHaveLength(2);
      expect(await sums()).toEqual({ reserved: 100, spent: 0 });
      cheap.last().answer('x', { usage });
      await clock.idle();
      expect(await run.status()).toBe('completed');
      expect(await heddle.budget({ user: 'ann' })).toMatchObject({ spent: { cost: 15 } });
    });

    it('at a cheaper one stands on the first', async () => {
      const { clock, cheap, dear, sums } = await two(1_000);
      cheap.last().fail('rate-limited', 3_000);
      await clock.idle();
      dear.last().fail('rate-limited', 60_000);
      await clock.advance(10_000);
      expect(cheap.calls).toHaveLength(2);
      expect(await sums()).toEqual({ reserved: 300, spent: 0 });
    });
  });

  it.each([
    ['a model that is not served', { models, pricePerMillion: { huge: perToken(1, 1) } }, 'huge'],
    ['what is no number', { pricePerMillion: { input: Number.NaN, output: 1 } }, 'input'],
  ])('is refused by field: %s (promise 11)', async (_what, more, at) => {
    await expect(oneReplica({ providers: [priced(more)] })).rejects.toMatchObject({
      code: 'invalid-field',
      detail: { field: `providers.scripted.pricePerMillion.${at}` },
    });
  });
});
