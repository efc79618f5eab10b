/** Every provider, a host's own too, gets a history that is valid. */
import { describe, expect, it } from 'vitest';
import type { GenerateRequest, ProviderAnswer } from '../../../src/domain/catalogue.ts';
import type { Provider } from '../../../src/providers/port.ts';
import { oneReplica } from '../../support/replica.ts';

/** A provider that keeps what it gets, and answers with a tool call. */
function keeper(answer: Partial<ProviderAnswer> = {}) {
  const inputs: GenerateRequest[] = [];
  const provider: Provider = {
    name: 'keeper',
    ceiling: 4,
    models: ['m'],
    supports: { preferences: ['reasoning'] },
    call: ({ input }) => {
      inputs.push(input);
      return Promise.resolve({
        text: 'Yes.',
        toolCalls: [],
        stopReason: 'end',
        usage: { inputTokens: 1, outputTokens: 1 },
        provider: 'keeper',
        model: 'm-2',
        ...answer,
      });
    },
  };
  return { provider, inputs };
}

async function outputOf(input: object, answer: Partial<ProviderAnswer> = {}) {
  const { provider, inputs } = keeper(answer);
  const { heddle, clock } = await oneReplica({ providers: [provider] });
  const steps = [{ do: 'generate', with: input }];
  const run = await heddle.start('script', { input: { steps } });
  await clock.idle();
  return { inputs, output: await run.output({ timeoutMs: 1 }) };
}

const asked = { id: '1', name: 'files/read', input: {} };
const tools = [{ name: 'files/read', inputSchema: {} }];

describe('the history of a call', () => {
  it('is made valid before it is sent', async () => {
    const { inputs } = await outputOf({
      messages: [
        { role: 'user', content: 'a' },
        { role: 'assistant', content: ' ', toolCalls: [{ ...asked, name: 'look' }] },
      ],
      prompt: 'b',
    });
    expect(inputs).toMatchObject([
      {
        messages: [
          { role: 'user' },
          { role: 'assistant', content: '' },
          { role: 'tool', toolCallId: '1', isError: true },
        ],
        prompt: 'b',
      },
    ]);
  });

  it('that is blank fails the call alone, and nothing is sent', async () => {
    const { inputs, output } = await outputOf({ prompt: ' ' });
    expect(inputs).toEqual([]);
    expect(output).toMatchObject([{ failed: { code: 'invalid-field' } }]);
  });

  it('has names that fit, and the chart hears its own', async () => {
    const toolCalls = [{ ...asked, name: 'files_read' }];
    const { inputs, output } = await outputOf({ prompt: 'a', tools }, { toolCalls });
    const inputSchema = { type: 'object', properties: {} };
    expect(inputs[0]?.tools).toEqual([{ name: 'files_read', inputSchema }]);
    expect(output).toMatchObject([{ done: { toolCalls: [asked] } }]);
  });

  it('tells later who has reasoned, though no reasoning was shown', async () => {
    const from = { provider: 'keeper', model: 'm' };
    const call = { prompt: 'a', tools, reasoning: 'low' };
    const { output } = await outputOf(call, { toolCalls: [asked] });
    expect(output).toMatchObject([
      { done: { parts: [{ type: 'reasoning', text: '', from }, {}, { type: 'tool-call' }] } },
    ]);
    const off = await outputOf({ ...call, reasoning: 'off' }, { toolCalls: [asked] });
    expect(off.output).not.toMatchObject([{ done: { parts: expect.anything() } }]);
  });
});
