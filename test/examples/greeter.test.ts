import { expect, it } from 'vitest';
import { greeter } from '../../machines/examples/greeter.ts';
import { testHeddle } from '../../src/testing/index.ts';

it('says what the model says', async () => {
  const t = await testHeddle({ agents: [greeter], model: ['Hello, weavers.'] });
  const run = await t.start('greeter');
  expect(await run.output()).toBe('Hello, weavers.');
  expect(t.model.calls[0]?.prompt).toBe('Say hello to the weavers.');
  await t.close();
});

it('waits as long as the provider asks, and then goes on', async () => {
  const t = await testHeddle({
    agents: [greeter],
    model: [{ status: 429, retryAfterMs: 30_000 }, 'Hello.'],
  });
  const run = await t.start('greeter');
  await t.advance('29s');
  expect(t.model.calls.length).toBe(1);
  await t.advance('1s');
  expect(await run.output()).toBe('Hello.');
  await t.close();
});

it('comes through an outage and an answer that is cut', async () => {
  const t = await testHeddle({
    agents: [greeter],
    model: [{ status: 503 }, { broken: 'cut', text: 'Hel' }, 'Hello.'],
  });
  const run = await t.start('greeter');
  expect(await t.finish(run, { within: '10m' })).toBe('Hello.');
  expect(t.model.calls.map(({ state }) => state)).toEqual(['failed', 'failed', 'answered']);
  await t.close();
});

it('asks again after a crash that came in the middle of the call', async () => {
  const t = await testHeddle({ agents: [greeter], model: [{ text: 'Hello.', after: '10s' }] });
  const run = await t.start('greeter');
  await t.advance('5s');
  await t.crash();
  expect(await t.finish(run)).toBe('Hello.');
  expect(t.model.calls.map(({ state }) => state)).toEqual(['unanswered', 'answered']);
  await t.close();
});
