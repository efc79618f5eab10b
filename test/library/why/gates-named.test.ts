/** Which gates the reason in a run's row is about. */
import { expect, it } from 'vitest';
import { gatesNamed } from '../../../src/library/why/reason-kind.ts';
import { callTrouble } from '../../../src/runtime/calls/call/call-trouble.ts';

const gate = (name: string, fault: string | null = null) => ({ name, fault });
const trouble = (shown: 'backoff' | 'stalled' | 'parked', ...gates: ReturnType<typeof gate>[]) => {
  const wait = { gates, lastAt: gates[0]?.name ?? null, attempt: 2, dueMs: 0 };
  return callTrouble({ invocationId: 'ask' }, { shown, wait, nowMs: 0, others: 1 } as never);
};

it.each(['backoff', 'stalled', 'parked'] as const)('%s', (shown) => {
  const fault = 'POST https://open.example/ollama failed: does not answer';
  const reason = trouble(shown, gate('openai/gpt-5', fault));
  expect([...gatesNamed(reason)]).toEqual(['openai/gpt-5']);
});

it('several gates', () => {
  expect([...gatesNamed(trouble('stalled', gate('a'), gate('a/b', 'c refused')))]).toEqual([
    'a',
    'a/b',
  ]);
});
