/** Tool calls that a person must allow: asked, answered, left, late, twice, and over a crash. */
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  tool,
  toolLoop,
  type AuthorTool,
  type Run,
  type StandardSchema,
  type ToolApproval,
  type ToolLoopOptions,
} from '../../src/index.ts';
import { testHeddle, type ModelAnswer, type TestHeddle } from '../../src/testing/index.ts';

let t: TestHeddle;
let sent: { readonly to: string; readonly key: string }[] = [];
afterEach(async () => {
  await t.close();
  sent = [];
});

const mail = z.object({ to: z.string() });
function sending(of: Partial<AuthorTool> = {}): AuthorTool {
  const made = tool({
    description: 'Sends a mail.',
    schema: mail,
    needsApproval: true,
    run: ({ input, idempotencyKey }) => {
      sent.push({ to: input.to, key: idempotencyKey });
      return Promise.resolve('sent');
    },
  });
  return { ...made, ...of };
}
const look = tool({
  description: 'Looks.',
  schema: z.object({}),
  run: () => Promise.resolve('seen'),
});
const send = (to: unknown) => ({ name: 'send', input: { to } as never });
const looks = { name: 'look', input: {} };

async function begun(
  calls: NonNullable<Exclude<ModelAnswer, string> & { toolCalls?: unknown }>['toolCalls'],
  options: Partial<ToolLoopOptions> = {},
  of: Partial<AuthorTool> = {},
) {
  const loop = toolLoop({
    id: 'clerk',
    builtIn: [],
    tools: { send: sending(of), look },
    ...options,
  });
  t = await testHeddle({
    agents: [loop],
    model: [{ toolCalls: calls as never }, 'Done.', 'Done.'],
  });
  const run = await t.start('clerk', { input: { prompt: 'Write to them.' } });
  await t.settle();
  return run;
}

/** What the model was told of its tool calls, errors in lists of their own. */
function told(): unknown[] {
  const messages = t.model.calls.at(-1)?.messages ?? [];
  return messages.flatMap((message) => {
    if (message.role !== 'tool') return [];
    return [message.isError === true ? [message.content] : message.content];
  });
}

describe('a person is asked', () => {
  it('with the tool, its arguments and their schema, and by name', async () => {
    const run = await begun([send('ada')], {}, { assignee: 'office' });
    expect(await run.status()).toBe('waiting-on-person');
    const [asked] = await run.questions();
    expect(asked).toMatchObject({
      question: 'May the tool send be called?',
      assignee: 'office',
      data: {
        tool: 'send',
        arguments: { to: 'ada' },
        schema: { properties: { to: { type: 'string' } } },
      },
    });
    expect(await t.questions()).toMatchObject([{ ...asked }]);
    expect(sent).toEqual([]);
    await run.answer(asked?.askId ?? '', { decision: 'allow' });
    expect(await run.output()).toMatchObject({ end: 'answered' });
    expect(told()).toEqual(['sent']);
    expect(sent).toHaveLength(1);
  });

  it('and denies: the model reads the reason', async () => {
    const run = await begun([send('ada')]);
    await run.answer('approve-0', { decision: 'deny', reason: 'She is away.' });
    await run.output();
    expect(told()).toEqual([['A person has denied this call of send: She is away.']]);
    expect(sent).toEqual([]);
  });

  it('and edits: the history keeps the call, the result tells the edit', async () => {
    const run = await begun([send('ada')]);
    await run.answer('approve-0', { decision: 'edit', arguments: { to: 'bob' } });
    await run.output();
    expect(told()).toEqual([
      'A person has changed the arguments of this call to {"to":"bob"}.\nsent',
    ]);
    expect(sent).toMatchObject([{ to: 'bob' }]);
    expect(t.model.calls.at(-1)?.messages).toContainEqual(
      expect.objectContaining({
        toolCalls: [expect.objectContaining({ input: { to: 'ada' } })],
      }),
    );
  });

  it('and writes what is no answer: it is refused, and the question stays open', async () => {
    const run = await begun([send('ada')]);
    for (const answer of [
      'yes',
      true,
      { decision: 'maybe' },
      { decision: 'edit' },
      { decision: 'edit', arguments: { to: 7 } },
    ]) {
      await expect(run.answer('approve-0', answer as never)).rejects.toMatchObject({
        code: 'answer-invalid',
      });
    }
    expect(await run.questions()).toHaveLength(1);
    expect(sent).toEqual([]);
  });

  it('and edits, by a schema that refers to itself', async () => {
    const pair = { type: 'object', properties: { to: { $ref: '#/$defs/name' } }, required: ['to'] };
    const inputSchema = { ...pair, $defs: { name: { type: 'string' } } };
    const run = await begun([send('ada')], {}, { inputSchema });
    await expect(
      run.answer('approve-0', { decision: 'edit', arguments: { to: 7 } }),
    ).rejects.toMatchObject({ code: 'answer-invalid' });
    await run.answer('approve-0', { decision: 'edit', arguments: { to: 'bob' } });
    expect(await run.output()).toMatchObject({ end: 'answered' });
  });

  it('and nobody answers: the call is denied at its time', async () => {
    const run = await begun([send('ada')], { approvalTimeoutMs: 60_000 });
    await t.advance('59s');
    expect(await run.status()).toBe('waiting-on-person');
    await t.advance('1s');
    expect(await run.output()).toMatchObject({ end: 'answered' });
    const words = 'Nobody has allowed this call of send in time, so it was not carried out.';
    expect(told()).toEqual([[words]]);
    expect(sent).toEqual([]);
  });
});

describe('whether a person is asked', () => {
  const calls = [send('ada'), send('bob')];

  it('a function says, for what the schema makes of the arguments', async () => {
    const seen: unknown[] = [];
    const run = await begun(
      calls,
      {},
      {
        schema: z.object({ to: z.string().transform((to) => to.toUpperCase()) }),
        inputSchema: { type: 'object' },
        needsApproval: ((input: { to: string }) => {
          seen.push(input);
          return input.to === 'BOB';
        }) as never,
      },
    );
    expect((await run.questions()).map(({ invocationId }) => invocationId)).toEqual(['approve-1']);
    expect(seen).toEqual([{ to: 'ADA' }, { to: 'BOB' }]);
    expect(sent).toMatchObject([{ to: 'ADA' }]);
  });

  it.each([
    [
      'it throws',
      () => {
        throw new Error('no');
      },
    ],
    ['it gives a promise', () => Promise.reject(new Error('later'))],
    ['it gives nothing', () => undefined],
    ['it gives a text', () => ''],
  ])('where %s, one is', async (_, needsApproval) => {
    const run = await begun(calls, {}, { needsApproval: needsApproval as never });
    expect(await run.questions()).toHaveLength(2);
    expect(sent).toEqual([]);
  });

  it('where the schema answers later, one is', async () => {
    const schema: StandardSchema = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: () => Promise.reject(new Error('later')),
      },
    };
    const inputSchema = { type: 'object' };
    const run = await begun(calls, {}, { schema, inputSchema, needsApproval: () => false });
    expect(await run.questions()).toHaveLength(2);
  });

  it('for arguments that do not fit, none is: the model is told', async () => {
    const run = await begun([send(7)]);
    expect(await run.output()).toMatchObject({ end: 'answered' });
    expect(told()).toEqual([[expect.stringContaining('The arguments of send do not fit.')]]);
  });

  it('is said once: another verdict after a deploy does not touch a call that is open', async () => {
    const run = await begun(calls);
    const free = toolLoop({
      id: 'clerk',
      builtIn: [],
      tools: { send: sending({ needsApproval: () => false }), look },
    });
    await t.crash({ agents: [free] });
    await t.settle();
    expect(await run.questions()).toHaveLength(2);
    expect(sent).toEqual([]);
  });
});

describe('while a person is asked', () => {
  it('the other calls of the answer go on', async () => {
    const run = await begun([send('ada'), looks]);
    const { chartText } = await run.row();
    expect(chartText).toContain('seen');
    await run.answer('approve-0', { decision: 'allow' });
    await run.output();
    expect(told()).toEqual(['sent', 'seen']);
  });

  it('two questions are open at once, and each has its own answer', async () => {
    const run = await begun([send('ada'), send('bob')]);
    const [ada, bob] = await run.questions();
    await run.answer(bob?.askId ?? '', { decision: 'deny', reason: 'Not him.' });
    await t.settle();
    expect(sent).toEqual([]);
    await run.answer(ada?.askId ?? '', { decision: 'allow' });
    await run.output();
    expect(told()).toEqual(['sent', ['A person has denied this call of send: Not him.']]);
    expect(sent).toMatchObject([{ to: 'ada' }]);
  });

  it('one after the other: the calls behind it wait', async () => {
    const run = await begun([looks, send('ada'), looks], { parallel: false });
    const { chartText } = await run.row();
    expect(chartText?.split('seen')).toHaveLength(2);
    await run.answer('approve-1', { decision: 'allow' });
    await run.output();
    expect(told()).toEqual(['seen', 'sent', 'seen']);
  });
});

describe('promise 12: an answer counts for the call that it was given for', () => {
  it('of two at once one counts, and the other is refused', async () => {
    const run = await begun([send('ada')]);
    const [asked] = await run.questions();
    const both = await Promise.allSettled([
      run.answer(asked?.askId ?? '', { decision: 'allow' }),
      run.answer(asked?.askId ?? '', { decision: 'deny' }),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await run.output();
    expect(sent.length).toBe(both[0].status === 'fulfilled' ? 1 : 0);
  });

  it('a late one does not allow the next call', async () => {
    const loop = toolLoop({
      id: 'clerk',
      builtIn: [],
      tools: { send: sending() },
      approvalTimeoutMs: 1_000,
    });
    const model = [{ toolCalls: [send('ada')] }, { toolCalls: [send('everybody')] }, 'Done.'];
    t = await testHeddle({ agents: [loop], model });
    const run = await t.start('clerk', { input: { prompt: 'Write to them.' } });
    await t.settle();
    const [first] = await run.questions();
    await t.advance('1s');
    const [second] = await run.questions();
    expect(second?.data).toMatchObject({ arguments: { to: 'everybody' } });
    await expect(run.answer(first?.askId ?? '', { decision: 'allow' })).rejects.toMatchObject({
      code: 'ask-unknown',
    });
    await t.settle();
    expect(sent).toEqual([]);
    await run.answer(second?.askId ?? '', { decision: 'deny' });
    await run.output();
    expect(sent).toEqual([]);
  });
});

/** As a person does who sees no answer: looks whether the question is still open, and answers again. */
async function answered(run: Run, id: string, approval: ToolApproval): Promise<void> {
  const open = (await run.questions()).find(({ invocationId }) => invocationId === id);
  if (open === undefined) return;
  await run.answer(open.askId, approval).catch(async (error: unknown) => {
    expect(error).toMatchObject({ code: 'test-crashed' });
    await t.settle();
    await answered(run, id, approval);
  });
  await t.settle();
}

describe('promise 5: a crash', () => {
  it.each([2, 3, 4, 5])('before or after turn %i changes nothing', async (turn) => {
    for (const when of ['before', 'after'] as const) {
      sent = [];
      const loop = toolLoop({ id: 'clerk', builtIn: [], tools: { send: sending() } });
      const model = [{ toolCalls: [send('ada'), send('bob')] }, 'Done.'];
      t = await testHeddle({ agents: [loop], model });
      const run = await t.start('clerk', { input: { prompt: 'Write to them.' } });
      t.crashAt({ [when]: 'commit', run, turn } as never);
      await t.settle();
      await answered(run, 'approve-0', { decision: 'allow' });
      await answered(run, 'approve-1', { decision: 'deny' });
      expect(await run.output(), `${when} ${turn}`).toMatchObject({ end: 'answered' });
      // A task runs at least once, under one key.
      expect(new Set(sent.map(({ key }) => key)).size).toBe(1);
      expect(sent[0]).toMatchObject({ to: 'ada' });
      expect(told()).toEqual(['sent', ['A person has denied this call of send.']]);
      await t.close();
    }
  });

  it('between the answer and the tool: the tool runs, and nobody is asked again', async () => {
    const run = await begun([send('ada')]);
    await run.answer('approve-0', { decision: 'allow' });
    await t.crash();
    expect(await run.output()).toMatchObject({ end: 'answered' });
    expect(new Set(sent.map(({ key }) => key)).size).toBe(1);
    expect(told()).toEqual(['sent']);
  });
});
