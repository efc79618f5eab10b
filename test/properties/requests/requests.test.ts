/**
 * Whatever a conversation has been through, the request that leaves is one that its vendor takes: tools with
 * odd names and ids, results that are missing, late or double, blank texts, calls that failed, other
 * providers and models amid an exchange, reasoning, images, and what authors write. A failing case prints
 * its seed; `FC_SEED` and `FC_RUNS` repeat or widen it. Each planted bug must be caught, else the above
 * proves nothing.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { GenerateMessage } from '../../../src/domain/catalogue.ts';
import { fitHistory } from '../../../src/providers/history/fit-history.ts';
import { historyCase, type StepSpec } from './history-spec.ts';
import { type Damage, HistoryWalk, reached } from './history-walk.ts';

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

const planted: readonly { name: string; finding: RegExp; damage: Damage }[] = [
  {
    name: 'a history that is sent as it is',
    finding: /^Refusal: /,
    damage: (_, raw) => raw,
  },
  {
    name: 'reasoning that does not come back',
    finding: /reasoning is lost|Expected `thinking`/,
    damage: (valid) => ({ ...valid, messages: valid.messages?.map(withoutReasoning) ?? [] }),
  },
  {
    name: 'reasoning that goes to another model',
    finding: /gets what|Invalid `signature`|Invalid `data`/,
    damage: (valid, raw) => {
      const from = { provider: valid.provider ?? '', model: valid.model ?? '' };
      const messages = raw.messages?.map((message) => writtenBy(message, from)) ?? [];
      return fitHistory({ ...raw, messages }, from);
    },
  },
];

it.each(planted)('would be caught: $name', bounds, async ({ damage, finding }) => {
  const options = { numRuns: 1_000, seed: 1, endOnFailure: true };
  const { errorInstance } = await fc.check(requests(damage), options);
  expect(String(errorInstance)).toMatch(finding);
});

function withoutReasoning(message: GenerateMessage): GenerateMessage {
  if (message.role !== 'assistant' || message.parts === undefined) return message;
  return { ...message, parts: message.parts.filter(({ type }) => type !== 'reasoning') };
}

function writtenBy(
  message: GenerateMessage,
  from: { readonly provider: string; readonly model: string },
): GenerateMessage {
  if (message.role !== 'assistant' || message.parts === undefined) return message;
  const parts = message.parts.map((part) =>
    part.type === 'reasoning' || part.type === 'opaque' ? { ...part, from } : part,
  );
  return { ...message, parts };
}
