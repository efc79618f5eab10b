/** Tasks whose process ends under them: counted in the row, begun again, and given up in the end. */
import { assign, setup } from 'xstate';
import { describe, expect, it } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import { task, type Failure, type Json, type TaskPolicy } from '../../../src/index.ts';
import type { Store } from '../../../src/store/port.ts';
import { memoryWorld, type Replica, type World } from '../../support/replica.ts';

/** An agent whose tasks stand side by side; its output is what each of them came to. */
function worker(
  works: Readonly<Record<string, () => Promise<unknown>>>,
  policy: TaskPolicy = {},
  id = 'worker',
) {
  const names = Object.keys(works);
  const actors = Object.fromEntries(names.map((name) => [name, task(works[name]!, policy)]));
  const note = (name: string) =>
    assign({
      came: ({ context, event }) =>
        ({
          ...(context as { came: object }).came,
          [name]: {
            ...event,
            failure: (event as unknown as { failure?: Failure }).failure ?? null,
          },
        }) as unknown as Json,
    });
  return setup({ types: { context: {} as { came: Json } }, actors }).createMachine({
    id,
    context: { came: {} },
    type: 'parallel',
    states: Object.fromEntries(
      names.map((name) => [
        name,
        {
          initial: 'working',
          states: {
            working: {
              invoke: {
                id: name,
                src: name,
                onDone: { target: 'over', actions: note(name) },
                onError: { target: 'over', actions: note(name) },
              },
            },
            over: { type: 'final' },
          },
        },
      ]),
    ),
    output: ({ context }: { context: { came: Json } }) => context.came,
  } as never);
}

const never = (): Promise<unknown> => new Promise(() => undefined);

/** Its process ends as soon as the task has begun, and another is started, over and over. */
async function endingProcesses(
  world: World,
  { count, ...options }: { readonly count: number } & Parameters<World['replica']>[0],
  begins: () => number,
): Promise<Replica> {
  for (let i = 0; i < count; i += 1) {
    const replica = await world.replica(options);
    const before = begins();
    // Its pause before it begins again is of some seconds.
    for (let s = 0; s < 40 && begins() === before; s += 1) await world.clock.advance(500);
    replica.kill();
    await world.clock.advance(10_000);
  }
  return world.replica(options);
}

describe('a task that ends its process', () => {
  const cases: [TaskPolicy, number][] = [
    [{}, 10],
    [{ attempts: 3 }, 10],
    [{ attempts: 12 }, 12],
  ];
  it.each(cases)('with the policy %j is given up after %i attempts', async (policy, attempts) => {
    const world = memoryWorld();
    let begun = 0;
    const agents = [
      worker(
        {
          work: () => {
            begun += 1;
            return never();
          },
        },
        policy,
      ),
    ];
    const first = await world.replica({ agents });
    const { id } = await first.heddle.start('worker');
    await world.clock.idle();
    first.kill();
    await world.clock.advance(10_000);
    const last = await endingProcesses(world, { agents, count: attempts - 1 }, () => begun);
    await world.clock.advance(1_000);
    const run = await last.heddle.run(id);
    expect(begun).toBe(attempts);
    expect(await run.output()).toMatchObject({
      work: {
        error: { name: 'HeddleError', code: 'task-lost' },
        failure: { code: 'task-lost', attempts, source: 'work', run: id },
      },
    });
    const lost: unknown[] = [];
    for await (const { entry } of run.journal())
      if (entry.kind === 'attempt-lost') lost.push(entry);
    expect(lost).toHaveLength(attempts);
    expect(lost.at(-1)).toEqual({ kind: 'attempt-lost', id: 'work', attempt: attempts });
  });

  it('is counted where it stood in line, and ends the process in the instant in which it begins', async () => {
    const world = memoryWorld();
    let begun = 0;
    let isDead = false;
    let over = (): void => undefined;
    const first = worker({ work: () => new Promise((resolve) => (over = () => resolve(null))) });
    const ender = worker(
      {
        ender: () => {
          begun += 1;
          isDead = true;
          return never();
        },
      },
      {},
      'ender',
    );
    const options = {
      agents: [first, ender],
      settings: { permitsMax: 1 },
      // Nothing of a process that has ended comes to the store.
      between: (store: Store): Store =>
        Object.fromEntries(
          Object.entries(store).map(([name, method]) => [
            name,
            (...args: unknown[]) =>
              isDead ? never() : (method as (...args: unknown[]) => unknown)(...args),
          ]),
        ) as unknown as Store,
    };
    let replica = await world.replica(options);
    await replica.heddle.start('worker');
    const { id } = await replica.heddle.start('ender');
    await world.clock.idle();
    expect((await (await replica.heddle.run(id)).row()).reason).toContain('permitsMax');
    over();
    for (let lives = 0; lives < 15; lives += 1) {
      await world.clock.advance(6_000);
      replica.kill();
      isDead = false;
      await world.clock.advance(6_000);
      replica = await world.replica(options);
    }
    expect(begun).toBe(10);
    expect(await (await replica.heddle.run(id)).output()).toMatchObject({
      ender: { failure: { code: 'task-lost' } },
    });
  });
});

describe('a task is not blamed', () => {
  it('for what was closed in order', async () => {
    const world = memoryWorld();
    const agents = [worker({ work: never })];
    let replica = await world.replica({ agents });
    const { id } = await replica.heddle.start('worker');
    for (let i = 0; i < 30; i += 1) {
      await world.clock.advance(1_000);
      await Promise.all([replica.heddle.close(), world.clock.advance(30_000)]);
      replica = await world.replica({ agents });
    }
    expect(await (await replica.heddle.run(id)).status()).toBe('running-task');
    expect((await replica.heddle.run(id)).journal()).toBeDefined();
    for await (const { entry } of (await replica.heddle.run(id)).journal()) {
      expect(entry.kind).not.toBe('attempt-lost');
    }
  });

  it('for what ended while it stood in line', async () => {
    const world = memoryWorld();
    const agents = [worker({ work: never })];
    const settings = { permitsMax: 1 };
    let replica = await world.replica({ agents, settings });
    await replica.heddle.start('worker');
    const waiting = await replica.heddle.start('worker');
    await world.clock.idle();
    expect((await waiting.row()).reason).toContain('permitsMax');
    replica.kill();
    await world.clock.advance(10_000);
    replica = await world.replica({ agents, settings });
    await world.clock.advance(1_000);
    const lost: unknown[] = [];
    for await (const { entry } of (await replica.heddle.run(waiting.id)).journal())
      lost.push(entry);
    expect(lost).toMatchObject([{ kind: 'start' }]);
  });

  it('for processes that end while it waits to begin again', async () => {
    const world = memoryWorld();
    let begun = 0;
    const agents = [
      worker({
        work: () => {
          begun += 1;
          return begun < 8 ? never() : Promise.resolve('well');
        },
      }),
    ];
    const first = await world.replica({ agents });
    const { id } = await first.heddle.start('worker');
    await world.clock.idle();
    first.kill();
    await world.clock.advance(10_000);
    // After the seventh it waits for half of five seconds.
    let replica = await endingProcesses(world, { agents, count: 5 }, () => begun);
    while (begun < 7) await world.clock.advance(500);
    replica.kill();
    for (let kills = 0; kills < 2; kills += 1) {
      replica = await world.replica({ agents });
      await world.clock.advance(1_500);
      expect((await (await replica.heddle.run(id)).row()).reason).toBe(
        'task work begins again after a pause: the process ended during its attempt 7',
      );
      replica.kill();
    }
    replica = await world.replica({ agents });
    await world.clock.advance(20_000);
    const run = await replica.heddle.run(id);
    expect(await run.output()).toMatchObject({ work: { output: 'well' } });
    const row = await world.store.run(oneTenant(run.tenant), run.id);
    expect(row?.heldText).toBe(null);
  });
});
