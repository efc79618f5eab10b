/** The agents that a reader meets first, each to its ends. */
import { expect, it } from 'vitest';
import { approval } from '../../machines/examples/approval.ts';
import { greeter } from '../../machines/examples/greeter.ts';
import { clerk, shop } from '../../machines/examples/tool-loop.ts';
import { oneReplica } from '../support/replica.ts';
import { scriptedProvider } from '../support/scripted-provider.ts';

it('greets', async () => {
  const model = scriptedProvider({ onCall: ({ answer }) => answer('Hello, weavers.') });
  const { clock, heddle } = await oneReplica({ agents: [greeter], providers: [model] });
  const run = await heddle.start('greeter');
  await clock.idle();
  expect(await run.output()).toBe('Hello, weavers.');
});

it('ends as the person has decided', async () => {
  const { clock, heddle } = await oneReplica({ agents: [approval] });
  const input = { request: 'the loom is sold' };
  const answered = await heddle.start('approval', { input });
  await clock.idle();
  await answered.answer('ask', { approved: true });
  await clock.idle();
  expect(await answered.output()).toEqual({ approved: true, note: '' });
});

it('looks up the stock and reserves what was ordered', async () => {
  const order = { yarn: 'merino', balls: 4 };
  const calls = [
    { id: 'a', name: 'stock', input: { yarn: 'merino' } },
    { id: 'b', name: 'reserve', input: order },
  ];
  const model = scriptedProvider({
    onCall: ({ answer }) => {
      const call = calls.shift();
      if (call === undefined) answer('Reserved.');
      else answer('', { stopReason: 'tool-calls', toolCalls: [call] });
    },
  });
  const { clock, heddle } = await oneReplica({ agents: [clerk], providers: [model] });
  const run = await heddle.start('clerk', { input: { prompt: 'Four balls of merino, please.' } });
  await clock.advance(1_000);
  expect(await run.output()).toMatchObject({ end: 'answered', text: 'Reserved.' });
  expect([...shop.reservations.values()]).toEqual([order]);
});
