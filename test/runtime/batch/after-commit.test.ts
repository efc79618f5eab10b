/**
 * What follows a commit throws: the commit stands, the run is loaded anew, and no neighbour, start or
 * close waits for it (promises 1 and 13).
 */
import { setup } from 'xstate';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHeddle } from '../../../src/heddle.ts';
import type { Log } from '../../../src/runtime/ports.ts';
import { Timers } from '../../../src/runtime/wake/timers.ts';
import { RunEvents } from '../../../src/runtime/wake/run-events.ts';
import { Fates } from '../../../src/store/fates.ts';
import type { Store } from '../../../src/store/port.ts';
import { oneReplica } from '../../support/replica.ts';
import { script } from '../../support/script-agent.ts';

const unheard: unknown[] = [];
const hear = (reason: unknown): void => void unheard.push(reason);
beforeEach(() => {
  unheard.length = 0;
  process.on('unhandledRejection', hear);
});
afterEach(async () => {
  // Node tells of a rejection when the microtasks are done.
  await new Promise((resolve) => setTimeout(resolve, 5));
  process.off('unhandledRejection', hear);
  expect(unheard).toHaveLength(0);
});

/** Things that code throws and that have no text, or one that throws when it is asked for. */
const odd: readonly (readonly [string, () => unknown])[] = [
  ['an error', () => new Error('plain')],
  ['an object without a prototype', () => Object.create(null)],
  ['a symbol', () => Symbol('odd')],
  ['nothing', () => undefined],
  ['a function', () => () => 1],
  [
    'an error whose message throws',
    () =>
      Object.defineProperty(new Error('hidden'), 'message', {
        get: () => {
          throw new Error('from the getter');
        },
      }),
  ],
  [
    'an object whose text throws',
    () => ({
      toString: () => {
        throw new Error('from toString');
      },
    }),
  ],
  [
    'a proxy that throws at everything',
    () =>
      new Proxy(
        {},
        {
          get: () => {
            throw new Error('from the proxy');
          },
          has: () => {
            throw new Error('from the proxy');
          },
        },
      ),
  ],
];

const withThen = (on: object, then: () => void): object =>
  // oxlint-disable-next-line no-thenable -- what an author gives may be just that
  Object.assign(on, { then });

/** Ways in which an action, or a log, throws. */
const ways: readonly (readonly [string, (thrown: unknown) => unknown])[] = [
  [
    'throws',
    (thrown) => {
      throw thrown;
    },
  ],
  ['rejects with', (thrown) => Promise.reject(thrown)],
  [
    'gives a thenable that throws',
    (thrown) =>
      withThen({}, () => {
        throw thrown;
      }),
  ],
  [
    'gives a promise with a `then` of its own that rejects with',
    (thrown) => withThen(Promise.reject(thrown), () => undefined),
  ],
];

const cases = ways.flatMap(([way, act]) => odd.map(([what, make]) => ({ way, act, what, make })));

function noisy(act: () => unknown) {
  return setup({ actions: { shout: act } }).createMachine({
    id: 'noisy',
    initial: 'a',
    states: { a: { entry: 'shout', after: { 100: 'b' } }, b: { type: 'final', entry: 'shout' } },
  });
}

async function amongNeighbours(agent: object, log?: Log) {
  const world = await oneReplica({
    agents: [agent, script],
    ...(log === undefined ? {} : { log }),
  });
  const good = Array.from({ length: 3 }, () => ({ agent: 'script', input: { steps: [] } }));
  const runs = await world.heddle.startAll([...good, { agent: 'noisy' }, ...good]);
  await world.clock.advance(200);
  const statuses = await Promise.all(runs.map((run) => run.status()));
  await world.heddle.close();
  return { ...world, statuses, runs };
}

describe('a custom action', () => {
  it.each(cases)('that $way $what ends nothing but itself', async ({ act, make }) => {
    const { statuses, warnings } = await amongNeighbours(noisy(() => act(make())));
    expect(statuses).toEqual(Array.from({ length: 7 }, () => 'completed'));
    const told = warnings.filter((line) => line.startsWith('an action threw'));
    expect(told).toHaveLength(2);
    expect(warnings.filter((line) => line.includes('given back'))).toEqual([]);
  });
});

describe("a host's log", () => {
  it.each(cases)('that $way $what at every line harms nobody', async ({ act, make }) => {
    const say = (): void => act(make()) as undefined;
    const log: Log = { info: say, warn: say };
    const { statuses } = await amongNeighbours(
      noisy(() => {
        throw new Error('so that there is something to tell');
      }),
      log,
    );
    expect(statuses).toEqual(Array.from({ length: 7 }, () => 'completed'));
  });

  it('is called as a method of its own', async () => {
    class Logger {
      readonly lines: string[] = [];
      info(message: string): void {
        this.lines.push(message);
      }
      warn(message: string): void {
        this.lines.push(message);
      }
    }
    const logger = new Logger();
    await amongNeighbours(
      noisy(() => {
        throw new Error('told');
      }),
      logger,
    );
    expect(logger.lines).toContain('an action threw');
  });

  it.each([
    ['log', null],
    ['log', 'console'],
    ['log.info', {}],
    ['log.warn', { info: () => undefined }],
    ['log.warn', { info: () => undefined, warn: 'loud' }],
    [
      'log.info',
      {
        get info(): unknown {
          throw new Error('from the getter');
        },
      },
    ],
  ])('is refused by the field %s when that is no method', async (field, log) => {
    await expect(createHeddle({ log: log as unknown as Log })).rejects.toMatchObject({
      code: 'invalid-field',
      detail: { field },
    });
  });
});

const parked = setup({}).createMachine({
  id: 'parked',
  initial: 'a',
  states: {
    a: { after: { 1_000: 'b' }, on: { go: 'b' } },
    b: { after: { 1_000: 'c' } },
    c: { type: 'final' },
  },
});

/** Every part that is told of a committed turn, made to throw once. */
const aftermaths: readonly (readonly [string, (thrown: unknown) => () => void])[] = [
  ['the timers', (thrown) => throwOnce(Timers.prototype, 'set', thrown)],
  ['the timers that rang', (thrown) => throwOnce(Timers.prototype, 'settledIfStill', thrown)],
  ['the watchers', (thrown) => throwOnce(RunEvents.prototype, 'hears', thrown)],
];

function throwOnce<Name extends string>(
  proto: { [Key in Name]: (...args: never[]) => unknown },
  name: Name,
  thrown: unknown,
): () => void {
  const method = proto[name];
  let left = 1;
  proto[name] = function (this: unknown, ...args: never[]) {
    left -= 1;
    if (left >= 0) throw thrown;
    return Reflect.apply(method, this, args);
  } as (typeof proto)[Name];
  return () => {
    proto[name] = method;
  };
}

describe('a throw in what follows a commit', () => {
  it.each(aftermaths)('in %s: the run is loaded anew, once committed', async (_, plant) => {
    const seen: string[] = [];
    const between = (store: Store): Store => ({
      ...store,
      commit: async (batch) => {
        const outcome = await store.commit(batch);
        const committed = new Fates(outcome.fates).without('turns', batch.turns);
        for (const { runId, expectedTurn } of committed) seen.push(`${runId} ${expectedTurn}`);
        return outcome;
      },
    });
    const undo = plant(Object.create(null));
    try {
      const world = await oneReplica({ agents: [parked], between });
      const runs = await world.heddle.startAll(
        Array.from({ length: 5 }, () => ({ agent: 'parked' })),
      );
      await world.clock.advance(10_000);
      for (const run of runs) expect(await run.status()).toBe('completed');
      expect(new Set(seen).size).toBe(seen.length);
      expect(world.warnings.filter((line) => line.startsWith('what follows'))).toHaveLength(1);
      expect(world.warnings.filter((line) => line.includes('given back'))).toEqual([]);
      expect(world.runtime.stats()).toMatchObject({ permitsInUse: 0, inMemory: 0 });
      await world.heddle.close();
    } finally {
      undo();
    }
  });
});

describe('close', () => {
  it('takes all of its steps though one of them throws', async () => {
    const world = await oneReplica({
      between: (store) => ({
        ...store,
        listen: async (heard) => {
          await store.listen(heard);
          return { close: () => Promise.reject(Object.create(null) as Error) };
        },
      }),
    });
    await world.heddle.close();
    // The shards were given back after that: another replica has them at once.
    const next = await world.replica();
    expect(next.runtime.stats().shards).toBe(32);
  });
});
