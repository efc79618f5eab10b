import { afterEach, beforeEach, expect, it } from 'vitest';
import { desk, refunds } from '../../machines/examples/desk.ts';
import { testHeddle, type TestHeddle } from '../../src/testing/index.ts';

const asksFor = (euros: number) => ({ toolCalls: [{ name: 'refund', input: { euros } }] });
const input = { prompt: '' };

let t: TestHeddle;

beforeEach(() => refunds.clear());
afterEach(() => t.close());

it('answers one prompt after the other, and ends when nobody asks any more', async () => {
  t = await testHeddle({ agents: [desk], model: ['Until six.', asksFor(8), 'Eight are yours.'] });
  const run = await t.start('desk', { input });
  await t.publish(`chat/${run.id}/prompts`, 'When do you close?');
  await t.publish(`chat/${run.id}/prompts`, 'I bring back a ball of merino.');
  await t.settle();
  const replies = await t.receive(`chat/${run.id}/replies`, { group: 'page', max: 10 });
  expect(replies.map(({ payload }) => payload)).toMatchObject([
    { type: 'answered', text: 'Until six.' },
    { type: 'answered', text: 'Eight are yours.' },
  ]);
  expect([...refunds.values()]).toEqual([8]);
  await t.advance('1h');
  expect(await run.output()).toMatchObject({ end: 'idle', prompts: 2 });
});

it('asks the shop before it pays a large sum, also over a crash', async () => {
  t = await testHeddle({ agents: [desk], model: [asksFor(80), 'Eighty are yours.'] });
  const run = await t.start('desk', { input: { prompt: 'I bring back the loom.' } });
  await t.settle();
  const [asked] = await run.questions();
  expect(asked).toMatchObject({ assignee: 'shop', data: { arguments: { euros: 80 } } });
  expect(refunds.size).toBe(0);
  await t.crash({ downFor: '2h' });
  await run.answer(asked?.askId ?? '', { decision: 'allow' });
  await t.settle();
  expect([...refunds.values()]).toEqual([80]);
  const [reply] = await t.receive(`chat/${run.id}/replies`, { group: 'page' });
  expect(reply?.payload).toMatchObject({ type: 'answered', text: 'Eighty are yours.' });
});

it('pays nothing when the shop denies it, and tells the model why', async () => {
  t = await testHeddle({ agents: [desk], model: [asksFor(80), 'I am sorry.'] });
  const run = await t.start('desk', { input: { prompt: 'I bring back the loom.' } });
  await t.settle();
  const [asked] = await run.questions();
  await run.answer(asked?.askId ?? '', { decision: 'deny', reason: 'It is worn.' });
  await t.settle();
  expect(refunds.size).toBe(0);
  expect(t.model.calls[1]?.messages.at(-1)).toMatchObject({
    role: 'tool',
    content: expect.stringContaining('It is worn.') as string,
  });
});
