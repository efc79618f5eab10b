/** What leaves for a server of chat completions, held against the emulator's checks of requests. */
import { afterEach, expect, it } from 'vitest';
import type { GenerateMessage, GenerateRequest } from '../../../src/domain/catalogue.ts';
import { startEmulator } from '../../../src/emulators/emulator.ts';
import { callOf, wires } from '../../support/provider-wires.ts';

const [, , openai] = wires;
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

const from = { provider: 'openai', model: 'gpt-test' };
const image = { type: 'image', mediaType: 'image/png', data: 'AAAA' } as const;
const longId = `call_${'x'.repeat(50)}`;
const messages: readonly GenerateMessage[] = [
  { role: 'user', content: 'Look.', parts: [{ type: 'text', text: 'Look.' }, image] },
  {
    role: 'assistant',
    content: '',
    toolCalls: [
      { id: 'a', name: 'look', input: {} },
      { id: longId, name: 'look', input: { n: 1 } },
    ],
  },
  {
    role: 'tool',
    toolCallId: 'a',
    content: 'seen',
    parts: [{ type: 'text', text: 'seen' }, image],
  },
  { role: 'tool', toolCallId: longId, content: 'gone', isError: true },
  { role: 'assistant', content: 'Well.', parts: [{ type: 'text', text: 'Well.' }] },
];
const tools = [{ name: 'look', description: 'Looks.', inputSchema: { type: 'object' } }];
const strict = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] };

it.each<[string, GenerateRequest]>([
  ['a prompt', { prompt: 'Why?' }],
  ['a history with images, tools and ids that are too long', { messages, prompt: 'Go on.', tools }],
  [
    'every option',
    {
      prompt: 'Why?',
      system: 'Be brief.',
      tools,
      toolChoice: { tool: 'look' },
      maxTokens: 50,
      temperature: 0.3,
      stopSequences: ['END'],
      reasoning: { budgetTokens: 2_048 },
      schema: strict,
      providerOptions: { openai: { seed: 7 } },
    },
  ],
  ['a tool choice without tools', { prompt: 'Why?', toolChoice: 'none' }],
  ['a schema with a choice', { prompt: 'Why?', schema: { ...strict, required: [] } }],
  ['no thinking', { prompt: 'Why?', reasoning: 'off' }],
])('is taken: %s', async (_what, input) => {
  const emulator = await startEmulator({ protocol: 'openai' });
  const provider = openai.connect(emulator.url, { parallelToolCalls: true });
  open.push(provider, emulator);
  const output = await provider.call(callOf({ input }));
  expect(output.usage.inputTokens).toBeGreaterThan(0);
  expect(output).toMatchObject({ provider: from.provider, model: from.model });
  expect(emulator.stats()).toMatchObject({ calls: 1, completed: 1 });
});

it('comes back in order: text, and tool calls in fragments', async () => {
  const toolCalls = [
    { name: 'look', input: { query: 'warp “ü🧵”' } },
    { name: 'look', input: {} },
  ];
  const emulator = await startEmulator({
    protocol: 'openai',
    answer: () => ({ text: 'Let me see.', toolCalls }),
    script: { chunks: 5 },
  });
  const provider = openai.connect(emulator.url);
  open.push(provider, emulator);
  const output = await provider.call(callOf({ input: { prompt: 'Look.', tools } }));
  expect(output).toMatchObject({ text: 'Let me see.', stopReason: 'tool-calls', toolCalls });
});
