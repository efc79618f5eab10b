/** What a tool loop writes, and what of it survives a crash. */
import { describe, expect, it } from 'vitest';
import { tool, toolLoop, type Run, type StandardSchema } from '../../src/index.ts';
import type { Batch } from '../../src/store/batch.ts';
import type { Store } from '../../src/store/port.ts';
import { folded } from '../support/folded.ts';
import { memoryWorld, type Replica, type World } from '../support/replica.ts';
import { model } from './model.ts';

const anything: StandardSchema<{ readonly step: number }> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => ({ value: value as { readonly step: number } }),
  },
};

/** Says the same at every step, so that every step is as long as any other. */
const note = tool({
  description: 'Takes a note.',
  schema: anything,
  inputSchema: { type: 'object' },
  run: () => Promise.resolve('noted '.repeat(20)),
});

/** Two tools a step, one inside the turn and one outside, for so many steps; by what it has heard. */
function worker(steps: number) {
  return model((_, { messages = [] }) => {
    const done = messages.filter(({ role }) => role === 'assistant').length;
    if (done >= steps) return { text: 'Enough.' };
    const value = 'word '.repeat(20);
    return {
      text: 'Another step. '.repeat(10),
      calls: [
        { name: 'note', input: { step: 1_000 + done } },
        { name: 'remember', input: { scope: 'run', key: `step/${1_000 + done}`, value } },
      ],
    };
  });
}

const loop = toolLoop({ id: 'loop', tools: { note } });

async function started(
  world: World,
  steps: number,
  between: (store: Store) => Store,
): Promise<{ readonly run: Run; readonly replica: Replica }> {
  const replica = await world.replica({ agents: [loop], providers: [worker(steps)], between });
  const run = await replica.heddle.start('loop', { input: { prompt: 'Work.' } });
  return { run, replica };
}

function conversationOf({ store }: World, { id: runId, tenant }: Run) {
  return store
    .conversations([{ tenant, runId, conversation: 'loop' }])
    .then(([messages]) => messages ?? []);
}

describe('what a turn writes', () => {
  async function bytesOf(steps: number): Promise<{ turns: number[]; sent: number }> {
    const world = memoryWorld();
    const turns: number[] = [];
    const { run } = await started(world, steps, (store) => ({
      ...store,
      commit: (batch) => {
        for (const turn of batch.turns) turns.push(bytesOfTurn(turn));
        return store.commit(batch);
      },
    }));
    await world.clock.idle();
    expect(await run.output({ timeoutMs: 1 })).toMatchObject({ iterations: steps + 1 });
    const said = await conversationOf(world, run);
    expect(said).toHaveLength(2 + steps * 3);
    return { turns, sent: said.join('').length };
  }

  it('does not grow with the conversation', async () => {
    const [short, long] = [await bytesOf(5), await bytesOf(40)];
    const mean = ({ turns }: typeof short) => turns.reduce((a, b) => a + b, 0) / turns.length;
    expect(long.sent).toBeGreaterThan(short.sent * 7);
    // Only counters have more digits; the first and the last turn are shorter, and fewer among many.
    expect(Math.max(...long.turns)).toBeLessThan(Math.max(...short.turns) + 16);
    expect(mean(long)).toBeLessThan(mean(short) * 1.1);
    // Of a message no more than this many copies are ever written.
    const total = long.turns.reduce((a, b) => a + b, 0);
    expect(total).toBeLessThan(120 * 4_096);
  });
});

function bytesOfTurn(turn: Batch['turns'][number]): number {
  const { chartText, heldText, journalText, memory, conversation, messages, inbox } = turn;
  const texts = [
    chartText,
    heldText,
    journalText,
    ...memory.map(({ valueText }) => valueText),
    ...conversation.map(({ messageText }) => messageText),
    ...messages.map(({ payloadText }) => payloadText),
    ...inbox.map(({ payloadText }) => payloadText),
  ];
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text ?? ''), 0);
}

describe('promise 5: a crash at any commit', () => {
  const steps = 2;

  async function crashedAt(
    commit: number,
    when: 'before' | 'after' | 'never',
  ): Promise<{ readonly said: readonly string[]; readonly commits: number }> {
    const world = memoryWorld();
    let commits = 0;
    const dying: { replica: Replica | null } = { replica: null };
    const { run, replica } = await started(world, steps, (store) => ({
      ...store,
      commit: async (batch) => {
        commits += 1;
        if (commits === commit && when === 'before') dying.replica?.kill();
        if (commits === commit && when === 'before') return new Promise(() => undefined);
        const outcome = await store.commit(batch);
        if (commits === commit && when === 'after') dying.replica?.kill();
        return outcome;
      },
    }));
    dying.replica = replica;
    const { id } = run;
    await world.clock.idle();
    if (when === 'never') return { said: await conversationOf(world, run), commits };
    const next = await world.replica({ agents: [loop], providers: [worker(steps)] });
    await world.clock.advance(60_000);
    const ended = await next.heddle.run(id);
    const row = await ended.row();
    expect(row, `${when} commit ${commit}`).toMatchObject({ status: 'completed' });
    expect(await folded(ended, loop)).toEqual(row.chartText);
    return { said: await conversationOf(world, run), commits };
  }

  it('gives the conversation that there is without one', async () => {
    const { said, commits } = await crashedAt(0, 'never');
    expect(said).toHaveLength(2 + steps * 3);
    expect(commits).toBeGreaterThan(steps * 2);
    for (const when of ['before', 'after'] as const) {
      // The first commits are the start's own: who starts a run hears of a crash before its answer.
      for (let commit = 2; commit <= commits; commit++) {
        expect((await crashedAt(commit, when)).said, `${when} commit ${commit}`).toEqual(said);
      }
    }
  });
});
