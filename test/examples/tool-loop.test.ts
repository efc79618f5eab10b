import { beforeEach, expect, it } from 'vitest';
import { clerk, shop } from '../../machines/examples/tool-loop.ts';
import { testHeddle } from '../../src/testing/index.ts';

const input = { prompt: 'Four balls of merino, please.' };
const model = [
  { toolCalls: [{ name: 'stock', input: { yarn: 'merino' } }] },
  { toolCalls: [{ name: 'reserve', input: { yarn: 'merino', balls: 4 } }] },
  'Four balls are reserved.',
];

beforeEach(() => shop.reservations.clear());

it('looks up the stock, then reserves', async () => {
  const t = await testHeddle({ agents: [clerk], model });
  const run = await t.start('clerk', { input });
  expect(await run.output()).toMatchObject({ end: 'answered', text: 'Four balls are reserved.' });
  expect([...shop.reservations.values()]).toEqual([{ yarn: 'merino', balls: 4 }]);
  expect(t.model.calls[1]?.messages.at(-1)).toMatchObject({
    role: 'tool',
    content: '{"balls":12}',
  });
  await t.close();
});

it('reserves once, though a crash kept the reservation from being recorded', async () => {
  const t = await testHeddle({ agents: [clerk], model });
  const run = await t.start('clerk', { input });
  t.crashAt({ before: 'commit', run, turn: 5 });
  expect(await run.output()).toMatchObject({ end: 'answered' });
  expect(shop.reservations.size).toBe(1);
  await t.close();
});
