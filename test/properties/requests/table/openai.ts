/** Chat completions, written by hand. */
import { type Failing, type Passing, pixel } from './row.ts';

const request = (messages: readonly object[], more: object = {}): object => ({
  model: 'gpt-5',
  stream: true,
  messages,
  ...more,
});
const user = { role: 'user', content: 'Look.' };
const call = (id: string, more: object = {}): object => ({
  id,
  type: 'function',
  function: { name: 'look', arguments: '{}', ...more },
});
const calls = (...list: readonly object[]): object => ({
  role: 'assistant',
  content: null,
  tool_calls: list,
});
const result = (id: string): object => ({ role: 'tool', tool_call_id: id, content: 'seen' });
const tool = (name: string, parameters: object = { type: 'object' }): object => ({
  type: 'function',
  function: { name, parameters },
});
const format = (schema: object, more: object = {}): object => ({
  response_format: {
    type: 'json_schema',
    json_schema: { name: 'answer', schema, strict: true, ...more },
  },
});
const closed = {
  type: 'object',
  properties: { n: { type: ['number', 'null'] } },
  required: ['n'],
  additionalProperties: false,
};
const image = (url: string): object => ({ type: 'image_url', image_url: { url } });

export const openaiPassing: readonly Passing[] = [
  { what: 'a text after instructions', body: request([{ role: 'system', content: 'Hm.' }, user]) },
  {
    what: 'two calls and their results, in another order',
    body: request([user, calls(call('a'), call('b')), result('b'), result('a')]),
  },
  {
    what: 'a text beside a call',
    body: request([user, { ...calls(call('a')), content: 'Well.' }, result('a'), user]),
  },
  {
    what: 'images as bytes and by address',
    body: request([
      {
        role: 'user',
        content: [image(`data:image/gif;base64,${pixel}`), image('https://a.test/b.png')],
      },
    ]),
  },
  {
    what: 'a result in parts',
    body: request([
      user,
      calls(call('a')),
      { ...result('a'), content: [{ type: 'text', text: 'seen' }] },
    ]),
  },
  {
    what: 'tools and a choice among them',
    body: request([user], {
      tools: [tool('look'), tool('take')],
      tool_choice: { type: 'function', function: { name: 'take' } },
      parallel_tool_calls: false,
    }),
  },
  { what: 'a strict schema', body: request([user], format(closed)) },
  {
    what: 'a schema that is not strict',
    body: request([user], format({ type: 'string' }, { strict: false })),
  },
  {
    what: 'reasoning on every answer',
    body: request([
      user,
      { ...calls(call('a')), reasoning_content: 'hm' },
      result('a'),
      { role: 'assistant', content: 'Yes.', reasoning_content: '' },
      user,
    ]),
  },
  {
    what: 'reasoning in the other field, on one answer',
    body: request([
      user,
      { ...calls(call('a')), reasoning: 'hm' },
      result('a'),
      { role: 'assistant', content: 'Yes.' },
      user,
    ]),
  },
  {
    what: 'a call with a field that the server wants back',
    body: request([user, calls({ ...call('a'), thought_signature: 'x' }), result('a')]),
  },
  {
    what: 'counts, stops, an effort and a temperature',
    body: request([user], {
      stream_options: { include_usage: true },
      stop: ['a', 'b', 'c', 'd'],
      reasoning_effort: 'low',
      temperature: 2,
      max_completion_tokens: 100,
    }),
  },
  {
    what: 'a question after an answer',
    body: request([user, { role: 'assistant', content: 'Yes.' }, user]),
  },
  { what: 'instructions last', body: request([user, { role: 'system', content: 'Hurry.' }]) },
];

export const openaiFailing: readonly Failing[] = [
  {
    what: 'a call without a result',
    body: request([user, calls(call('a'), call('b')), result('a'), user]),
    by: /must be followed by tool messages.*Without a response: b/,
  },
  {
    what: 'a result without a call',
    body: request([user, result('a')]),
    by: /must be a response to a preceding message/,
  },
  {
    what: 'a result after the message that follows',
    body: request([user, calls(call('a')), user, result('a')]),
    by: /must be followed by tool messages/,
  },
  {
    what: 'two results of a call',
    body: request([user, calls(call('a'), call('b')), result('a'), result('a')]),
    by: /no tool call without a response/,
  },
  {
    what: 'a name with a space',
    body: request([user, calls(call('a', { name: 'a look' })), result('a')]),
    by: /function\.name': string does not match pattern/,
  },
  {
    what: 'arguments that are an object',
    body: request([user, calls(call('a', { arguments: {} })), result('a')]),
    by: /arguments: Input should be a valid string/,
  },
  {
    what: 'an id that is too long',
    body: request([user, calls(call('a'.repeat(41))), result('a'.repeat(41))]),
    by: /string too long/,
  },
  {
    what: 'a choice among no tools',
    body: request([user], { tool_choice: 'required' }),
    by: /only allowed when 'tools'/,
  },
  {
    what: 'a strict schema with a property that is not required',
    body: request([user], format({ ...closed, required: [] })),
    by: /'required' must include every key/,
  },
  {
    what: 'reasoning on one answer of two',
    body: request([
      user,
      { ...calls(call('a')), reasoning_content: 'hm' },
      result('a'),
      { role: 'assistant', content: 'Yes.' },
      user,
    ]),
    by: /`reasoning_content` in the thinking mode must be passed back/,
  },
];
