/** How an answer ended, and what the loop makes of it: no answer that is cut counts as one. */
import { describe, expect, it } from 'vitest';
import type { AnyStateMachine } from 'xstate';
import { createKernel } from '../../src/kernel/kernel.ts';
import { tool, toolLoop, type AgentSource, type StandardSchema } from '../../src/index.ts';
import { chartsBefore } from '../../src/kernel/structure.ts';
import { folded } from '../support/folded.ts';
import { memoryWorld, oneReplica } from '../support/replica.ts';
import { lastResults, model, type Said } from './model.ts';

const anything: StandardSchema = {
  '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) },
};

/** A loop with a tool that must not be carried out, and its run's end. */
async function ended(say: (call: number) => Said | undefined) {
  const ran: unknown[] = [];
  const wipe = tool({
    description: 'Deletes what fits, or all.',
    schema: anything,
    inputSchema: { type: 'object' },
    run: ({ input }) => {
      ran.push(input);
      return Promise.resolve('done');
    },
  });
  const of = model(say);
  const loop = toolLoop({ id: 'loop', tools: { wipe }, builtIn: [] });
  const { heddle, clock } = await oneReplica({ agents: [loop], providers: [of] });
  const run = await heddle.start('loop', { input: { prompt: 'Begin.' } });
  await clock.idle();
  const { chartText } = await run.row();
  expect(await folded(run, loop)).toEqual(chartText);
  return { output: await run.output({ timeoutMs: 1 }), ran, heard: of.heard };
}

const wipes = (stopReason: string): Said => ({
  text: 'So',
  calls: [{ name: 'wipe', input: {} }],
  stopReason,
});

describe('an answer without tool calls', () => {
  it.each([
    ['end', 'answered'],
    ['stop-sequence', 'answered'],
    ['max-tokens', 'cut-off'],
    ['refusal', 'refused'],
    ['context-full', 'context-full'],
    ['tool-calls', 'other'],
  ])('that ends with %s ends the loop as %s', async (stopReason, end) => {
    const { output } = await ended(() => ({ text: 'So', stopReason }));
    expect(output).toEqual({ end, text: 'So', iterations: 1, tokens: 11, stopReason });
  });

  it("that ends with a word of its provider's own is no answer, and the word is kept", async () => {
    const { output } = await ended(() => ({ text: 'So', stopReason: 'pause_turn' }));
    expect(output).toMatchObject({
      end: 'other',
      stopReason: 'other',
      rawStopReason: 'pause_turn',
    });
  });
});

describe('tool calls of an answer', () => {
  it.each([
    ['refusal', 'refused'],
    ['context-full', 'context-full'],
  ])('that ended with %s are not carried out, and the loop ends as %s', async (word, end) => {
    const { output, ran } = await ended(() => wipes(word));
    expect(output).toMatchObject({ end, iterations: 1 });
    expect(ran).toEqual([]);
  });

  it('that was cut are not carried out, and the model is told why', async () => {
    const { output, ran, heard } = await ended((at) =>
      at === 1 ? wipes('max-tokens') : undefined,
    );
    expect(output).toMatchObject({ end: 'answered', iterations: 2 });
    expect(ran).toEqual([]);
    const told = 'wipe was not carried out: the answer was cut at the most tokens that it may have';
    expect(lastResults(heard[1])).toEqual([[told]]);
  });

  it('that are cut twice in a row end the loop as cut off', async () => {
    const { output, ran } = await ended(() => wipes('max-tokens'));
    expect(output).toMatchObject({ end: 'cut-off', iterations: 2, stopReason: 'max-tokens' });
    expect(ran).toEqual([]);
  });

  it('that are cut now and then are told each time', async () => {
    const words = ['max-tokens', 'tool-calls', 'max-tokens'];
    const { output, ran } = await ended((at) => {
      const word = words[at - 1];
      return word === undefined ? undefined : wipes(word);
    });
    expect(output).toMatchObject({ end: 'answered', iterations: 4 });
    expect(ran).toHaveLength(1);
  });

  it.each(['stop-sequence', 'end', 'of-my-own'])(
    'that is whole and ended with %s are carried out',
    async (word) => {
      const { output, ran } = await ended((at) => (at === 1 ? wipes(word) : undefined));
      expect(output).toMatchObject({ end: 'answered' });
      expect(ran).toEqual([{}]);
    },
  );
});

describe('a run that began before its loop had these ends', () => {
  it.each([
    [{}, 'a553a3f50a334b7f'],
    [{ builtIn: [] }, '8b5dfa818768e517'],
    [{ bounds: { toolCallsMax: 2 }, builtIn: ['ask'] }, '1789ed2878b6cbdc'],
  ] as const)('is known by its version: %j', (options, version) => {
    const loop = toolLoop({ id: 'loop', ...options });
    expect(createKernel().register(loop).formerStructures).toEqual([version]);
  });

  it.each([undefined, '7'])(
    'goes on, and ends in one of them; version given: %s',
    async (given) => {
      const say = (): Said => ({ text: 'Too much.', stopReason: 'context-full' });
      const asks = { calls: [{ name: 'ask', input: { question: 'Shall I?' } }] };
      const loop = toolLoop({ id: 'loop', builtIn: ['ask'] });
      const under = (machine: AnyStateMachine): AgentSource =>
        given === undefined ? machine : { machine, version: given };
      const world = memoryWorld();
      const agents = chartsBefore(loop).map(under);
      const first = await world.replica({ agents, providers: [model(() => asks)] });
      const run = await first.heddle.start('loop', { input: { prompt: 'Begin.' } });
      await world.clock.idle();
      expect(await run.status()).toBe('waiting-on-person');
      const { version } = await run.row();
      expect(version).toBe(given ?? createKernel().register(loop).formerStructures[0]);
      await first.heddle.close();

      const second = await world.replica({ agents: [under(loop)], providers: [model(say)] });
      const same = await second.heddle.run(run.id);
      await same.answer('call-0', 'yes');
      await world.clock.idle();
      expect(await same.output({ timeoutMs: 1 })).toMatchObject({ end: 'context-full' });
      expect(await same.row()).toMatchObject({ version });
    },
  );
});
