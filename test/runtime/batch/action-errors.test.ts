/** What a custom action throws is warned of, and stands in the journal row of the run's next turn. */
import { expect, it } from 'vitest';
import { enqueueActions, setup } from 'xstate';
import type { JournalEntry, Run } from '../../../src/index.ts';
import { asRunId } from '../../../src/domain/ids.ts';
import { ActionErrors } from '../../../src/runtime/batch/outcome/action-errors.ts';
import { folded } from '../../support/folded.ts';
import { oneReplica } from '../../support/replica.ts';

async function journalOf(run: Run): Promise<{ turn: number; entry: JournalEntry }[]> {
  const lines = [];
  for await (const line of run.journal()) lines.push(line);
  return lines;
}

async function threwIn(run: Run): Promise<unknown[]> {
  const lines = await journalOf(run);
  return lines.filter(({ entry }) => entry.kind === 'action-threw').map(({ entry }) => entry);
}

/** It shouts when told to, and ends when told to. */
function shouter(shout: (n: number) => unknown) {
  return setup({ actions: { shout: (_, { n }: { n: number }) => shout(n) } }).createMachine({
    id: 'shouter',
    on: {
      ONE: { actions: { type: 'shout', params: { n: 1 } } },
      MANY: {
        actions: enqueueActions(({ enqueue }) => {
          for (let n = 1; n <= 20; n++) enqueue({ type: 'shout', params: { n } });
        }),
      },
      END: '.end',
    },
    initial: 'open',
    states: {
      open: {},
      end: { type: 'final', entry: { type: 'shout', params: { n: 0 } } },
    },
  });
}

const fail = (n: number): never => {
  throw new Error(`no. ${n}`);
};

async function started(shout: (n: number) => unknown) {
  const chart = shouter(shout);
  const world = await oneReplica({ agents: [chart] });
  const run = await world.heddle.start('shouter');
  await world.clock.idle();
  const send = async (...types: string[]): Promise<void> => {
    for (const type of types) {
      await run.send({ type });
      await world.clock.idle();
    }
  };
  return { ...world, chart, run, send };
}

it('is journalled before what the next turn takes, and the journal still folds', async () => {
  const { chart, run, send, warnings } = await started(fail);
  await send('ONE');
  expect(await threwIn(run)).toEqual([]);
  await send('HELLO');
  expect((await journalOf(run)).slice(1)).toMatchObject([
    { turn: 2, entry: { kind: 'event', event: { type: 'ONE' } } },
    { turn: 3, entry: { kind: 'action-threw', action: 'shout', turn: 2, error: 'no. 1' } },
    { turn: 3, entry: { kind: 'event', event: { type: 'HELLO' }, handled: false } },
  ]);
  await send('HELLO');
  expect(await threwIn(run)).toHaveLength(1);
  expect(warnings.filter((line) => line.startsWith('an action threw'))).toHaveLength(1);
  expect(await folded(run, chart)).toBe((await run.row()).chartText);
});

it('is journalled where it comes as a rejection, or is nothing that has words', async () => {
  const late = await started(() => Promise.reject(new Error('late')));
  await late.send('ONE', 'HELLO');
  expect(await threwIn(late.run)).toMatchObject([{ error: 'late' }]);
  const odd = await started(() => {
    throw Object.create(null);
  });
  await odd.send('ONE', 'HELLO');
  expect(await threwIn(odd.run)).toMatchObject([{ error: expect.stringMatching(/\w/) as string }]);
});

it('is bounded, in count and in length', async () => {
  const { run, send } = await started(fail);
  await send('MANY', 'HELLO');
  expect(await threwIn(run)).toHaveLength(8);
  const long = await started(() => {
    throw new Error('x'.repeat(100_000));
  });
  await long.send('ONE', 'HELLO');
  const [entry] = (await threwIn(long.run)) as { error: string }[];
  expect(entry?.error).toHaveLength(500);
});

it('is journalled by a turn of commands, and by a turn that ends the run', async () => {
  const paused = await started(fail);
  await paused.send('ONE');
  await paused.run.pause('a moment');
  await paused.clock.idle();
  expect((await journalOf(paused.run)).at(-2)?.entry).toMatchObject({ kind: 'action-threw' });
  const cancelled = await started(fail);
  await cancelled.send('ONE');
  await cancelled.run.cancel('enough');
  await cancelled.clock.idle();
  expect((await journalOf(cancelled.run)).map(({ entry }) => entry.kind)).toEqual([
    'start',
    'event',
    'action-threw',
    'cancel',
  ]);
});

it('of the last turn is in the log alone', async () => {
  const { run, send, warnings } = await started(fail);
  await send('END');
  expect(await run.status()).toBe('completed');
  expect(warnings.filter((line) => line.startsWith('an action threw'))).toHaveLength(1);
  expect(await threwIn(run)).toEqual([]);
});

it('is of its own run, and stays until a turn has written it', () => {
  const errors = new ActionErrors();
  const [one, two] = [1, 2].map((n) => asRunId(`00000000-0000-7000-8000-00000000000${n}`));
  errors.add(one!, { action: 'a', turn: 1 }, 'first');
  const first = errors.of(one!);
  errors.add(one!, { action: 'a', turn: 1 }, 'second');
  expect(errors.of(two!)).toEqual([]);
  expect(errors.of(one!)).toHaveLength(2);
  errors.written(one!, first);
  expect(errors.of(one!)).toMatchObject([{ error: 'second' }]);
  errors.written(one!, errors.of(one!));
  expect(errors.of(one!)).toEqual([]);
});

it('is kept of a thousand runs, the oldest of which goes first', () => {
  const errors = new ActionErrors();
  const ids = Array.from({ length: 1_001 }, (_, n) =>
    asRunId(`00000000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`),
  );
  for (const id of ids) errors.add(id, { action: 'a', turn: 1 }, 'no');
  expect(ids.filter((id) => errors.of(id).length === 0)).toEqual([ids[0]]);
});
