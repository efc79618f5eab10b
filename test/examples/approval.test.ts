import { afterEach, beforeEach, expect, it } from 'vitest';
import { approval } from '../../machines/examples/approval.ts';
import { testHeddle, type TestHeddle } from '../../src/testing/index.ts';

let t: TestHeddle;

beforeEach(async () => {
  t = await testHeddle({ agents: [approval] });
});
afterEach(() => t.close());

const input = { request: 'the loom is sold' };

it('ends as the person has decided', async () => {
  const run = await t.start('approval', { input });
  await t.settle();
  const [asked] = await run.questions();
  expect(asked?.question).toBe('May this be done: the loom is sold?');
  await run.answer('ask', { approved: true, note: 'Keep the shuttles.' });
  expect(await run.output()).toEqual({ approved: true, note: 'Keep the shuttles.' });
});

it('is declined when nobody answers within three days', async () => {
  const run = await t.start('approval', { input });
  await t.advance('71h');
  expect(await run.status()).toBe('waiting-on-person');
  await t.advance('1h');
  expect(await run.output()).toMatchObject({ approved: false });
});

it('keeps its deadline while no process is there', async () => {
  const run = await t.start('approval', { input });
  await t.settle();
  await t.crash({ downFor: '4d' });
  expect(await run.output()).toMatchObject({ approved: false });
});
