/**
 * Whole agents, tool loops and a chart written by hand, on two replicas that crash, with people who skip,
 * pause, cancel, answer and deploy, and providers that fail in each way: every request that leaves is one
 * that its vendor takes, and the prompts and answers in it are those that the run has taken. A failing case prints its seed;
 * `FC_SEED` and `FC_RUNS` repeat or widen it. Each planted bug must be caught, else the above proves nothing.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { MemoryStore } from '../../../src/store/memory/memory-store.ts';
import { idDoubled, reasoningAstray, reasoningLost, resultMissing } from '../requests/damages.ts';
import { agentCase } from './agent-case.ts';
import { amongOlder, live, type Planted, type Reached } from './agent-life.ts';

const numRuns = Number(process.env['FC_RUNS'] ?? 40);
const seed = process.env['FC_SEED'];
const bounds = { timeout: 7_200_000 };
const roundsMax = 5;
const seldom = [
  'an interrupted call',
  'reasoning',
  'an opaque part',
  'outage',
  'limited',
  'a run that is running-task',
  'a run that is waiting-on-person',
  'a run that is cancelled',
];

const lives = (reached: Reached, planted?: Planted) =>
  fc.asyncProperty(agentCase, (one) => live(one, reached, planted));

it('every request of every agent is one that its vendor takes', bounds, async () => {
  const reached: Reached = {};
  const round = () =>
    fc.assert(lives(reached), { numRuns, ...(seed !== undefined && { seed: Number(seed) }) });
  await round();
  for (const what of ['anthropic', 'ollama', 'openai', 'a tool result', 'crashes in work']) {
    expect(reached[what], what).toBeGreaterThan(numRuns / 10);
  }
  const never = () => seldom.filter((what) => reached[what] === undefined);
  // What is seldom is looked for among further ones.
  for (let rounds = 1; rounds < roundsMax && never().length > 0; rounds++) await round();
  console.log(reached);
  expect(never()).toEqual([]);
});

const planted: readonly (Planted & { readonly name: string; readonly finding: RegExp })[] = [
  resultMissing,
  idDoubled,
  reasoningAstray,
  reasoningLost,
  {
    name: 'a question that is kept though its call has failed',
    finding: /the prompts are those of steps/,
    seam: { wrapStore: amongOlder },
  },
  {
    name: 'a conversation that is read without its last message',
    finding: /^Refusal: answers .* go back/,
    seam: { wrapStore: behind },
  },
];

it.each(planted)('would be caught: $name', bounds, async ({ finding, ...bug }) => {
  const options = { numRuns: 1_000, seed: 5, endOnFailure: true };
  const { errorInstance } = await fc.check(lives({}, bug), options);
  expect(String(errorInstance)).toMatch(finding);
});

function behind(store: MemoryStore): MemoryStore {
  return {
    ...store,
    conversations: async (reads) => {
      const found = await store.conversations(reads);
      return found.map((messages) => messages.slice(0, -1));
    },
  };
}
