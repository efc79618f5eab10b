/**
 * Permits: what is out together is bounded, what waits holds none, and with any cap of at least one every
 * order ends (promise 7).
 */
import { assign, setup } from 'xstate';
import { describe, expect, it } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import { task, type Json, type Run, type TaskArgs } from '../../../src/index.ts';
import { memoryWorld, oneReplica } from '../../support/replica.ts';
import { script, type ScriptStep } from '../../support/script-agent.ts';
import { scriptedProvider } from '../../support/scripted-provider.ts';

const ask: ScriptStep = { do: 'generate', with: { prompt: 'why?' } };
const start = (...steps: readonly ScriptStep[]) => ({
  agent: 'script',
  input: { steps } as unknown as Json,
});

type Open = { readonly run: string; readonly input: Json; end(output?: Json): void; fail(): void };

/** An agent with one task that ends when a test says so, and every attempt that has begun. */
function working(policy: { attempts?: number; backoffMs?: number } = {}) {
  const begun: Open[] = [];
  const work = task<unknown>(
    ({ input, idempotencyKey }: TaskArgs<unknown>) =>
      new Promise((resolve, reject) => {
        const [run = ''] = idempotencyKey.split(':');
        const fail = (): void => reject(new Error('on order'));
        begun.push({ run, input: input as Json, end: (output = null) => resolve(output), fail });
      }),
    policy,
  );
  const worker = setup({
    types: { context: {} as { input: Json; output: Json }, events: {} as { type: 'leave' } },
    actors: { work },
  }).createMachine({
    id: 'worker',
    context: ({ input }) => ({ input: (input as Json | undefined) ?? null, output: null }),
    initial: 'working',
    states: {
      working: {
        invoke: {
          id: 'work',
          src: 'work',
          input: ({ context }: { context: { input: Json } }) => context.input,
          onDone: {
            target: 'ended',
            actions: assign({ output: ({ event }) => event.output as Json }),
          },
        },
        on: { leave: 'ended' },
      },
      ended: { type: 'final' },
    },
    output: ({ context }) => context.output,
  });
  return { worker, begun };
}

const inLine = /stands in line/;

describe('permits', () => {
  it('with one permit every order of waiting ends', async () => {
    const provider = scriptedProvider({ onCall: (call) => call.answer('x') });
    const { heddle, clock } = await oneReplica({
      settings: { permitsMax: 1 },
      providers: [provider],
    });
    const receiver = start({ do: 'receive', with: { channel: 'a' } }, ask);
    const sender = start(ask, { do: 'publish', with: { channel: 'a', payload: 1 } }, ask);
    const runs = await heddle.startAll([receiver, receiver, receiver, sender]);
    for (let i = 0; i < 20; i++) await clock.advance(100);
    for (const run of runs) expect(await run.status()).toBe('completed');
  });

  it('bound the calls that are out, and no run that waits for one', async () => {
    const provider = scriptedProvider();
    const { heddle, clock, runtime } = await oneReplica({
      settings: { permitsMax: 2 },
      providers: [provider],
    });
    const runs = await heddle.startAll(Array.from({ length: 5 }, () => start(ask)));
    await clock.idle();
    expect(provider.calls).toHaveLength(2);
    expect(runtime.stats()).toMatchObject({ permitsInUse: 2, queued: 0 });
    for (const run of runs) expect(await run.status()).toBe('calling-provider');
    for (let i = 0; i < 5; i++) {
      provider.calls[i]?.answer('x');
      await clock.idle();
      expect(runtime.stats().permitsInUse).toBeLessThanOrEqual(2);
    }
    expect(provider.calls).toHaveLength(5);
    expect(runtime.stats()).toMatchObject({ permitsInUse: 0, queued: 0, inMemory: 0 });
  });

  it('go to what has begun before what has not', async () => {
    const provider = scriptedProvider();
    const { heddle, clock } = await oneReplica({
      settings: { permitsMax: 1 },
      providers: [provider],
    });
    const begun = await heddle.start('script', start({ do: 'wait' }, ask));
    await clock.idle();
    await heddle.startAll([start(ask), start(ask)]);
    await clock.idle();
    await begun.send({ type: 'go' });
    await clock.idle();
    provider.last().answer('first');
    await clock.idle();
    expect(provider.last().idempotencyKey).toContain(begun.id);
  });

  it('bound calls and tasks together, which take turns where both wait', async () => {
    const provider = scriptedProvider();
    const { worker, begun } = working();
    const { heddle, clock, runtime } = await oneReplica({
      agents: [script, worker],
      settings: { permitsMax: 1 },
      providers: [provider],
    });
    for (let i = 0; i < 4; i++) {
      await heddle.start('worker');
      await heddle.start('script', start(ask));
    }
    await clock.idle();
    const order: string[] = [];
    for (let i = 0; i < 8; i++) {
      const { permitsInUse, pool } = runtime.stats();
      expect(permitsInUse).toBe(1);
      order.push(pool.inFlight === 1 ? 'call' : 'task');
      if (pool.inFlight === 1) provider.last().answer('x');
      else begun.at(-1)?.end();
      await clock.idle();
    }
    expect(order.slice(1, 7).join(' ')).toMatch(/^(task call ?){3}$|^(call task ?){3}$/);
    expect([begun.length, provider.calls.length]).toEqual([4, 4]);
    expect(runtime.stats()).toMatchObject({ permitsInUse: 0, inLine: 0, inMemory: 0 });
  });
});

describe('a task in line', () => {
  it('says so, holds nothing, and begins when its turn comes', async () => {
    const { worker, begun } = working();
    const { heddle, clock, runtime } = await oneReplica({
      agents: [worker],
      settings: { permitsMax: 2 },
    });
    const runs = await heddle.startAll(
      Array.from({ length: 5 }, (_, i) => ({ agent: 'worker', input: i, pipeline: `p${i}` })),
    );
    await clock.idle();
    expect(begun).toHaveLength(2);
    // Those in line are rows; no snapshot of theirs is in memory.
    expect(runtime.stats()).toMatchObject({ permitsInUse: 2, inLine: 3, inMemory: 2 });
    const shown = async () =>
      Promise.all(
        runs.map(async (run) => {
          const { status, reason } = await run.row();
          return status === 'running-task' && inLine.test(reason ?? '')
            ? 'in line'
            : (reason ?? status);
        }),
      );
    const out = new Set(begun.map(({ run }) => run));
    expect(await shown()).toEqual(runs.map(({ id }) => (out.has(id) ? 'running-task' : 'in line')));
    for (let i = 0; i < 5; i++) {
      begun[i]?.end(i);
      await clock.idle();
      expect(runtime.stats().permitsInUse).toBe(Math.min(2, 4 - i));
      expect((await shown()).filter((one) => one === 'in line')).toHaveLength(Math.max(0, 2 - i));
    }
    expect(new Set(begun.map(({ input }) => input))).toEqual(new Set([0, 1, 2, 3, 4]));
    for (const run of runs) expect(await run.status()).toBe('completed');
    expect(runtime.stats()).toMatchObject({ permitsInUse: 0, inLine: 0, inMemory: 0 });
  });

  it('takes turns by tenant and user: a flood does not hold a light one up', async () => {
    const { worker, begun } = working();
    const { heddle, clock } = await oneReplica({ agents: [worker], settings: { permitsMax: 1 } });
    const by = (tenant: string, user: string) => ({ agent: 'worker', tenant, user });
    await heddle.startAll(Array.from({ length: 20 }, () => by('big', 'heavy')));
    const light = await heddle.startAll([by('big', 'light'), by('small', 'one')]);
    await clock.idle();
    for (let i = 0; i < 4; i++) {
      begun[i]?.end();
      await clock.idle();
    }
    const first = begun.slice(0, 5).map(({ run }) => run);
    for (const { id } of light) expect(first).toContain(id);
  });

  it.each(['cancel', 'leave', 'pause', 'close'] as const)(
    'leaves it by %s, and the permit that comes goes to the next',
    async (how) => {
      const { worker, begun } = working();
      const { heddle, clock, runtime } = await oneReplica({
        agents: [worker],
        settings: { permitsMax: 1 },
      });
      const [first, second, third] = (await heddle.startAll(
        [0, 1, 2].map((i) => ({ agent: 'worker', pipeline: `p${i}` })),
      )) as [Run, Run, Run];
      await clock.idle();
      if (how === 'cancel') await second.cancel();
      if (how === 'leave') await second.send({ type: 'leave' });
      if (how === 'pause') await second.pause();
      if (how === 'close') return expect(await heddle.close()).toBeUndefined();
      await clock.idle();
      expect(runtime.stats()).toMatchObject({ permitsInUse: 1, inLine: 1 });
      begun[0]?.end();
      await clock.idle();
      expect(begun.map(({ run }) => run)).toEqual([first.id, third.id]);
      if (how !== 'pause') return;
      await second.resume();
      await clock.idle();
      expect((await second.row()).reason).toMatch(inLine);
      begun[1]?.end();
      await clock.idle();
      expect(begun.at(-1)?.run).toBe(second.id);
      begun[2]?.end();
      await clock.idle();
      expect(await second.status()).toBe('completed');
      expect(runtime.stats()).toMatchObject({ permitsInUse: 0, inMemory: 0 });
    },
  );

  it('loses no permit when its run is paused, or ends, just as it has one', async () => {
    for (const how of ['cancel', 'pause'] as const) {
      const { worker, begun } = working();
      const { heddle, clock, runtime } = await oneReplica({
        agents: [worker],
        settings: { permitsMax: 1 },
      });
      const runs = await heddle.startAll(
        [0, 1, 2].map((i) => ({ agent: 'worker', pipeline: `p${i}` })),
      );
      await clock.idle();
      const telling = how === 'cancel' ? runs[1]?.cancel() : runs[1]?.pause();
      begun[0]?.end();
      await telling;
      await clock.idle();
      if (how === 'pause') await runs[1]?.resume();
      for (let i = 1; i < 3; i++) {
        await clock.idle();
        begun[i]?.end();
      }
      await clock.idle();
      expect([how, await runs[2]?.status()]).toEqual([how, 'completed']);
      expect(runtime.stats()).toMatchObject({ permitsInUse: 0, inLine: 0, inMemory: 0 });
    }
  });

  it('stands there for each further attempt: a backoff holds no permit', async () => {
    const { worker, begun } = working({ attempts: 3, backoffMs: 1_000 });
    const { heddle, clock, runtime } = await oneReplica({
      agents: [worker],
      settings: { permitsMax: 1 },
    });
    const [first] = await heddle.startAll(
      [0, 1].map((i) => ({ agent: 'worker', pipeline: `p${i}` })),
    );
    await clock.idle();
    begun[0]?.fail();
    await clock.idle();
    expect(begun).toHaveLength(2);
    expect(runtime.stats()).toMatchObject({ permitsInUse: 1, inLine: 0 });
    await clock.advance(1_000);
    expect(runtime.stats()).toMatchObject({ permitsInUse: 1, inLine: 1 });
    expect(await first?.row()).toMatchObject({ reason: expect.stringMatching(inLine) });
    begun[1]?.end();
    await clock.idle();
    expect(begun.map(({ run }) => run)[2]).toBe(first?.id);
    expect(await first?.row()).toMatchObject({ status: 'running-task', reason: null });
    begun[2]?.end('at last');
    await clock.idle();
    expect(await first?.output()).toBe('at last');
    expect(runtime.stats()).toMatchObject({ permitsInUse: 0, inLine: 0, inMemory: 0 });
  });

  it('keeps to the cap after a takeover, too', async () => {
    const world = memoryWorld();
    const provider = scriptedProvider();
    const { worker, begun } = working();
    const options = {
      agents: [script, worker],
      providers: [provider],
      settings: { permitsMax: 4 },
    };
    const first = await world.replica({ ...options, settings: { permitsMax: 100 } });
    const starts = Array.from({ length: 10 }, (_, i) => ({ agent: 'worker', pipeline: `p${i}` }));
    await first.heddle.startAll([...starts, ...starts.map(() => start(ask))]);
    await world.clock.idle();
    first.crash();
    begun.length = 0;
    const second = await world.replica(options);
    await world.clock.advance(10_000);
    const calls = (): number => second.runtime.stats().pool.inFlight;
    expect(begun.length + calls()).toBe(4);
    expect(second.runtime.stats()).toMatchObject({ permitsInUse: 4 });
    for (let i = 0; i < 20; i++) {
      for (const one of begun) one.end();
      for (const call of provider.calls.slice(10)) call.answer('x');
      await world.clock.advance(100);
      expect(second.runtime.stats().permitsInUse).toBeLessThanOrEqual(4);
    }
    expect((await world.store.audit(oneTenant('default'))).runs).toEqual({ completed: 20 });
    expect(second.runtime.stats()).toMatchObject({ permitsInUse: 0, inLine: 0, inMemory: 0 });
  });
});

describe('a task that waits for a run', () => {
  /** An agent whose task does as the test says. */
  const doing = (id: string, work: () => Promise<unknown>) =>
    setup({ actors: { work: task<unknown>(work) } }).createMachine({
      id,
      initial: 'working',
      states: {
        working: { invoke: { id: 'work', src: 'work', onDone: 'ended', onError: 'failed' } },
        ended: { type: 'final' },
        failed: {},
      },
    });

  it('lends its permit until it has the output: one permit is enough for a chain of them', async () => {
    const held: number[] = [];
    const chain = [0, 1, 2, 3].map((depth) =>
      doing(`link-${depth}`, async () => {
        const { heddle, runtime } = world;
        held.push(runtime.stats().permitsInUse);
        if (depth < 3) {
          const steps = depth === 2 ? [ask] : [];
          const next = await heddle.start(`link-${depth + 1}`);
          const calling = await heddle.start('script', start(...steps));
          // Each of several may need it, in whatever order they end.
          await Promise.all([next.output(), calling.output()]);
        }
        held.push(runtime.stats().permitsInUse);
      }),
    );
    const provider = scriptedProvider({ onCall: (call) => call.answer('x') });
    const world = await oneReplica({
      agents: [script, ...chain],
      providers: [provider],
      settings: { permitsMax: 1 },
    });
    const run = await world.heddle.start('link-0');
    await world.clock.advance(60_000);
    expect(await run.status()).toBe('completed');
    expect(held).toEqual(Array.from({ length: 8 }, () => 1));
    expect(world.runtime.stats()).toMatchObject({ permitsInUse: 0, inLine: 0, inMemory: 0 });
  });

  it('has it back before it goes on, ahead of those in line', async () => {
    const { worker, begun } = working();
    const order: string[] = [];
    const waits = doing('waits', async () => {
      order.push('waits');
      await (await world.heddle.start('script', start({ do: 'wait' }))).output();
      order.push('goes on');
      await new Promise((resolve) => ends.push(resolve));
    });
    const ends: ((value: unknown) => void)[] = [];
    const world = await oneReplica({
      agents: [script, waits, worker],
      settings: { permitsMax: 1 },
    });
    const { heddle, clock, runtime } = world;
    const run = await heddle.start('waits');
    await clock.idle();
    await heddle.startAll([{ agent: 'worker' }, { agent: 'worker' }]);
    await clock.idle();
    // One of them has what was lent.
    expect(begun).toHaveLength(1);
    const [awaited] = await heddle.runs({ agent: 'script' });
    await (await heddle.run(awaited?.runId ?? '')).send({ type: 'go' });
    await clock.advance(5_000);
    expect(order).toEqual(['waits']);
    begun[0]?.end();
    await clock.idle();
    expect(order).toEqual(['waits', 'goes on']);
    expect(begun).toHaveLength(1);
    expect(runtime.stats()).toMatchObject({ permitsInUse: 1, inLine: 1 });
    for (const end of ends) end(null);
    await clock.idle();
    begun[1]?.end();
    await clock.idle();
    expect(await run.status()).toBe('completed');
    expect(runtime.stats()).toMatchObject({ permitsInUse: 0, inLine: 0, inMemory: 0 });
  });

  it('owes nothing when it is stopped meanwhile, whatever its code still does', async () => {
    for (const how of ['while it waits', 'while it wants it back'] as const) {
      const { worker, begun } = working();
      const waits = doing('waits', async () => {
        await (await world.heddle.start('script', start({ do: 'wait' }))).output();
        await (await world.heddle.start('script', start())).output();
      });
      const world = await oneReplica({
        agents: [script, waits, worker],
        settings: { permitsMax: 1 },
      });
      const { heddle, clock, runtime } = world;
      const run = await heddle.start('waits');
      await clock.idle();
      const other = await heddle.start('worker');
      await clock.idle();
      const go = async (): Promise<void> => {
        const [awaited] = await heddle.runs({ agent: 'script' });
        await (await heddle.run(awaited?.runId ?? '')).send({ type: 'go' });
        await clock.advance(5_000);
      };
      if (how === 'while it wants it back') await go();
      await run.cancel();
      await clock.idle();
      if (how === 'while it waits') await go();
      expect(runtime.stats()).toMatchObject({ permitsInUse: 1, inLine: 0 });
      begun[0]?.end();
      await clock.advance(5_000);
      expect([how, await other.status()]).toEqual([how, 'completed']);
      expect(runtime.stats()).toMatchObject({ permitsInUse: 0, inLine: 0, inMemory: 0 });
    }
  });
});
