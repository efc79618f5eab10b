/**
 * One story that every test runner plays with the packed package: an agent with all that has to do with
 * realms, time and crashes. It ends by itself, so it also shows that nothing keeps the process alive.
 */
import assert from 'node:assert/strict';
import { HeddleError, catalogue, task, tool, toolLoop } from 'heddle';
import { testHeddle } from 'heddle/testing';
import { assign, setup } from 'xstate';
import { z } from 'zod';

const keep = (pick) => assign({ kept: ({ context, event }) => [...context.kept, pick(event)] });
const step = (src, input, target, pick) => ({
  invoke: {
    id: src,
    src,
    input,
    onDone: { target, actions: keep(({ output }) => pick(output)) },
    onError: { target, actions: keep(({ error }) => error.message) },
  },
});

const traveller = setup({
  actors: {
    ...catalogue,
    work: task(async ({ input }) => ({ ...input, list: [{ none: null }], at: new Date(0) })),
    fails: task(async () => Promise.reject(new TypeError('not today')), { attempts: 1 }),
  },
}).createMachine({
  id: 'traveller',
  context: ({ input }) => ({ input, kept: [] }),
  initial: 'generate',
  states: {
    generate: step('generate', { prompt: 'Hello?' }, 'work', ({ text }) => text),
    work: step(
      'work',
      ({ context }) => context.input,
      'fails',
      (output) => output,
    ),
    fails: step('fails', undefined, 'ask', () => null),
    ask: step('ask', { question: 'Go on?' }, 'sleep', ({ answer }) => answer),
    sleep: { after: { 86_400_000: 'remember' } },
    remember: step('remember', { scope: 'user', key: 'k', value: { a: [1] } }, 'receive', () => 1),
    receive: step('receive', { channel: 'news' }, 'end', ({ messages }) => messages[0].payload),
    end: { type: 'final' },
  },
  output: ({ context }) => context.kept,
});

const weigh = tool({
  description: 'Weighs a yarn.',
  schema: z.object({ yarn: z.string() }),
  run: async ({ input }) => ({ grams: input.yarn.length }),
});
const clerk = toolLoop({ id: 'clerk', builtIn: [], tools: { weigh } });

export async function story() {
  const t = await testHeddle({
    agents: [traveller],
    model: [
      { status: 429, retryAfterMs: 1_000 },
      { text: 'Hello.', after: '3s' },
    ],
  });
  const run = await t.start('traveller', { input: { deep: { list: [] } } });
  await t.advance('2s');
  await t.crash();
  await t.advance('10s');
  const late = run.answer('nothing', {});
  await assert.rejects(late, (error) => error instanceof HeddleError && error instanceof Error);
  await run.answer('ask', { yes: true });
  await t.advance('1d');
  t.crashAt({ before: 'commit', run });
  await t.publish('news', { headline: ['x'] });
  const work = { deep: { list: [] }, list: [{ none: null }], at: '1970-01-01T00:00:00.000Z' };
  const kept = ['Hello.', work, 'not today', { yes: true }, 1, { headline: ['x'] }];
  assert.equal(JSON.stringify(await run.output()), JSON.stringify(kept));
  assert.equal(JSON.stringify((await t.recall({ scope: 'user' }, 'k')).value), '{"a":[1]}');
  await t.close();

  const call = { toolCalls: [{ name: 'weigh', input: { yarn: 'merino' } }] };
  const shop = await testHeddle({ agents: [clerk], model: [call, 'Done.'] });
  const order = await shop.start('clerk', { input: { prompt: 'Weigh the merino.' } });
  assert.equal((await order.output()).text, 'Done.');
  assert.match(shop.model.calls[1].messages.at(-1).content, /6/);
  await shop.close();
}
