/**
 * Whatever a conversation has been through, the request that leaves is one that its vendor takes: tools with
 * odd names and ids, results that are missing, late or double, blank texts, calls that failed, other
 * providers and models amid an exchange, reasoning, images, and what authors write. A failing case prints
 * its seed; `FC_SEED` and `FC_RUNS` repeat or widen it. Each planted bug must be caught, else the above
 * proves nothing.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { asItIs, type Damage, reasoningAstray, reasoningLost } from './damages.ts';
import { historyCase, type StepSpec } from './history-spec.ts';
import { HistoryWalk, reached } from './history-walk.ts';

const numRuns = Number(process.env['FC_RUNS'] ?? 300);
const seed = process.env['FC_SEED'];
const bounds = { timeout: 1_800_000 };

const requests = (damage?: Damage) =>
  fc.asyncProperty(historyCase, async (steps: readonly StepSpec[]) => {
    const walk = new HistoryWalk(damage);
    for (const step of steps) await walk.take(step);
  });

it('every request of every history is one that its vendor takes', bounds, async () => {
  await fc.assert(requests(), { numRuns, ...(seed !== undefined && { seed: Number(seed) }) });
  console.log(reached);
  for (const what of ['anthropic', 'ollama', 'openai', 'a tool result', 'an interrupted call']) {
    expect(reached[what], what).toBeGreaterThan(numRuns / 5);
  }
  for (const what of ['reasoning', 'an opaque part', 'an image', 'a schema of the answer']) {
    expect(reached[what], what).toBeGreaterThan(numRuns / 20);
  }
});

it.each([asItIs, reasoningLost, reasoningAstray])(
  'would be caught: $name',
  bounds,
  async ({ damage, finding }) => {
    const options = { numRuns: 1_000, seed: 1, endOnFailure: true };
    const { errorInstance } = await fc.check(requests(damage), options);
    expect(String(errorInstance)).toMatch(finding);
  },
);
