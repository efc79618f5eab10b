/** Text of answers while it comes: who hears it, what voids it, and that it costs nothing unheard. */
import { expect, it } from 'vitest';
import { ProviderFault, type Provider, type ProviderCall } from '../../../src/providers/port.ts';
import type { CallDelta, TextDelta } from '../../../src/index.ts';
import { oneReplica } from '../../support/replica.ts';
import type { ScriptStep } from '../../support/script-agent.ts';

const ask: ScriptStep = { do: 'generate', with: { prompt: 'why?' } };

/** Every call goes to `answer`, which may say something and then ends it. */
function telling(answer: (call: ProviderCall, number: number) => Promise<string>): Provider {
  let calls = 0;
  return {
    name: 'telling',
    ceiling: 10,
    call: async (call) => {
      const text = await answer(call, (calls += 1));
      const usage = { inputTokens: 1, outputTokens: 1 };
      return { text, toolCalls: [], stopReason: 'end', usage, provider: 'telling', model: 'm' };
    },
  };
}

it('comes to the listeners of its run and of all runs, and says where an attempt begins', async () => {
  const provider = telling(async ({ onText }, number) => {
    onText?.('It lifts ');
    if (number === 1) throw new ProviderFault('rate-limited', 'overloaded in its middle', 10);
    onText?.('a thread.');
    return 'It lifts a thread.';
  });
  const { heddle, clock } = await oneReplica({ providers: [provider] });
  const all: TextDelta[] = [];
  heddle.texts.subscribe((delta) => all.push(delta));
  const run = await heddle.start('script', { input: { steps: [ask] } });
  const own: TextDelta[] = [];
  let isOver = false;
  run.texts().subscribe({ next: (delta) => own.push(delta), complete: () => (isOver = true) });
  await clock.advance(20_000);
  expect(await run.status()).toBe('completed');
  expect(all.map(({ text, isFirst }) => [text, isFirst])).toEqual([
    ['It lifts ', true],
    ['It lifts ', true],
    ['a thread.', false],
  ]);
  expect(all[0]).toMatchObject({ runId: run.id, invocationId: expect.any(String) as string });
  expect(own).toEqual(all.slice(-own.length));
  expect(own.length).toBeGreaterThanOrEqual(2);
  expect(isOver).toBe(true);
  // None of it is in the journal but the result.
  const lines = [];
  for await (const line of run.journal()) lines.push(JSON.stringify(line));
  expect(lines.join('').match(/It lifts/g)).toHaveLength(1);
});

it("names a tool by the chart's own name, not by the one that was sent", async () => {
  const piece = { type: 'tool-call', id: 'a', inputText: '{}' } as const;
  const provider = telling(async ({ onDelta, input }) => {
    for (const name of [input.tools?.[0]?.name ?? '', 'other']) onDelta?.({ ...piece, name });
    return 'Done.';
  });
  const { heddle, clock } = await oneReplica({ providers: [provider] });
  const heard: unknown[] = [];
  heddle.deltas.subscribe((delta) => heard.push('name' in delta && delta.name));
  const tools = [{ name: 'files/read', inputSchema: { type: 'object' } }];
  const steps = [{ do: 'generate', with: { prompt: 'Read.', tools } }];
  await heddle.start('script', { input: { steps } });
  await clock.idle();
  expect(heard).toEqual(['files/read', 'other']);
});

it('comes with reasoning and tool calls to those who listen to deltas', async () => {
  const call = { type: 'tool-call', id: 'a', name: 'look', inputText: '' } as const;
  const provider = telling(async ({ onDelta }, number) => {
    onDelta?.({ type: 'reasoning', text: 'Hm' });
    if (number === 1) throw new ProviderFault('rate-limited', 'overloaded in its middle', 10);
    onDelta?.({ type: 'text', text: 'It lifts ' });
    // What is no piece is not passed on.
    for (const odd of [null, 7, {}, { type: 'text' }, { type: 'news', text: 'x' }]) {
      onDelta?.(odd as never);
    }
    onDelta?.(call);
    onDelta?.({ type: 'text', text: 'a thread.' });
    return 'It lifts a thread.';
  });
  const { heddle, clock } = await oneReplica({ providers: [provider] });
  const all: CallDelta[] = [];
  heddle.deltas.subscribe((delta) => all.push(delta));
  const texts: TextDelta[] = [];
  heddle.texts.subscribe((delta) => texts.push(delta));
  const run = await heddle.start('script', { input: { steps: [ask] } });
  const own: CallDelta[] = [];
  let isOver = false;
  run.deltas().subscribe({ next: (delta) => own.push(delta), complete: () => (isOver = true) });
  await clock.advance(20_000);
  const told = { runId: run.id, invocationId: all[0]?.invocationId };
  expect(all).toEqual([
    { type: 'reasoning', text: 'Hm', ...told, isFirst: true },
    { type: 'reasoning', text: 'Hm', ...told, isFirst: true },
    { type: 'text', text: 'It lifts ', ...told, isFirst: false },
    { ...call, ...told, isFirst: false },
    { type: 'text', text: 'a thread.', ...told, isFirst: false },
  ]);
  expect(own).toEqual(all.slice(-own.length));
  expect([own.length >= 4, isOver]).toEqual([true, true]);
  // The first text of an attempt is the first for those who hear only texts.
  expect(texts).toEqual([
    { ...told, text: 'It lifts ', isFirst: true },
    { ...told, text: 'a thread.', isFirst: false },
  ]);
});

it('completes at once for a run that has ended, and with the close for one that has not', async () => {
  const { heddle, clock } = await oneReplica({
    providers: [
      telling(async ({ input }) => (input.prompt === 'why?' ? 'so' : new Promise(() => {}))),
    ],
  });
  const ended = await heddle.start('script', { input: { steps: [ask] } });
  await clock.idle();
  const completions: string[] = [];
  ended.texts().subscribe({ complete: () => completions.push('ended') });
  await clock.idle();
  expect(completions).toEqual(['ended']);
  const steps = [{ do: 'generate', with: { prompt: 'never' } }] as const;
  const open = await heddle.start('script', { input: { steps } });
  open.texts().subscribe({ complete: () => completions.push('open') });
  heddle.texts.subscribe({ complete: () => completions.push('all') });
  await heddle.close();
  expect(completions).toEqual(['ended', 'open', 'all']);
});

it('is nobody’s once its call is over', async () => {
  let say: ((text: string) => void) | undefined;
  const provider = telling(async ({ onText }) => {
    say = onText;
    return new Promise(() => {});
  });
  const { heddle, clock } = await oneReplica({ providers: [provider] });
  const heard: string[] = [];
  heddle.texts.subscribe(({ text }) => heard.push(text));
  const run = await heddle.start('script', { input: { steps: [ask] } });
  await clock.idle();
  say?.('before');
  await run.cancel('enough');
  await clock.idle();
  say?.('after');
  expect(heard).toEqual(['before']);
});

it('closes the providers that can be closed, and waits for none for ever', async () => {
  const closed: string[] = [];
  const answer = async (): Promise<string> => 'so';
  const providers: Provider[] = [
    { ...telling(answer), name: 'a', close: async () => void closed.push('a') },
    { ...telling(answer), name: 'b', close: () => Promise.reject(new Error('stuck door')) },
    { ...telling(answer), name: 'c', close: () => new Promise(() => {}) },
    { ...telling(answer), name: 'd' },
  ];
  const { heddle, clock, warnings } = await oneReplica({ providers });
  const closing = heddle.close();
  await clock.advance(10_000);
  await closing;
  expect(closed).toEqual(['a']);
  expect(warnings.map((line) => /"name":"(.)"/.exec(line)?.[1])).toEqual(['b', 'c']);
});
