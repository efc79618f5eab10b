/** Requests to Ollama, written by hand. */
import { type Failing, type Passing, pixel } from './row.ts';

const request = (messages: readonly object[], more: object = {}): object => ({
  model: 'qwen3',
  stream: true,
  messages,
  ...more,
});
const user = { role: 'user', content: 'Look.' };
const calls = (...names: readonly string[]): object => ({
  role: 'assistant',
  content: '',
  tool_calls: names.map((name) => ({ function: { name, arguments: {} } })),
});
const result = (name: string): object => ({ role: 'tool', content: 'seen', tool_name: name });

export const ollamaPassing: readonly Passing[] = [
  { what: 'a text after instructions', body: request([{ role: 'system', content: 'Hm.' }, user]) },
  {
    what: 'two calls and their results in order',
    body: request([user, calls('look', 'take'), result('look'), result('take')]),
  },
  {
    what: 'a tool that is called twice',
    body: request([user, calls('look', 'look'), result('look'), result('look'), user]),
  },
  {
    what: 'an image alone, and one in a result',
    body: request([
      { role: 'user', content: '', images: [pixel] },
      calls('look'),
      { ...result('look'), images: [pixel] },
    ]),
  },
  {
    what: 'thinking beside a call',
    body: request([user, { ...calls('look'), thinking: 'hm' }, result('look')], { think: 'low' }),
  },
  {
    what: 'a schema, options and a tool',
    body: request([user], {
      format: { type: 'object' },
      options: { num_ctx: 8_192, num_predict: 100, temperature: 1.5, stop: ['END'] },
      keep_alive: '5m',
      think: false,
      tools: [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }],
    }),
  },
  { what: 'two messages of the user', body: request([user, user], { format: 'json' }) },
];

export const ollamaFailing: readonly Failing[] = [
  {
    what: 'an image with its media type before it',
    body: request([{ ...user, images: [`data:image/gif;base64,${pixel}`] }]),
    by: /must be base64/,
  },
  {
    what: 'results in another order than their calls',
    body: request([user, calls('look', 'take'), result('take'), result('look')]),
    by: /taken for the result of look/,
  },
  { what: 'a call without a result', body: request([user, calls('look'), user]), by: /no result/ },
  { what: 'a result without a call', body: request([user, result('look')]), by: /no tool call/ },
  {
    what: 'arguments that are a text',
    body: request([
      user,
      { ...calls(), tool_calls: [{ function: { name: 'look', arguments: '{}' } }] },
      result('look'),
    ]),
    by: /arguments: Input should be an object/,
  },
  {
    what: 'content that is a list',
    body: request([{ role: 'user', content: [{ type: 'text', text: 'Look.' }] }]),
    by: /content: Input should be a valid string/,
  },
  { what: 'a blank message', body: request([user, { role: 'user', content: ' ' }]), by: /nothing/ },
];
