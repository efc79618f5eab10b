/** The author's own promise logic: at least once, retried, aborted, never silently lost. */
import { assign, fromPromise, setup } from 'xstate';
import { describe, expect, it } from 'vitest';
import {
  task,
  type Failure,
  type Json,
  type TaskArgs,
  type TaskPolicy,
} from '../../../src/index.ts';
import { memoryWorld, oneReplica } from '../../support/replica.ts';

type Work = (args: TaskArgs<unknown>) => Promise<unknown>;

/** An agent with one task; `stop` leaves it, and its output is what came of it. */
function worker(run: Work, policy: TaskPolicy = {}, logic = task<unknown>(run, policy)) {
  return setup({
    types: { context: {} as { result: Json }, events: {} as { type: 'stop' } },
    actors: { work: logic },
  }).createMachine({
    id: 'worker',
    context: { result: null },
    initial: 'working',
    states: {
      working: {
        invoke: {
          id: 'work',
          src: 'work',
          input: { n: 1 },
          onDone: {
            target: 'ended',
            actions: assign({ result: ({ event }) => ({ done: event.output }) as Json }),
          },
          onError: {
            target: 'ended',
            actions: assign({
              result: ({ event }) =>
                ({
                  failed: event.error,
                  failure: (event as unknown as { failure: Failure }).failure,
                }) as unknown as Json,
            }),
          },
        },
        on: { stop: 'ended' },
      },
      ended: { type: 'final' },
    },
    output: ({ context }) => context.result,
  });
}

async function working(run: Work, policy: TaskPolicy = {}) {
  const world = await oneReplica({ agents: [worker(run, policy)] });
  const started = await world.heddle.start('worker');
  await world.clock.idle();
  return { ...world, run: started };
}

const never: Work = () => new Promise(() => undefined);

describe('a task', () => {
  it('gets its input and a key, and its output goes to the chart', async () => {
    const seen: TaskArgs<unknown>[] = [];
    const { run } = await working(async (args) => {
      seen.push(args);
      return { twice: 2 };
    });
    expect(await run.output()).toEqual({ done: { twice: 2 } });
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ input: { n: 1 }, idempotencyKey: `${run.id}:work:1` });
  });

  it('works as plain promise logic too', async () => {
    const plain = fromPromise(async ({ input }: { input: unknown }) => ({ input }));
    const { heddle } = await oneReplica({ agents: [worker(never, {}, plain as never)] });
    expect(await (await heddle.start('worker')).output()).toEqual({ done: { input: { n: 1 } } });
  });

  it('shows as running-task and holds a permit only while it runs', async () => {
    const { run, runtime, heddle } = await working(never);
    expect(await run.status()).toBe('running-task');
    expect(runtime.stats().permitsInUse).toBe(1);
    await run.send({ type: 'stop' });
    await run.output();
    expect(runtime.stats()).toMatchObject({ permitsInUse: 0, inMemory: 0 });
    expect((await heddle.runs({ statuses: ['completed'] })).length).toBe(1);
  });
});

describe('a task that fails', () => {
  it('fails once when nothing else was asked', async () => {
    let tries = 0;
    const { run } = await working(async () => {
      tries += 1;
      throw new Error('no luck');
    });
    expect(await run.output()).toMatchObject({
      failed: { name: 'Error', message: 'no luck' },
      failure: {
        code: 'task-failed',
        detail: { src: 'work', attempts: 1, reason: 'no luck' },
        attempts: 1,
        source: 'work',
        run: run.id,
      },
    });
    expect(tries).toBe(1);
  });

  it('is tried again after growing pauses, under the same key', async () => {
    const keys: string[] = [];
    const { run, clock } = await working(
      async ({ idempotencyKey }) => {
        keys.push(idempotencyKey);
        if (keys.length < 4) throw new Error('not yet');
        return 'at last';
      },
      { attempts: 5, backoffMs: 1_000 },
    );
    const triesAfter = async (ms: number): Promise<number> => {
      await clock.advance(ms);
      return keys.length;
    };
    expect(await triesAfter(999)).toBe(1);
    expect(await triesAfter(1)).toBe(2);
    expect(await triesAfter(1_999)).toBe(2);
    expect(await triesAfter(1)).toBe(3);
    expect(await triesAfter(4_000)).toBe(4);
    expect(await run.output()).toEqual({ done: 'at last' });
    expect(new Set(keys).size).toBe(1);
  });

  it('keeps the code of an error that has one', async () => {
    class OutOfStock extends Error {
      readonly code = 'out-of-stock';
    }
    const { run } = await working(async () => {
      throw new OutOfStock('none left');
    });
    expect(await run.output()).toMatchObject({
      failed: { code: 'out-of-stock', message: 'none left' },
    });
  });

  it('survives whatever is thrown', async () => {
    const thrown: unknown[] = [
      undefined,
      null,
      7,
      'text',
      { message: 'an object', code: 'x' },
      Symbol('s'),
    ];
    for (const value of thrown) {
      const { run } = await working(async () => {
        // oxlint-disable-next-line typescript/only-throw-error -- authors throw what they like
        throw value;
      });
      expect(await run.output()).toMatchObject({
        failed: expect.anything(),
        failure: { message: expect.any(String), attempts: 1 },
      });
    }
  });

  it('also when it throws before it gives a promise', async () => {
    const { run } = await working(() => {
      throw new Error('at once');
    });
    expect(await run.output()).toMatchObject({
      failed: { message: 'at once' },
      failure: { detail: { reason: 'at once' } },
    });
  });
});

describe('a task that takes too long', () => {
  it('is aborted, and tried again when its policy says so', async () => {
    const signals: AbortSignal[] = [];
    const { run, clock } = await working(
      ({ signal }) => {
        signals.push(signal);
        return never({} as TaskArgs<unknown>);
      },
      { attempts: 2, backoffMs: 100, attemptTimeoutMs: 1_000 },
    );
    await clock.advance(1_000);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    await clock.advance(1_100);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    expect(await run.output()).toMatchObject({ failed: { code: 'invocation-timeout' } });
  });

  it('ends at its whole limit, over all attempts and the pauses between them', async () => {
    const signals: AbortSignal[] = [];
    const { run, clock } = await working(
      ({ signal }) => {
        signals.push(signal);
        return signals.length === 1 ? Promise.reject(new Error('once')) : new Promise(() => {});
      },
      { attempts: 9, backoffMs: 400, timeoutMs: 1_000 },
    );
    await clock.advance(999);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
    await clock.advance(10);
    expect(await run.output()).toMatchObject({
      failed: { code: 'invocation-timeout', detail: { what: 'task work', timeoutMs: 1_000 } },
    });
    expect(signals[1]?.aborted).toBe(true);
    await clock.advance(10_000);
    expect(signals).toHaveLength(2);
  });
});

describe('the abort signal of a task', () => {
  it('fires when the chart leaves it, when its run is cancelled, and when heddle closes', async () => {
    for (const how of ['leave', 'cancel', 'close'] as const) {
      const signals: AbortSignal[] = [];
      const { run, heddle, clock } = await working(({ signal }) => {
        signals.push(signal);
        return never({} as TaskArgs<unknown>);
      });
      if (how === 'leave') await run.send({ type: 'stop' });
      if (how === 'cancel') await run.cancel();
      if (how === 'close') await heddle.close();
      await clock.idle();
      expect([how, signals[0]?.aborted]).toEqual([how, true]);
    }
  });

  it('fires no second attempt after the run has ended', async () => {
    let tries = 0;
    const { run, clock } = await working(
      async () => {
        tries += 1;
        throw new Error('no');
      },
      { attempts: 10, backoffMs: 1_000 },
    );
    await run.cancel();
    await clock.advance(3_600_000 / 60);
    expect(tries).toBe(1);
  });
});

describe('an output that JSON would lose', () => {
  it('is a typed failure that names the place', async () => {
    const deep = Array.from({ length: 70 }).reduce<unknown>((inner) => [inner], 1);
    const outputs: [unknown, string][] = [
      [new Map(), 'invalid-json'],
      [1n, 'invalid-json'],
      [Number.NaN, 'invalid-json'],
      ['\u0000', 'invalid-json'],
      ['\ud800', 'invalid-json'],
      [deep, 'invalid-json'],
      [JSON.parse('{"__proto__":1}'), 'invalid-json'],
      [() => 1, 'invalid-json'],
      ['x'.repeat(1_100_000), 'payload-too-large'],
    ];
    for (const [output, code] of outputs) {
      const { run } = await working(async () => output);
      expect(await run.output()).toMatchObject({ failed: { code } });
    }
  });

  it('but dates and nothing are what every JSON API makes of them', async () => {
    const { run } = await working(async () => new Date(0));
    expect(await run.output()).toEqual({ done: '1970-01-01T00:00:00.000Z' });
    const second = await working(async () => undefined);
    expect(await second.run.output()).toEqual({});
    const third = await working(async () => null);
    expect(await third.run.output()).toEqual({ done: null });
  });
});

describe('a task over a restart', () => {
  it('begins again under the same key: at least once (promise 3)', async () => {
    const world = memoryWorld();
    const keys: string[] = [];
    const agent = worker(({ idempotencyKey }) => {
      keys.push(idempotencyKey);
      return keys.length < 2 ? new Promise(() => undefined) : Promise.resolve('done');
    });
    const first = await world.replica({ agents: [agent] });
    const { id } = await first.heddle.start('worker');
    await world.clock.idle();
    first.crash();
    await world.clock.advance(10_000);
    const second = await world.replica({ agents: [agent] });
    await world.clock.advance(10_000);
    expect(await (await second.heddle.run(id)).output()).toEqual({ done: 'done' });
    expect(keys).toEqual([`${id}:work:1`, `${id}:work:1`]);
  });

  it('takes a result that was committed, and does not run again', async () => {
    const world = memoryWorld();
    let tries = 0;
    const agent = worker(async () => {
      tries += 1;
      return 'done';
    });
    const first = await world.replica({ agents: [agent] });
    const { id } = await first.heddle.start('worker');
    await world.clock.idle();
    first.crash();
    const second = await world.replica({ agents: [agent] });
    await world.clock.advance(10_000);
    expect(await (await second.heddle.run(id)).output()).toEqual({ done: 'done' });
    expect(tries).toBe(1);
  });
});

describe('a task beside another replica', () => {
  it('is made by its owner alone for as long as that lives, however long it takes', async () => {
    const world = memoryWorld();
    const keys: string[] = [];
    const finish: (() => void)[] = [];
    const agents = [
      worker(({ idempotencyKey }) => {
        keys.push(idempotencyKey);
        return new Promise((resolve) => finish.push(() => resolve('done')));
      }),
    ];
    const first = await world.replica({ agents });
    await world.replica({ agents });
    await world.clock.advance(10_000);
    const runs = await first.heddle.startAll(
      Array.from({ length: 20 }, (_, i) => ({ agent: 'worker', pipeline: `p${i}` })),
    );
    await world.clock.advance(600_000);
    expect(new Set(keys).size).toBe(20);
    expect(keys).toHaveLength(20);
    for (const end of finish) end();
    await world.clock.advance(5_000);
    for (const run of runs) expect(await run.output()).toEqual({ done: 'done' });
    expect(keys).toHaveLength(20);
  });
});
