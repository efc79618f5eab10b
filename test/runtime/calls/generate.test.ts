/** A provider call from a chart's `generate` to its result, and what its run shows meanwhile. */
import { describe, expect, it } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import { checkGenerate } from '../../../src/domain/model/generate-input.ts';
import type { Json } from '../../../src/domain/json.ts';
import { memoryWorld, oneReplica, type Replica, type World } from '../../support/replica.ts';
import { scriptedProvider, type OpenCall } from '../../support/scripted-provider.ts';
import type { ScriptStep } from '../../support/script-agent.ts';

const ask = (prompt: string, more: object = {}): ScriptStep => ({
  do: 'generate',
  with: { prompt, ...more },
});

const askOf = (toolCall: Json) => ({ role: 'assistant', content: '', toolCalls: [toolCall] });

/** A world in which one run has one call open. */
async function oneCall(more: object = {}, ceiling = 10) {
  const provider = scriptedProvider({ ceiling });
  const world = await oneReplica({ providers: [provider] });
  const run = await world.heddle.start('script', { input: { steps: [ask('why?', more)] } });
  await world.clock.idle();
  return { ...world, provider, run };
}

describe('a call that is answered', () => {
  it('gives the chart what the provider said, and the permit and the slot back', async () => {
    const { run, provider, runtime, store, clock } = await oneCall();
    expect(await run.status()).toBe('calling-provider');
    expect(runtime.stats()).toMatchObject({ permitsInUse: 1, pool: { inFlight: 1 } });
    provider.last().answer('because');
    expect(await run.output()).toMatchObject([{ done: { text: 'because', provider: 'scripted' } }]);
    await clock.idle();
    expect(runtime.stats()).toMatchObject({ permitsInUse: 0, inMemory: 0, pool: { inFlight: 0 } });
    expect((await store.audit(oneTenant('default'))).slotsInUse).toBe(0);
  });

  it('is sent only when the slot that it takes is durable (promise 3)', async () => {
    const { provider, run, store } = await oneCall();
    const [slot] = await store.slots([...Array(32).keys()]);
    expect(provider.calls).toHaveLength(1);
    expect(slot).toMatchObject({ status: 'calling', call: { runId: run.id, attempt: 1 } });
  });

  it('goes on where its chart gives `stream`, as charts and runs of 0.1.0 may', async () => {
    const { provider, run } = await oneCall({ stream: true });
    expect(checkGenerate({ prompt: 'why?', stream: 'odd' })).toEqual({ prompt: 'why?' });
    provider.last().answer('because');
    expect(await run.output()).toMatchObject([{ done: { text: 'because' } }]);
  });

  it('is made by the provider that is named', async () => {
    const [a, b] = [scriptedProvider({ name: 'a' }), scriptedProvider({ name: 'b' })];
    const { heddle, clock } = await oneReplica({ providers: [a, b] });
    const steps = [ask('one', { provider: 'b' })];
    await heddle.start('script', { input: { steps } });
    await clock.idle();
    expect([a.calls.length, b.calls.length]).toEqual([0, 1]);
  });

  it('goes to a provider with room when none is named', async () => {
    const [a, b] = ['a', 'b'].map((name) => scriptedProvider({ name, ceiling: 1 }));
    const { heddle, clock } = await oneReplica({ providers: [a, b].flatMap((one) => one ?? []) });
    const starts = [1, 2, 3].map(() => ({ agent: 'script', input: { steps: [ask('x')] } }));
    await heddle.startAll(starts);
    await clock.idle();
    expect([a?.calls.length, b?.calls.length]).toEqual([1, 1]);
    a?.last().answer('done');
    await clock.idle();
    expect(a?.calls.length).toBe(2);
  });
});

describe('a call that cannot be', () => {
  it('fails alone when it is its own fault', async () => {
    const { run, provider, heddle, clock } = await oneCall();
    const other = await heddle.start('script', { input: { steps: [ask('other')] } });
    await clock.idle();
    const [first, second] = provider.calls;
    first?.fail('caller');
    second?.answer('fine');
    expect(await run.output()).toMatchObject([{ failed: { code: 'provider-refused' } }]);
    expect(await other.output()).toMatchObject([{ done: { text: 'fine' } }]);
  });

  it('is made once more when the next answer may differ, and fails with the second', async () => {
    const { run, provider, clock } = await oneCall();
    provider.last().fail('retry-once');
    await clock.advance(1_000);
    expect(provider.calls.map(({ attempt }) => attempt)).toEqual([1, 2]);
    provider.last().fail('retry-once');
    expect(await run.output()).toMatchObject([{ failed: { code: 'provider-refused' } }]);
    expect(provider.calls).toHaveLength(2);
  });

  it('fails when nobody has the provider that it names', async () => {
    const { heddle, clock, runtime } = await oneReplica();
    const run = await heddle.start('script', { input: { steps: [ask('x', { provider: 'no' })] } });
    expect(await run.output()).toMatchObject([
      { failed: { code: 'provider-unknown', detail: { provider: 'no', known: 'scripted' } } },
    ]);
    await clock.idle();
    expect(runtime.stats()).toMatchObject({ permitsInUse: 0, inMemory: 0 });
  });

  it('fails when the provider throws what no provider should', async () => {
    const { run, provider } = await oneCall();
    provider.last().throw(new TypeError('a bug'));
    expect(await run.output()).toMatchObject([{ failed: { message: 'a bug' } }]);
  });

  it('is refused by field before anything is sent (promise 11)', async () => {
    const { heddle } = await oneReplica();
    const steps: ScriptStep[] = [
      { do: 'generate', with: {} },
      { do: 'generate', with: { prompt: 7 } },
      { do: 'generate', with: { prompt: 'x', maxTokens: 0 } },
      { do: 'generate', with: { prompt: 'x', temprature: 1 } },
      { do: 'generate', with: { prompt: 'x', timeoutMs: 0 } },
      { do: 'generate', with: { prompt: 'x', attemptTimeoutMs: '5s' } },
      { do: 'generate', with: { messages: [{ role: 'robot', content: 'x' }] } },
      { do: 'generate', with: { messages: [] } },
      { do: 'generate', with: { prompt: 'x', tools: [{ name: 'f' }] } },
      { do: 'generate', with: { prompt: 'x', temperature: 2.1 } },
      { do: 'generate', with: { messages: [{ role: 'tool', content: 'x' }] } },
      { do: 'generate', with: { messages: [{ role: 'user', content: 'x', toolCalls: [] }] } },
      { do: 'generate', with: { messages: [askOf({ id: 'a', name: 'f', input: 1 })] } },
    ];
    const run = await heddle.start('script', { input: { steps } });
    const fields = ((await run.output()) as { failed: { detail: { field: string } } }[]).map(
      ({ failed }) => failed.detail.field,
    );
    expect(fields).toEqual([
      'generate.prompt',
      'generate.prompt',
      'generate.maxTokens',
      'generate.temprature',
      'generate.timeoutMs',
      'generate.attemptTimeoutMs',
      'generate.messages[0].role',
      'generate.messages',
      'generate.tools[0].inputSchema',
      'generate.temperature',
      'generate.messages[0].toolCallId',
      'generate.messages[0].toolCalls',
      'generate.messages[0].toolCalls[0].input',
    ]);
  });
});

describe('the limit of an attempt', () => {
  it('ends that attempt and no other, and brings the call back', async () => {
    const { run, provider, clock, runtime } = await oneCall({ attemptTimeoutMs: 1_000 });
    await clock.advance(999);
    expect(provider.last().signal.aborted).toBe(false);
    await clock.advance(1);
    expect(provider.last().signal.aborted).toBe(true);
    expect(runtime.stats().pool).toMatchObject({ inFlight: 0, backoff: 1 });
    await clock.advance(900);
    expect(provider.calls.map(({ attempt }) => attempt)).toEqual([1, 2]);
    provider.last().answer('at last');
    expect(await run.output()).toMatchObject([{ done: { text: 'at last' } }]);
  });

  it('counts from the sending, not while the call waits', async () => {
    const { run, provider, clock, heddle } = await oneCall({}, 1);
    const input = { steps: [ask('late', { attemptTimeoutMs: 500 })] };
    const late = await heddle.start('script', { input });
    await clock.advance(10_000);
    provider.last().answer('first');
    await run.output();
    await clock.advance(400);
    expect(provider.last()).toMatchObject({ prompt: 'late', attempt: 1 });
    provider.last().answer('second');
    expect(await late.output()).toMatchObject([{ done: { text: 'second' } }]);
  });

  it('leaves the end to the limit of the whole', async () => {
    const limits = { attemptTimeoutMs: 1_000, timeoutMs: 5_000 };
    const { run, provider, clock } = await oneCall(limits);
    await clock.advance(5_000);
    expect(provider.calls.length).toBeGreaterThan(1);
    expect(provider.calls.every(({ signal }) => signal.aborted)).toBe(true);
    expect(await run.output()).toMatchObject([{ failed: { code: 'invocation-timeout' } }]);
  });

  it("frees the slot of a provider that does not hear; its late answer is nobody else's", async () => {
    const provider = scriptedProvider({ ceiling: 1, hearsAbort: false });
    const { heddle, clock, runtime } = await oneReplica({ providers: [provider] });
    const input = { steps: [ask('deaf', { attemptTimeoutMs: 1_000 })] };
    const run = await heddle.start('script', { input });
    await clock.advance(1_900);
    const [first, second] = provider.calls;
    first?.answer('too late');
    await clock.idle();
    expect(await run.status()).toBe('calling-provider');
    expect(runtime.stats().pool).toMatchObject({ inFlight: 1 });
    second?.answer('in time');
    expect(await run.output()).toMatchObject([{ done: { text: 'in time' } }]);
    expect(runtime.stats().pool).toMatchObject({ inFlight: 0 });
  });

  it('does not stall the provider for others', async () => {
    const { provider, clock, heddle } = await oneCall({ attemptTimeoutMs: 10 });
    await clock.advance(60_000);
    expect(provider.calls.length).toBeGreaterThan(5);
    await heddle.start('script', { input: { steps: [ask('other')] } });
    await clock.idle();
    expect(provider.calls.some(({ prompt }) => prompt === 'other')).toBe(true);
  });
});

describe('the limit of a call', () => {
  it('fails it, aborts the request and frees the slot', async () => {
    const { run, provider, clock, runtime } = await oneCall({ timeoutMs: 500 });
    await clock.advance(499);
    expect(provider.last().signal.aborted).toBe(false);
    await clock.advance(1);
    expect(provider.last().signal.aborted).toBe(true);
    expect(await run.output()).toMatchObject([
      { failed: { code: 'invocation-timeout', detail: { timeoutMs: 500 } } },
    ]);
    expect(runtime.stats()).toMatchObject({ permitsInUse: 0, pool: { inFlight: 0 } });
  });

  it('counts over all attempts', async () => {
    const { run, provider, clock } = await oneCall({ timeoutMs: 1_000 });
    provider.last().fail('outage');
    await clock.advance(900);
    expect(provider.calls).toHaveLength(2);
    await clock.advance(100);
    expect(await run.output()).toMatchObject([{ failed: { code: 'invocation-timeout' } }]);
  });

  /** What a call may wait for before its first request. */
  const lines: Readonly<Record<string, (world: World & Replica) => Promise<void>>> = {
    slot: () => Promise.resolve(),
    budget: ({ heddle }) => heddle.setBudget({ user: 'ann' }, { tokens: 1 }),
    cooling: async ({ clock }) => {
      first?.fail('rate-limited', 3_600_000);
      await clock.idle();
    },
    parked: async ({ clock }) => {
      first?.fail('refused');
      await clock.idle();
    },
  };
  let first: OpenCall | undefined;

  for (const [line, wait] of Object.entries(lines)) {
    it(`passes while the call waits in line: ${line}`, async () => {
      const { provider, clock, heddle, runtime, ...world } = await oneCall({}, 1);
      first = provider.last();
      await wait({ clock, heddle, runtime, ...world });
      const input = { steps: [ask('late', { timeoutMs: 5_000 })] };
      const late = await heddle.start('script', { user: 'ann', input });
      await clock.advance(4_900);
      expect((await late.row()).endedAtMs).toBeNull();
      await clock.advance(200);
      expect(await late.output()).toMatchObject([
        { failed: { code: 'invocation-timeout', detail: { timeoutMs: 5_000 } } },
      ]);
      expect(provider.calls.map(({ prompt }) => prompt)).not.toContain('late');
    });
  }

  it('keeps its deadline when another replica takes the call over (promise 4)', async () => {
    const all = memoryWorld();
    const provider = scriptedProvider();
    const replica = await all.replica({ providers: [provider] });
    const input = { steps: [ask('why?', { timeoutMs: 60_000 })] };
    const run = await replica.heddle.start('script', { input });
    await all.clock.advance(40_000);
    replica.kill();
    const other = await all.replica({ providers: [provider] });
    await all.clock.advance(19_000);
    expect(provider.calls).toHaveLength(2);
    const row = async () => (await other.heddle.run(run.id)).row();
    expect((await row()).endedAtMs).toBeNull();
    await all.clock.advance(1_500);
    expect((await row()).endedAtMs).not.toBeNull();
    expect(provider.last().signal.aborted).toBe(true);
  });

  it('leaves no timer behind, however the call ends', async () => {
    const { provider, clock, run, heddle, store } = await oneCall({ timeoutMs: 60_000 });
    const others = await heddle.startAll(
      [1, 2, 3].map(() => ({
        agent: 'script',
        input: { steps: [ask('o', { timeoutMs: 60_000 }), { do: 'wait' }] },
      })),
    );
    await clock.idle();
    expect(store.database.tables.timers.all()).toHaveLength(4);
    provider.calls[1]?.answer('fine');
    provider.calls[2]?.fail('caller');
    await others[2]?.cancel();
    await clock.idle();
    expect(store.database.tables.timers.all()).toMatchObject([{ runId: run.id }]);
  });

  it('passes while the call waits for its next attempt', async () => {
    const { run, provider, clock, runtime } = await oneCall({ timeoutMs: 100 });
    provider.last().fail('outage');
    await clock.advance(100);
    expect(await run.output()).toMatchObject([{ failed: { code: 'invocation-timeout' } }]);
    expect(provider.calls).toHaveLength(1);
    await clock.advance(60_000);
    expect(provider.calls).toHaveLength(1);
    expect(runtime.stats().pool).toMatchObject({ inFlight: 0, queued: 0, backoff: 0 });
  });

  it('says nothing about the provider: a stalled one is not opened by it', async () => {
    const { provider, clock, heddle, runtime } = await oneCall({ timeoutMs: 60_000 });
    const others = [1, 2, 3, 4].map(() => ({ agent: 'script', input: { steps: [ask('o')] } }));
    await heddle.startAll(others);
    await clock.idle();
    for (const call of provider.calls.slice()) call.fail('outage');
    await clock.idle();
    const provided = () => runtime.stats().pool.providers[0]?.status;
    expect(provided()).toBe('stalled');
    await clock.advance(10_000);
    expect(provided()).toBe('probing');
    await clock.advance(60_000);
    expect(provided()).not.toBe('open');
  });
});

describe('a chart that goes on without its call', () => {
  it('aborts it, and its late result changes nothing', async () => {
    const provider = scriptedProvider({ hearsAbort: false });
    const { heddle, clock, runtime, store } = await oneReplica({ providers: [provider] });
    const run = await heddle.start('script', { input: { steps: [ask('why?')] } });
    await clock.idle();
    await run.cancel('enough');
    await clock.idle();
    expect(provider.last().signal.aborted).toBe(true);
    provider.last().answer('too late');
    await clock.idle();
    await expect(run.output()).rejects.toMatchObject({ code: 'run-cancelled' });
    expect(runtime.stats()).toMatchObject({ permitsInUse: 0, inMemory: 0, pool: { inFlight: 0 } });
    expect((await store.audit(oneTenant('default'))).slotsInUse).toBe(0);
  });
});

describe('what a model may answer', () => {
  it('is made safe where it is text', async () => {
    const { run, provider } = await oneCall();
    provider.last().answer('a\u0000b\ud800c');
    expect(await run.output()).toMatchObject([{ done: { text: 'ab\ufffdc' } }]);
  });

  it('is made safe in what it asks of tools, or says what is wrong', async () => {
    const { run, provider } = await oneCall();
    let deep: Json = 1;
    for (let i = 0; i < 5_000; i++) deep = [deep];
    const ask = (id: string, input: Json) => ({ id, name: 'f', input });
    const toolCalls = [
      ask('1', { 'x\u0000': 'a\u0000b\ud800', y: -0 }),
      ask('2', { deep }),
      ask('3', JSON.parse('{"__proto__":{"admin":true}}') as Json),
      ask('4', JSON.parse('{"n":1e999}') as Json),
      ask('5', JSON.parse('[1e999]') as Json),
    ];
    provider.last().answer('', { toolCalls });
    const invalid = expect.stringContaining('nested deeper than 64') as string;
    expect(await run.output()).toMatchObject([
      {
        done: {
          toolCalls: [
            { id: '1', name: 'f', input: { x: 'ab\ufffd', y: 0 } },
            { id: '2', input: {}, invalid },
            { id: '3', input: {}, invalid },
            { id: '4', input: {}, invalid },
            { id: '5', input: {}, invalid: 'the input is not a JSON object' },
          ],
        },
      },
    ]);
  });

  it('is a typed failure where it is too large', async () => {
    const { run, provider } = await oneCall();
    provider.last().answer('x'.repeat(1_100_000));
    expect(await run.output()).toMatchObject([{ failed: { code: 'payload-too-large' } }]);
  });
});
