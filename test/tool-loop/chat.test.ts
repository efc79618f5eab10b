/** A loop that stays open: its prompts, its replies, its ends, and what a crash leaves of it. */
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  tool,
  toolLoop,
  type Run,
  type ToolLoopBounds,
  type ToolLoopChat,
  type ToolLoopOptions,
} from '../../src/index.ts';
import { testHeddle, type ModelScript, type TestHeddle } from '../../src/testing/index.ts';
import { memoryWorld } from '../support/replica.ts';
import { model as told } from './model.ts';

let t: TestHeddle;
afterEach(() => t.close());

const look = tool({
  description: 'Looks.',
  schema: z.object({}),
  run: () => Promise.resolve('seen'),
});
const chatOf = (chat: ToolLoopChat = {}, options: Partial<ToolLoopOptions> = {}) =>
  toolLoop({ id: 'chat', builtIn: [], tools: { look }, chat, ...options });
/** Says what it is asked, so that each answer shows its prompt. */
const echo: ModelScript = ({ messages }) => `re: ${messages.at(-1)?.content ?? ''}`;

async function opened(
  chat: ToolLoopChat = {},
  {
    answers = echo,
    prompt = '',
    bounds = {},
  }: {
    readonly answers?: ModelScript;
    readonly prompt?: string;
    readonly bounds?: ToolLoopBounds;
  } = {},
) {
  t = await testHeddle({ agents: [chatOf(chat, { bounds })], model: answers });
  const run = await t.start('chat', { input: { prompt } });
  await t.settle();
  return run;
}

const say = (run: Run, payload: unknown) => t.publish(`chat/${run.id}/prompts`, payload);

/** What the chat has replied so far. */
async function replies(run: Run): Promise<unknown[]> {
  const at = `chat/${run.id}/replies`;
  const messages = await t.receive(at, { group: 'test', max: 100 });
  for (const message of messages) await t.acknowledge(message, { group: 'test' });
  return messages.map(({ payload }) => payload);
}

describe('a chat', () => {
  it('answers each prompt, emits the answer, and ends when it is idle', async () => {
    const run = await opened({ idleMs: 60_000 }, { prompt: 'Hello' });
    const heard: unknown[] = [];
    run.on('answered', (event) => heard.push(event));
    expect(await replies(run)).toEqual([
      { type: 'answered', prompt: null, end: 'answered', text: 're: Hello', stopReason: 'end' },
    ]);
    await t.advance('59s');
    expect(await run.status()).toBe('waiting-on-channel');
    const { messageId } = await say(run, 'More');
    await t.settle();
    const answered = {
      type: 'answered',
      prompt: messageId,
      end: 'answered',
      text: 're: More',
      stopReason: 'end',
    };
    expect(await replies(run)).toEqual([answered]);
    expect(heard).toEqual([answered]);
    await t.advance('60s');
    expect(await run.output()).toEqual({
      end: 'idle',
      text: 're: More',
      iterations: 2,
      tokens: 4,
      prompts: 2,
      stopReason: 'end',
    });
    expect(t.model.calls[1]?.messages.map(({ content }) => content)).toEqual([
      'Hello',
      're: Hello',
      'More',
    ]);
  });

  it('loses no prompt that comes while it replies: each has its own answer, in order', async () => {
    const slow: ModelScript = ({ messages }) => ({
      text: `re: ${messages.at(-1)?.content ?? ''}`,
      after: '10s',
    });
    const run = await opened({ idleMs: 600_000 }, { answers: slow });
    for (const prompt of ['a', 'b', 'c']) {
      await say(run, prompt);
      await t.advance('2s');
    }
    await t.advance('60s');
    expect(await replies(run)).toMatchObject(['a', 'b', 'c'].map((of) => ({ text: `re: ${of}` })));
  });

  it('takes what was published before the run began, and at the moment at which it was idle', async () => {
    const run = await opened({ channel: () => 'desk', idleMs: 1_000 });
    await t.publish('desk', 'late', { delayMs: 1_000 });
    await t.advance('1s');
    await t.settle();
    const messages = await t.receive('desk/replies', { group: 'test' });
    expect(messages.map(({ payload }) => payload)).toMatchObject([{ text: 're: late' }]);
    await t.advance('1s');
    expect(await run.output()).toMatchObject({ end: 'idle', prompts: 1 });
  });

  it('says what is no prompt, and goes on', async () => {
    const run = await opened();
    for (const payload of ['  ', 7, null, { text: 'x' }, { content: [{ type: 'video' }] }]) {
      await say(run, payload);
    }
    await say(run, 'x'.repeat(600_000));
    await say(run, { content: [{ type: 'text', text: 'fine' }] });
    await t.settle();
    const said = await replies(run);
    expect(said.slice(0, 6)).toEqual(
      said.slice(0, 6).map(() => expect.objectContaining({ type: 'rejected' }) as object),
    );
    expect(said[6]).toMatchObject({ type: 'answered', text: 're: fine' });
    expect(t.model.calls).toHaveLength(1);
  });

  it('says that a call has failed, and goes on', async () => {
    const run = await opened({}, { answers: [{ status: 422, message: 'no' }, 'Again.'] });
    await say(run, 'one');
    await say(run, 'two');
    await t.settle();
    expect(await replies(run)).toMatchObject([
      { type: 'failed', reason: expect.any(String) as string },
      { type: 'answered', text: 'Again.' },
    ]);
  });
});

describe('bounds', () => {
  const always: ModelScript = () => ({ toolCalls: [{ name: 'look', input: {} }] });

  const look1 = { text: 'I look.', toolCalls: [{ name: 'look' }] };

  it('of one answer stop that answer, and the chat goes on', async () => {
    const bounds = { iterationsMax: 2 };
    const run = await opened({}, { answers: always, bounds });
    await say(run, 'one');
    await say(run, 'two');
    await t.settle();
    const stopped = { type: 'stopped', end: 'iterations' };
    expect(await replies(run)).toMatchObject([stopped, stopped]);
    expect(t.model.calls).toHaveLength(4);
    expect(await run.status()).toBe('waiting-on-channel');
  });

  it('of time too: the reply has what the model has said to this prompt', async () => {
    const answers = [{ hang: true }, 'Quick.', { hang: true }, look1, { hang: true }] as const;
    const run = await opened({ idleMs: 60_000 }, { answers, bounds: { timeMs: 5_000 } });
    for (const prompt of ['one', 'two', 'three', 'four']) {
      await say(run, prompt);
      await t.advance('5s');
    }
    const silent = { type: 'stopped', end: 'time', text: '', stopReason: null };
    expect(await replies(run)).toMatchObject([
      silent,
      { type: 'answered', text: 'Quick.' },
      silent,
      { type: 'stopped', end: 'time', text: 'I look.', stopReason: 'tool-calls' },
    ]);
    await t.advance('60s');
    expect(await run.output()).toMatchObject({ end: 'idle', text: 'I look.' });
  });

  it('of its life end the chat: prompts, tokens, time', async () => {
    for (const [chat, end] of [
      [{ promptsMax: 2 }, 'prompts'],
      [{ tokensMax: 3 }, 'tokens'],
      [{ lifeMs: 50_000 }, 'time'],
    ] as const) {
      const run = await opened(chat);
      await say(run, 'one');
      await say(run, 'two');
      await t.advance('50s');
      expect(await run.output()).toMatchObject({ end, prompts: 2 });
      await t.close();
    }
  });

  it('a full context ends it, and the reply says so', async () => {
    const run = await opened({}, { answers: [{ text: 'So', stopReason: 'context-full' }] });
    await say(run, 'one');
    await t.settle();
    expect(await replies(run)).toMatchObject([{ type: 'stopped', end: 'context-full' }]);
    expect(await run.output()).toMatchObject({ end: 'context-full' });
  });
});

describe('promise 5: a crash', () => {
  it.each([1, 2, 3, 4])('before or after turn %i loses and doubles no reply', async (turn) => {
    for (const when of ['before', 'after'] as const) {
      t = await testHeddle({ agents: [chatOf({ channel: () => 'desk' })], model: echo });
      await t.publish('desk', 'b');
      await t.publish('desk', 'c');
      t.crashAt({ [when]: 'commit', agent: 'chat', turn } as never);
      await t
        .start('chat', { input: { prompt: 'a' }, idempotencyKey: 'one' })
        .catch(() => undefined);
      await t.settle();
      const run = await t.start('chat', { input: { prompt: 'a' }, idempotencyKey: 'one' });
      await t.advance('1m');
      const messages = await t.receive('desk/replies', { group: 'test' });
      const texts = messages.map(({ payload: reply }) => (reply as { readonly text: string }).text);
      expect(await run.status()).toBe('waiting-on-channel');
      expect(texts, `${when} ${turn}`).toEqual(['re: a', 're: b', 're: c']);
      await t.close();
    }
  });
});

it('no turn grows with the length of a chat', async () => {
  async function longestOf(prompts: number): Promise<number> {
    const world = memoryWorld();
    const sizes: number[] = [];
    const replica = await world.replica({
      agents: [chatOf()],
      providers: [told(() => ({ text: 'So it is. '.repeat(20) }))],
      between: (store) => ({
        ...store,
        commit: (batch) => {
          for (const { chartText, heldText, journalText } of batch.turns) {
            sizes.push([chartText, heldText, journalText].join('').length);
          }
          return store.commit(batch);
        },
      }),
    });
    const run = await replica.heddle.start('chat', { input: { prompt: '' } });
    for (let i = 0; i < prompts; i++) {
      await replica.heddle.publish(`chat/${run.id}/prompts`, 'And then? '.repeat(20));
      await world.clock.idle();
    }
    return Math.max(...sizes);
  }
  expect(await longestOf(30)).toBeLessThan((await longestOf(3)) + 64);
});

it('promise 11: its options are checked', () => {
  for (const chat of [{ idleMs: 0 }, { channel: 'x' }, { room: 'x' }, null]) {
    expect(() => chatOf(chat as never)).toThrow(expect.objectContaining({ code: 'invalid-field' }));
  }
});
