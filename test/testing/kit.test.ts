/** What a test is given in its hand: time, a model, crashes, and words when it waits in vain. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { assign, fromPromise, setup } from 'xstate';
import { catalogue, ProviderFault, task, type HeddleError } from '../../src/index.ts';
import { byPrompt, testHeddle, type TestHeddle } from '../../src/testing/index.ts';
import type { TestHeddleOptions } from '../../src/testing/test-heddle.ts';
import { script, type ScriptStep } from '../support/script-agent.ts';

let made: TestHeddle[] = [];

beforeEach(() => {
  made = [];
});
afterEach(async () => {
  vi.useRealTimers();
  for (const t of made) await t.close();
});

async function heddle(options: TestHeddleOptions = {}): Promise<TestHeddle> {
  const t = await testHeddle({ agents: [script], ...options });
  made.push(t);
  return t;
}

const generate = (prompt: string) => ({ do: 'generate', with: { prompt } }) as const;
const steps = (...all: readonly ScriptStep[]) => ({ input: { steps: all } });

/** Runs a task of the test's and ends with what it gives. */
const working = (run: () => Promise<string>, timeoutMs = 3_600_000) =>
  setup({ actors: { work: task(run) }, delays: { late: timeoutMs } }).createMachine({
    id: 'working',
    context: { done: '' },
    initial: 'working',
    states: {
      working: {
        after: { late: 'over' },
        invoke: {
          id: 'work',
          src: 'work',
          onDone: { target: 'over', actions: assign({ done: ({ event }) => event.output }) },
        },
      },
      over: { type: 'final' },
    },
    output: ({ context: { done } }) => done,
  });

describe('time', () => {
  it('stands still until it is moved, and then passes instant by instant', async () => {
    const t = await heddle();
    const run = await t.start(
      'script',
      steps({ do: 'sleep', ms: 60_000 }, { do: 'sleep', ms: 500 }),
    );
    await t.settle();
    expect(t.nowMs).toBe(Date.UTC(2030, 0, 1));
    await t.advance('1m');
    expect(await run.status()).toBe('waiting-on-timer');
    await t.advance('500ms');
    expect(await run.status()).toBe('completed');
    const { createdAtMs, endedAtMs } = await run.row();
    expect((endedAtMs ?? 0) - createdAtMs).toBe(60_500);
  });

  it('passes a month at once', async () => {
    const t = await heddle({ startsAt: '2031-01-01' });
    const run = await t.start('script', steps({ do: 'sleep', ms: 31 * 86_400_000 }));
    await t.advance('31d');
    expect(await run.status()).toBe('completed');
    expect(new Date(t.nowMs).toISOString()).toBe('2031-02-01T00:00:00.000Z');
  });

  it('brings a delayed message at its instant, however long the delay', async () => {
    const t = await heddle();
    const run = await t.start('script', steps({ do: 'receive', with: { channel: 'news' } }));
    await t.publish('news', 'late', { delayMs: 7 * 3_600_000 });
    await t.advance(7 * 3_600_000 - 1);
    expect(await run.status()).toBe('waiting-on-channel');
    await t.advance(1);
    expect(await run.status()).toBe('completed');
  });

  it('is not moved by fake timers of the test runner, nor stopped by them', async () => {
    vi.useFakeTimers({
      toFake: ['setTimeout', 'setImmediate', 'queueMicrotask', 'Date', 'performance', 'hrtime'],
    });
    const t = await heddle({ model: async () => 'Hi.' });
    const run = await t.start('script', steps(generate('Hello?'), { do: 'sleep', ms: 1_000 }));
    await t.publish('news', 1);
    await t.crash();
    expect(await t.finish(run)).toHaveLength(2);
    await t.close();
  });

  it('refuses what is no time, by field', async () => {
    const t = await heddle();
    for (const wrong of ['5 minutes', '-1s', -1, Number.NaN, '4000d', null, {}]) {
      await expect(t.advance(wrong as never)).rejects.toThrow('advance must be milliseconds');
    }
    await expect(t.crash({ downFor: 'long' as never })).rejects.toThrow('crash.downFor');
    expect(t.nowMs).toBe(Date.UTC(2030, 0, 1));
  });
});

describe('a model', () => {
  it('answers by list, by function and by prompt, and keeps what it was asked', async () => {
    const t = await heddle({
      models: {
        list: ['one', { text: 'two', usage: { inputTokens: 7, outputTokens: 9 } }],
        echo: (call) => `${call.prompt}, call ${call.number}`,
        map: byPrompt({ loom: ['first', 'second'], '*': 'else' }),
      },
    });
    const ask = (provider: string, prompt: string): ScriptStep => ({
      do: 'generate',
      with: { provider, prompt, system: 'Be brief.' },
    });
    const run = await t.start(
      'script',
      steps(
        ask('list', 'a'),
        ask('list', 'b'),
        ask('echo', 'c'),
        ask('map', 'a loom'),
        ask('map', 'the loom'),
        ask('map', 'a shuttle'),
      ),
    );
    const results = (await run.output()) as { done: { text: string } }[];
    const texts = results.map(({ done }) => done.text);
    expect(texts).toEqual(['one', 'two', 'c, call 1', 'first', 'second', 'else']);
    const [, second] = t.models['list']?.calls ?? [];
    expect(second).toMatchObject({
      number: 2,
      prompt: 'b',
      system: 'Be brief.',
      runId: run.id,
      state: 'answered',
    });
    expect(t.model.name).toBe('list');
  });

  it('refuses as a provider does: each status means what it means over HTTP', async () => {
    const seen = async (status: number): Promise<string> => {
      const t = await heddle({ model: [{ status }, 'Hi.'] });
      const run = await t.start('script', steps(generate('x')));
      await t.advance('2m');
      const [call] = ((await run.row()).outputText ?? 'null') === 'null' ? ['open'] : ['ended'];
      return `${t.model.calls.length} ${call}`;
    };
    expect(await seen(429)).toBe('2 ended');
    expect(await seen(500)).toBe('2 ended');
    expect(await seen(400)).toBe('1 ended');
    expect(await seen(401)).toBe('1 open');
  });

  it('hangs until the test answers, and a function may throw a fault', async () => {
    const t = await heddle({
      model: ({ number }) => {
        if (number === 1) throw new ProviderFault('rate-limited', 'busy', 5_000);
        return { hang: true };
      },
    });
    const run = await t.start('script', steps(generate('x')));
    await t.advance('5s');
    expect(t.model.open.map(({ number }) => number)).toEqual([2]);
    t.model.open[0]?.answer('late');
    expect(await run.output()).toMatchObject([{ done: { text: 'late' } }]);
    expect(() => t.model.calls[1]?.answer('again')).toThrow('comes too late');
  });

  it('gives the same answer again to a call that a crash has made again', async () => {
    const t = await heddle({ model: ['one', 'two'] });
    t.crashAt({ after: 'call', agent: 'script' });
    const run = await t.start('script', steps(generate('a'), generate('b')));
    expect(await run.output()).toMatchObject([
      { done: { text: 'one' } },
      { done: { text: 'two' } },
    ]);
    expect(t.model.calls.map(({ state }) => state)).toEqual(['unanswered', 'answered', 'answered']);
  });

  it('says so when it has no answer, and a chart cannot hide it', async () => {
    const t = await heddle({ model: ['one'] });
    const run = await t.start('script', steps(generate('a'), generate('why')));
    await expect(t.settle()).rejects.toThrow(
      /no answer for its call 2 \(prompt: why\); add an answer/,
    );
    await expect(run.output()).rejects.toThrow(/test|no answer/);
    const none = await heddle();
    await none.start('script', steps(generate('a')));
    await expect(none.advance('1s')).rejects.toThrow('no answer for its call 1');
    const broken = await heddle({ model: () => JSON.parse('{') as string });
    await broken.start('script', steps(generate('a')));
    await expect(broken.settle()).rejects.toThrow('could not answer call 1');
  });

  it('says a whole answer, part by part', async () => {
    const thought = { type: 'reasoning', text: 'Hm.', signature: 's' } as const;
    const call = { type: 'tool-call', id: 'a', name: 'look', input: { n: 1 } } as const;
    const own = { type: 'opaque', data: { type: 'grounding' } } as const;
    const parts = [thought, { type: 'text', text: 'I look.' }, call, own] as const;
    const t = await heddle({ model: [{ parts }] });
    const run = await t.start('script', steps(generate('a')));
    const from = { provider: 'model', model: expect.any(String) as string };
    expect(await run.output()).toMatchObject([
      {
        done: {
          text: 'I look.',
          toolCalls: [{ id: 'a', name: 'look', input: { n: 1 } }],
          parts: [{ ...thought, from }, parts[1], call, { ...own, from }],
          stopReason: 'tool-calls',
        },
      },
    ]);
  });

  it('refuses a script that it could not carry out, by field', async () => {
    const wrong: readonly [unknown, string][] = [
      [[{ txt: 'a' }], 'model[0].txt is unknown'],
      [[{ status: 200 }], 'model[0].status must be from 300 to 599'],
      [[{ broken: 'bad' }], 'model[0].broken must be one of'],
      [[{ text: 'a', after: 'soon' }], 'model[0].after must be milliseconds'],
      [[{ toolCalls: [{ input: {} }] }], 'model[0].toolCalls[0].name must be a text'],
      [[{ parts: 'a' }], 'model[0].parts must be a list'],
      [[{ parts: [null] }], 'model[0].parts[0] must be an object'],
      [[{ parts: [{ type: 'json', value: 1 }] }], 'model[0].parts[0].type must be one of'],
      [[{ parts: [{ type: 'tool-call', name: 'a', input: {} }] }], 'model[0].parts[0].id'],
      [[{ parts: [], text: 'a' }], 'model[0].text stands among the parts'],
      [[null], 'model[0] must be a text or an object'],
      [{ answers: 'a', celing: 1 }, 'model.celing is unknown'],
    ];
    for (const [model, words] of wrong) {
      await expect(testHeddle({ model: model as never })).rejects.toThrow(words);
    }
    await expect(testHeddle({ modle: 'a' } as never)).rejects.toThrow(
      'testHeddle.modle is unknown',
    );
  });
});

describe('a crash', () => {
  it('loses what was not committed, and nothing that was', async () => {
    const t = await heddle({ model: ['one', 'two'] });
    const run = await t.start('script', steps(generate('a'), { do: 'wait' }, generate('b')));
    await t.settle();
    const before = await run.row();
    t.crashAt({ before: 'commit', run, turn: before.turn + 1 });
    await run.send({ type: 'go' });
    expect(await run.output()).toMatchObject([{}, { done: { type: 'go' } }, {}]);
    const turns: number[] = [];
    for await (const { turn } of run.journal()) turns.push(turn);
    expect([...new Set(turns)]).toEqual([1, 2, 3, 4]);
  });

  it('after a commit leaves its effect, which is not done again', async () => {
    const t = await heddle();
    t.crashAt({ after: 'commit', agent: 'script', turn: 1 });
    const publish: ScriptStep = { do: 'publish', with: { channel: 'news', payload: 'once' } };
    const started = t.start('script', steps(publish, { do: 'wait' }));
    await expect(started).rejects.toThrow('may have been done or not');
    await t.settle();
    const [row] = await t.runs();
    expect(row?.turn).toBe(1);
    expect(await t.receive('news', { group: 'g' })).toHaveLength(1);
  });

  it('may come while a task is at work, and with other agents after it', async () => {
    let tries = 0;
    const late = working(async () => {
      tries += 1;
      if (tries === 1) await t.crash({ agents: [late, script] });
      return `try ${tries}`;
    });
    const t = await heddle({ agents: [late] });
    const run = await t.start('working');
    expect(await run.output()).toBe('try 2');
    expect(await t.start('script', steps())).toBeDefined();
  });

  it('that is ordered and never comes is an error at the end', async () => {
    const t = await testHeddle({ agents: [script] });
    const run = await t.start('script', steps({ do: 'wait' }));
    t.crashAt({ before: 'commit', run, turn: 17 });
    const missed = t.close();
    await expect(missed).rejects.toThrow(`{"before":"commit","turn":17,"run":"${run.id}"}`);
    await expect(t.start('script', steps())).rejects.toMatchObject({ code: 'closed' });
  });

  it('refuses a moment that there is not, and agents that cannot be', async () => {
    const t = await heddle();
    for (const point of [{}, { before: 'call' }, { after: 'lunch' }, { after: 'call', turn: 1 }]) {
      expect(() => t.crashAt(point as never)).toThrow('crashAt');
    }
    await expect(t.crash({ agents: [{} as never] })).rejects.toMatchObject({
      code: 'agent-refused',
    });
    const run = await t.start('script', steps());
    expect(await run.output()).toEqual([]);
  });
});

describe('waiting in vain', () => {
  it('for a run says what the run waits for, and what to do', async () => {
    const t = await heddle();
    const run = await t.start('script', steps({ do: 'receive', with: { channel: 'news' } }));
    const wait = run.output();
    await expect(wait).rejects.toThrow(/is waiting-on-channel, .* channel news.*Let time pass/);
    await expect(t.finish(run, { within: '1d' })).rejects.toMatchObject({ code: 'test-run-waits' });
  });

  it('for a task that hangs names it; it can be left alone', async () => {
    const t = await heddle({
      agents: [working(() => new Promise(() => undefined), 60_000)],
      settleMsMax: 50,
    });
    const run = await t.start('working');
    await expect(t.settle()).rejects.toThrow(/1 task\(s\) of yours are under way after 50 ms/);
    await t.advance('1m', { tasks: 'leave' });
    expect(await run.output()).toBe('');
  });

  it('does not happen while a task takes real time', async () => {
    const slow = working(() => new Promise((resolve) => setTimeout(() => resolve('done'), 200)));
    const t = await heddle({ agents: [slow] });
    const run = await t.start('working');
    await t.settle();
    expect(await run.status()).toBe('completed');
  });
});

describe('worlds', () => {
  it('share nothing, and are the same for the same seed', async () => {
    const story = async (seed: number): Promise<string> => {
      const t = await heddle({ seed, model: [{ status: 503 }, { status: 503 }, 'Hi.'] });
      const run = await t.start('script', steps(generate('a')));
      await t.finish(run);
      return `${run.id} ${t.model.calls.map(({ atMs }) => atMs).join(' ')}`;
    };
    const [one, same, other] = await Promise.all([story(7), story(7), story(8)]);
    expect(same).toBe(one);
    expect(other).not.toBe(one);
  });

  it('tell of what heddle warns', async () => {
    const heard: string[] = [];
    const inline = setup({ actors: { ...catalogue } }).createMachine({
      id: 'inline',
      invoke: { src: fromPromise(async () => 1) },
    });
    const log = { info: () => undefined, warn: (message: string) => void heard.push(message) };
    const t = await heddle({ agents: [inline], log });
    expect(t.warnings.map(({ message }) => message)).toEqual(['an agent has warnings']);
    expect(heard).toEqual(['an agent has warnings']);
  });

  it('refuse what nobody reads', async () => {
    const t = await heddle();
    const refused: Promise<unknown>[] = [
      t.settle({ task: 'leave' } as never),
      t.advance(1, { tasks: 'stop' } as never),
      t.crash({ downfor: 1 } as never),
      testHeddle({ seed: -1 }),
      testHeddle({ startsAt: 'soon' }),
      testHeddle({ providers: [{ name: 'x' }] as never }),
    ];
    for (const one of refused) {
      await expect(one).rejects.toSatisfy((error: HeddleError) => error.code === 'invalid-field');
    }
  });
});

describe('what is wrong with a test', () => {
  const own = (text: string) => ({
    name: 'own',
    ceiling: 1,
    call: async () => ({
      text,
      toolCalls: [],
      stopReason: 'end',
      usage: { inputTokens: 1, outputTokens: 1 },
      provider: 'own',
      model: 'm',
    }),
  });

  it('is not that it brings a provider of its own and no script', async () => {
    const t = await heddle({ providers: [own('from my own')] });
    const run = await t.start('script', steps(generate('a'), generate('b'), generate('c')));
    expect(JSON.stringify(await run.output())).toContain('from my own');
  });

  it('is told by the field, before anything begins', async () => {
    const wrong: readonly [object, string][] = [
      [{ model: { answers: 'a', ceiling: 0 } }, 'model.ceiling'],
      [{ model: { answers: 'a', tiers: 5 } }, 'model.tiers'],
      [{ models: { slow: { answers: 'a', ceiling: Number.NaN } } }, 'models.slow.ceiling'],
      [{ models: { '': 'a' } }, 'models..name'],
      [{ model: 5 }, 'model'],
      [{ model: null }, 'model'],
      [{ model: [{ text: 'a', usage: { inputTokens: -1 } }] }, 'model[0].usage.inputTokens'],
      [{ model: [{ text: 'a', usage: { input: 1 } }] }, 'model[0].usage.input'],
      [{ model: [{ status: undefined }] }, 'model[0].status'],
      [{ model: 'a', models: { model: 'b' } }, 'providers'],
      [{ settings: 5 }, 'settings'],
    ];
    for (const [options, field] of wrong) {
      await expect(testHeddle(options as TestHeddleOptions)).rejects.toMatchObject({
        code: 'invalid-field',
        detail: { field },
      });
    }
  });

  it('is told by `close` where nothing has told it before', async () => {
    const t = await testHeddle({ agents: [script] });
    await t.start('script', steps(generate('a')));
    await expect(t.close()).rejects.toMatchObject({ code: 'test-script-over' });
  });

  it('is a chart that goes round for ever: `settle` says which, while the runner still listens', async () => {
    const t = await heddle({
      agents: [
        setup({}).createMachine({
          id: 'round',
          initial: 'a',
          states: { a: { after: { 0: 'b' } }, b: { after: { 0: 'a' } } },
        }),
      ],
      settleMsMax: 200,
    });
    await t.start('round');
    const words = /agent round is at turn \d+ and goes on and on/;
    await expect(t.settle()).rejects.toThrow(words);
  }, 20_000);

  it('is a provider that does not close', async () => {
    const hung = { ...own('a'), close: () => new Promise<never>(() => undefined) };
    const t = await testHeddle({ providers: [hung], settleMsMax: 50 });
    await expect(t.close()).rejects.toThrow('a provider of yours has not closed');
  });

  it('is told once', async () => {
    const t = await heddle();
    const run = await t.start('script', steps(generate('a')));
    await expect(run.output()).rejects.toMatchObject({ code: 'test-script-over' });
  });
});

it('goes back to the build before, when open runs refuse the one of a crash', async () => {
  const version = '1';
  const t = await heddle({ agents: [{ machine: script, version }] });
  const run = await t.start('script', steps({ do: 'wait' }));
  await t.settle();
  const machine = setup({}).createMachine({
    id: 'script',
    initial: 'other',
    states: { other: {} },
  });
  const crash = t.crash({ agents: [{ machine, version }] });
  await expect(crash).rejects.toMatchObject({ code: 'structure-changed' });
  await t.crash();
  await run.send({ type: 'go' });
  expect(await t.finish(run)).toBeDefined();
});
