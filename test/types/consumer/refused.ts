/** What a user may not write: each marked line must not compile. */
import {
  ask,
  createHeddle,
  languageModel,
  openaiCompatible,
  receive,
  tool,
  toolLoop,
  type AssistantPart,
  type GenerateMessage,
  type Heddle,
  type Json,
  type Run,
  type ToolApproval,
} from 'heddle';
import { setup } from 'xstate';
import { z } from 'zod';
import type { Opened } from './accepted.js';
import {
  asking,
  bare,
  clerk,
  type counting,
  type desk,
  loop,
  newer,
  type older,
} from './charts.js';

export async function start(heddle: Opened, plain: Heddle) {
  // @ts-expect-error: no agent has this name
  await heddle.start('clrek', { input: { shop: 'a' } });
  // @ts-expect-error: it wants an input
  await heddle.start('clerk');
  // @ts-expect-error: it wants an input
  await heddle.start(clerk);
  // @ts-expect-error: it wants an input
  await heddle.start(clerk, { tenant: 'acme' });
  // @ts-expect-error: the input is another
  await heddle.start('clerk', { input: { shop: 1 } });
  // @ts-expect-error: the input is another
  await heddle.start(clerk, { input: { shpo: 'a' } });
  // @ts-expect-error: no such option
  await heddle.start(clerk, { input: { shop: 'a' }, tennant: 'acme' });
  // @ts-expect-error: no such priority
  await heddle.start(clerk, { input: { shop: 'a' }, priority: 'high' });
  // @ts-expect-error: this chart is no agent here
  await heddle.start(asking);
  // @ts-expect-error: an object is no chart
  await heddle.start({ id: 'clerk' });
  // @ts-expect-error: the prompt is a text
  await heddle.start(loop, { input: { prompt: 1 } });
  // @ts-expect-error: it wants a prompt
  await heddle.start('loop', { input: {} });
  // @ts-expect-error: a chart has its types, wherever it is started
  await plain.start(clerk, { input: {} });
  // @ts-expect-error: one of them has no input
  await heddle.startAll([{ agent: 'clerk' }, { agent: bare }]);
  // @ts-expect-error: no agent has this name
  await heddle.startAll([{ agent: 'clrek', input: { shop: 'a' } }]);
  // @ts-expect-error: no agent has this name
  await heddle.run('id', { agent: 'clrek' });
}

export async function run(
  typed: Run<typeof clerk>,
  plain: Run,
  answered: Run<typeof asking>,
  counted: Run<typeof counting>,
) {
  const output = await typed.output();
  // @ts-expect-error: it gives no such thing
  void output.txet;
  // @ts-expect-error: JSON has no dates
  void output.endedAt.getTime();
  // @ts-expect-error: it is a number
  void output.balls.length;
  // @ts-expect-error: only a whole answer has a value
  void (await counted.output()).value.balls;
  // @ts-expect-error: the schema has no such field
  void (await counted.output()).value?.bals;
  // @ts-expect-error: nothing is known of it
  void (await plain.output()).text;
  // @ts-expect-error: it takes no such event
  await typed.send({ type: 'aprove', by: 'ada' });
  // @ts-expect-error: the event says by whom
  await typed.send({ type: 'approve' });
  // @ts-expect-error: JSON has no dates
  await typed.send({ type: 'at', time: new Date(0) });
  // @ts-expect-error: XState's own events come from XState
  await typed.send({ type: 'xstate.done.actor.clerk' });
  // @ts-expect-error: an event is an object
  await plain.send('approve');
  // @ts-expect-error: it emits no such event
  typed.on('progres', () => undefined);
  // @ts-expect-error: the event has no such field
  typed.on('progress', ({ since }) => since);
  // @ts-expect-error: the answer is another
  await answered.answer('ask', { yes: 'yes' });
  // @ts-expect-error: the answer says more
  await answered.answer('ask', {});
  // @ts-expect-error: milliseconds are a number
  await typed.output({ timeoutMs: '1s' });
}

export async function assign(heddle: Opened, plain: Heddle, any: Run, typed: Run<typeof clerk>) {
  // @ts-expect-error: another chart's run
  const other: Run<typeof older> = typed;
  // @ts-expect-error: nobody knows whose run it is
  const unknown: Run<typeof clerk> = any;
  // @ts-expect-error: nobody knows its agents
  const known: Opened = plain;
  // @ts-expect-error: the text that a name is known by while the program runs says no types
  const dynamic: Run<typeof clerk> = await heddle.start(String(1));
  const versions = await createHeddle({ agents: [bare, { machine: newer, version: '2' }] });
  // @ts-expect-error: new runs begin with the last version
  await versions.start('bare');
  const named = await createHeddle({ agents: { asking, loopOf: { machine: bare } } });
  // @ts-expect-error: no agent has this name
  await named.start('bear');
  return { other, unknown, known, dynamic };
}

export async function options() {
  // @ts-expect-error: an agent is a chart
  await createHeddle({ agents: [{ id: 'clerk' }] });
  // @ts-expect-error: agents are a list, or an object
  await createHeddle({ agents: clerk });
  // @ts-expect-error: a version is a text
  await createHeddle({ agents: [{ machine: clerk, version: 2 }] });
  // @ts-expect-error: no such option
  await createHeddle({ databaseURL: 'postgres://u@h/d' });
  // @ts-expect-error: no such setting
  await createHeddle({ settings: { permits: 1 } });
}

export const json: Json = { a: [1, null] };
// @ts-expect-error: JSON has no dates
export const date: Json = { at: new Date(0) };

export const typedActors = setup({
  actors: { orders: receive<{ readonly balls: number }>(), ask: ask<{ readonly yes: boolean }>() },
}).createMachine({
  id: 'typed',
  initial: 'a',
  states: {
    a: {
      invoke: {
        src: 'orders',
        // @ts-expect-error: it waits for channels
        input: { chanel: 'orders' },
        onDone: {
          // @ts-expect-error: the payload has no such field
          actions: ({ event }) => event.output.messages[0]?.payload.bals,
        },
      },
    },
    b: {
      invoke: {
        src: 'ask',
        input: { question: 'May I?' },
        onDone: {
          // @ts-expect-error: the answer has no such field
          actions: ({ event }) => event.output.answer.no,
        },
      },
    },
  },
});

export const wrongTool = tool({
  description: 'Weighs a yarn.',
  schema: z.object({ yarn: z.string() }),
  // @ts-expect-error: the arguments are those of the schema
  run: async ({ input }) => input.yran,
});
// @ts-expect-error: an agent has a name
export const nameless = toolLoop({ system: 'Sort the yarns.' });
// @ts-expect-error: no such bound
export const boundless = toolLoop({ id: 'loop', bounds: { iterations: 3 } });

export const unasked = tool({
  description: 'Pays money back.',
  schema: z.object({ euros: z.number() }),
  // @ts-expect-error: the arguments are those of the schema
  needsApproval: ({ euro }) => euro > 50,
  run: async ({ input }) => input.euros,
});
// @ts-expect-error: a name of a channel is made from the run
export const oneChannel = toolLoop({ id: 'chat', chat: { channel: 'desk' } });
// @ts-expect-error: no such option of a chat
export const endless = toolLoop({ id: 'chat', chat: { idle: 60_000 } });
// @ts-expect-error: no such decision
export const perhaps: ToolApproval = { decision: 'perhaps' };
// @ts-expect-error: an edit has the new arguments
export const edited: ToolApproval = { decision: 'edit' };

export async function chatted(run: Run<typeof desk>) {
  // @ts-expect-error: it emits no such event
  run.on('answer', () => undefined);
  // @ts-expect-error: a failure has no text
  run.on('failed', ({ text }) => text);
  // @ts-expect-error: no such end
  return (await run.output()).end === 'bored';
}

export const providers = [
  // @ts-expect-error: it has no ceiling by itself
  openaiCompatible({ name: 'vllm', baseUrl: 'http://localhost:8000/v1', model: 'm' }),
  // @ts-expect-error: it says where the server is
  openaiCompatible({ name: 'vllm', model: 'm', ceiling: 4 }),
  // @ts-expect-error: a name is no model of the AI SDK
  languageModel('gpt-5'),
];

const value = { type: 'json', value: 1 } as const;
// @ts-expect-error: a person says no JSON
export const user: GenerateMessage = { role: 'user', content: '', parts: [value] };
// @ts-expect-error: a result names its call
export const result: GenerateMessage = { role: 'tool', content: '1' };
// @ts-expect-error: bytes have a media type
export const image: AssistantPart = { type: 'image', data: 'AAAA' };
