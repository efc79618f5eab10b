/** A conversation of 200 steps with reasoning: no turn writes more for what was said before it. */
import { expect, it } from 'vitest';
import { tool, toolLoop, type Provider, type StandardSchema } from '../../src/index.ts';
import type { Batch } from '../../src/store/batch.ts';
import { memoryWorld } from '../support/replica.ts';

const steps = 200;
const anything: StandardSchema<object> = {
  '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value: value as object }) },
};
const note = tool({
  description: 'Takes a note.',
  schema: anything,
  inputSchema: { type: 'object' },
  run: () => Promise.resolve('noted '.repeat(20)),
});
const loop = toolLoop({
  id: 'loop',
  tools: { note },
  bounds: { iterationsMax: 1_000, tokensMax: 1_000_000, timeMs: 86_400_000 },
});

/** Reasons, calls the tool, and says how much of its reasoning has come back to it. */
function reasoner(cameBack: number[]): Provider {
  return {
    name: 'reasoner',
    ceiling: 1,
    models: ['m'],
    supports: { preferences: ['reasoning'] },
    call: ({ input: { messages = [] } }) => {
      const answers = messages.filter(({ role }) => role === 'assistant');
      const reasoned = answers.filter(
        (one) => 'parts' in one && one.parts?.[0]?.type === 'reasoning',
      );
      cameBack.push(reasoned.length);
      const usage = { inputTokens: 1, outputTokens: 1 };
      const base = { usage, provider: 'reasoner', model: 'm', text: '', toolCalls: [] };
      const thought = {
        type: 'reasoning',
        text: 'Hm. '.repeat(250),
        signature: 's'.repeat(300),
      } as const;
      if (answers.length >= steps) {
        return Promise.resolve({ ...base, text: 'Enough.', stopReason: 'end' });
      }
      const id = `call_${1_000 + answers.length}`;
      const call = { type: 'tool-call', id, name: 'note', input: {} } as const;
      return Promise.resolve({ ...base, parts: [thought, call], stopReason: 'tool-calls' });
    },
  };
}

const bytesOf = ({ chartText, heldText, journalText, conversation }: Batch['turns'][number]) =>
  [chartText, heldText, journalText, ...conversation.map(({ messageText }) => messageText)].reduce(
    (sum, text) => sum + Buffer.byteLength(text ?? ''),
    0,
  );

it('writes a flat number of bytes per turn, and all of the reasoning comes back', async () => {
  const world = memoryWorld();
  const turns: number[] = [];
  const cameBack: number[] = [];
  const { heddle } = await world.replica({
    agents: [loop],
    providers: [reasoner(cameBack)],
    between: (store) => ({
      ...store,
      commit: (batch) => {
        turns.push(...batch.turns.map(bytesOf));
        return store.commit(batch);
      },
    }),
  });
  const run = await heddle.start('loop', { input: { prompt: 'Work.' } });
  await world.clock.idle();
  expect(await run.output({ timeoutMs: 1 })).toMatchObject({ iterations: steps + 1 });
  expect(cameBack).toEqual(Array.from({ length: steps + 1 }, (_, step) => step));
  expect(await run.conversation('loop')).toHaveLength(2 + steps * 2);
  // Turns of one kind come in turn; only counters have more digits at the end.
  const [early, late] = [turns.slice(10, 30), turns.slice(-31, -11)];
  const most = (some: readonly number[]) => Math.max(...some);
  expect(most(late) - most(early)).toBeLessThan(24);
  expect(most(late)).toBeLessThan(8_192);
}, 60_000);
