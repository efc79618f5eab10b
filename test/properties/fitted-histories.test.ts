/** Random histories, fitted: what every provider asks for holds, and what fits stays as it is. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { GenerateMessage, GenerateRequest } from '../../src/domain/catalogue.ts';
import { partsOf } from '../../src/domain/model/parts.ts';
import { fitHistory } from '../../src/providers/history/fit-history.ts';

const origins = [
  { provider: 'a', model: 'x' },
  { provider: 'a', model: 'y' },
  { provider: 'b', model: 'x' },
] as const;
const text = fc.constantFrom('', ' ', '\n', 'a', 'b ');
const id = fc.constantFrom('1', '2', 'a.b', 'a_b', '', 'é', 'x'.repeat(70));
const name = fc.constantFrom('look', 'files/read', 'files_read', 'n'.repeat(65));
const from = fc.constantFrom(...origins);
const call = fc.record(
  { id, name, input: fc.constant({}), extra: fc.record({ data: fc.constant({ s: 1 }), from }) },
  { requiredKeys: ['id', 'name', 'input'] },
);
const part = fc.oneof(
  fc.record({ type: fc.constant('text' as const), text }),
  fc.record(
    { type: fc.constant('reasoning' as const), text, from, signature: fc.constant('s') },
    { requiredKeys: ['type', 'text', 'from'] },
  ),
  fc.record({ type: fc.constant('opaque' as const), data: fc.constant({ n: 1 }), from }),
  call.map((one) => ({ type: 'tool-call' as const, ...one })),
);
const message: fc.Arbitrary<GenerateMessage> = fc.oneof(
  fc.record({ role: fc.constantFrom('system' as const, 'user' as const), content: text }),
  fc.record({
    role: fc.constant('assistant' as const),
    content: text,
    toolCalls: fc.array(call, { maxLength: 3 }),
  }),
  fc.array(part, { maxLength: 4 }).map((parts): GenerateMessage => {
    const calls = parts.filter((one) => one.type === 'tool-call');
    return { role: 'assistant', content: '', toolCalls: calls, parts };
  }),
  fc.record({
    role: fc.constant('tool' as const),
    toolCallId: id,
    content: text,
    isError: fc.boolean(),
  }),
);
const request: fc.Arbitrary<GenerateRequest> = fc.record(
  {
    messages: fc.array(message, { maxLength: 12 }),
    prompt: text,
    system: text,
    reasoning: fc.constant('low' as const),
    tools: fc
      .uniqueArray(name)
      .map((names) => names.map((one) => ({ name: one, inputSchema: {} }))),
  },
  { requiredKeys: ['messages'] },
);

/** A message of the model that is asked, in which only reasoning is left once blank texts are out. */
const reasoningAlone: GenerateRequest = {
  messages: [
    {
      role: 'assistant',
      content: '',
      toolCalls: [],
      parts: [{ type: 'reasoning', text: '', from: origins[0], signature: 's' }],
    },
  ],
  prompt: 'go on',
};

const fits = /^[a-zA-Z0-9_-]{1,64}$/;
const isBlank = (one: string) => one.trim() === '';

/** The first rule that the request breaks; null when it keeps them all. */
function breachOf({ messages = [], prompt, system, tools = [] }: GenerateRequest, to: object) {
  if (prompt !== undefined && isBlank(prompt)) return 'blank prompt';
  if (system !== undefined && isBlank(system)) return 'blank system';
  const names = tools.map((tool) => tool.name);
  if (new Set(names).size < names.length || !names.every((one) => fits.test(one))) return 'names';
  const ids = new Set<string>();
  let due: readonly string[] = [];
  for (const one of messages) {
    if (one.role === 'tool') {
      if (one.toolCallId !== due[0]) return 'result without call';
      if (isBlank(one.content)) return 'blank result';
      due = due.slice(1);
      continue;
    }
    if (due.length > 0) return 'call without result';
    if (one.role !== 'assistant') {
      if (isBlank(one.content)) return 'blank';
      continue;
    }
    const parts = partsOf(one);
    // Reasoning alone is no message either: providers refuse one that ends with it.
    if (parts.every(({ type }) => type === 'reasoning')) return 'empty message';
    for (const each of parts) {
      if (each.type === 'text' && isBlank(each.text)) return 'blank part';
      const origin = each.type === 'tool-call' ? each.extra?.from : 'from' in each && each.from;
      if (origin && JSON.stringify(origin) !== JSON.stringify(to)) return 'foreign part';
      if (each.type !== 'tool-call') continue;
      if (!fits.test(each.id) || ids.has(each.id)) return 'id';
      if (!fits.test(each.name)) return 'name';
      ids.add(each.id);
      due = [...due, each.id];
    }
    const calls = parts.filter((each) => each.type === 'tool-call').map((each) => each.id);
    if (String(calls) !== String((one.toolCalls ?? []).map((each) => each.id))) return 'calls';
  }
  if (due.length > 0) return 'call without result at the end';
  const last = messages.findLast(({ role }) => role !== 'system')?.role;
  return prompt === undefined && last !== 'user' && last !== 'tool' ? 'end' : null;
}

it('is valid or refused, and stays as it is when it is fitted again', () => {
  fc.assert(
    fc.property(request, from, (given, to) => {
      let fitted: GenerateRequest;
      try {
        fitted = fitHistory(given, to);
      } catch (error) {
        expect(error).toMatchObject({ code: 'invalid-field' });
        expect(isBlank(given.prompt ?? '')).toBe(true);
        return;
      }
      expect(breachOf(fitted, to)).toBeNull();
      expect(fitHistory(fitted, to).messages).toBe(fitted.messages);
      if (breachOf(given, to) === null && given.reasoning === undefined) {
        expect(fitted).toEqual(given);
      }
    }),
    { numRuns: 2_000, examples: [[reasoningAlone, origins[0]]] },
  );
});
