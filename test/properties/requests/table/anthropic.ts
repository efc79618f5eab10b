/** Requests to Anthropic, written by hand. */
import { sealed } from '../rules/sealed-reasoning.ts';
import { type Failing, type Passing, pixel } from './row.ts';

const old = 'claude-sonnet-4-5';
const request = (messages: readonly object[], more: object = {}): object => ({
  model: old,
  max_tokens: 4_096,
  stream: true,
  messages,
  ...more,
});
const text = (said: string, more: object = {}): object => ({ type: 'text', text: said, ...more });
const user = (...content: readonly object[]): object => ({ role: 'user', content });
const assistant = (...content: readonly object[]): object => ({ role: 'assistant', content });
const use = (id: string, more: object = {}): object => ({
  type: 'tool_use',
  id,
  name: 'look',
  input: {},
  ...more,
});
const result = (id: string, more: object = {}): object => ({
  type: 'tool_result',
  tool_use_id: id,
  content: 'seen',
  ...more,
});
const thought = (said: string, at: number, of: number, calls = 0, model = old): object => {
  const signature = sealed({ model, answer: 'a', at, of, calls }, said);
  return { type: 'thinking', thinking: said, signature };
};
const hidden = (model: string): object => {
  const signature = sealed({ model, answer: 'a', at: 0, of: 1, calls: 0 }, null);
  return { type: 'thinking', thinking: '', signature };
};
const redacted = (at: number, of: number): object => ({
  type: 'redacted_thinking',
  data: sealed({ model: old, answer: 'a', at, of, calls: 0 }, null),
});
const tool = (name: string, schema: object = { type: 'object' }): object => ({
  name,
  input_schema: schema,
});
const thinks = { thinking: { type: 'enabled', budget_tokens: 2_048 } };
const adapts = {
  model: 'claude-opus-4-7',
  thinking: { type: 'adaptive' },
  output_config: { effort: 'high' },
};
const image = { type: 'image', source: { type: 'base64', media_type: 'image/gif', data: pixel } };
const ask = user(text('Look.'));
const mark = (ttl: string): object => ({ cache_control: { type: 'ephemeral', ttl } });
const closed = {
  type: 'object',
  properties: { n: { type: 'number' } },
  additionalProperties: false,
};
const format = (schema: object): object => ({ format: { type: 'json_schema', schema } });

export const anthropicPassing: readonly Passing[] = [
  { what: 'a text', body: request([{ role: 'user', content: 'Hello.' }]) },
  { what: 'instructions', body: request([ask], { system: 'Be brief.' }) },
  {
    what: 'two calls with two results, in another order, and a text after them',
    body: request([
      ask,
      assistant(text('Well.'), use('a'), use('b')),
      user(result('b'), result('a', { content: '', is_error: false }), text('Go on.')),
    ]),
  },
  {
    what: 'results of one message in two messages of the user',
    body: request([ask, assistant(use('a'), use('b')), user(result('a')), user(result('b'))]),
  },
  {
    what: 'an image in a message and in a result that failed',
    body: request([
      user(image),
      assistant(use('a')),
      user(result('a', { is_error: true, content: [text('no'), image] })),
    ]),
  },
  {
    what: 'an image by its address',
    body: request([user({ type: 'image', source: { type: 'url', url: 'https://a.test/b.png' } })]),
  },
  { what: 'a beginning of the answer', body: request([ask, assistant(text('I see'))]) },
  {
    what: 'thinking before its call, and a redacted one',
    body: request(
      [ask, assistant(thought('hm', 0, 2), redacted(1, 2), use('a')), user(result('a'))],
      thinks,
    ),
  },
  {
    what: 'thinking between calls',
    body: request(
      [
        ask,
        assistant(thought('hm', 0, 2), use('a'), thought('ah', 1, 2, 1), use('b')),
        user(result('a'), result('b')),
      ],
      thinks,
    ),
  },
  {
    what: 'thinking only at the beginning of a longer exchange',
    body: request(
      [
        ask,
        assistant(thought('hm', 0, 1), use('a')),
        user(result('a')),
        assistant(use('b')),
        user(result('b')),
      ],
      thinks,
    ),
  },
  {
    what: 'an exchange without thinking, where thinking is off',
    body: request([ask, assistant(use('a')), user(result('a'))], {
      thinking: { type: 'disabled' },
    }),
  },
  {
    what: 'thinking of an earlier answer, where thinking is off',
    body: request([
      ask,
      assistant(thought('hm', 0, 1), text('Yes.')),
      ask,
      assistant(text('No.')),
      ask,
    ]),
  },
  {
    what: 'thinking whose text is kept back',
    body: request([ask, assistant(hidden('claude-opus-4-7'), use('a')), user(result('a'))], adapts),
  },
  {
    what: 'an adaptive exchange that began without thinking',
    body: request([ask, assistant(use('a')), user(result('a'))], adapts),
  },
  {
    what: 'instructions amid the messages of a new model',
    body: request([ask, { role: 'system', content: 'Hurry.' }], { model: 'claude-opus-4-8' }),
  },
  {
    what: 'four marks, the longer ones first',
    body: request(
      [user(text('a', mark('5m'))), assistant(text('b')), user(text('c', mark('5m')))],
      {
        tools: [{ ...tool('look'), ...mark('1h') }],
        system: [text('Be brief.', mark('1h'))],
      },
    ),
  },
  {
    what: 'a choice of a tool, stops and a temperature',
    body: request([ask], {
      tools: [tool('look'), tool('take', { type: 'object', properties: { of: { oneOf: [] } } })],
      tool_choice: { type: 'tool', name: 'look' },
      stop_sequences: ['END'],
      temperature: 0.5,
    }),
  },
  {
    what: 'a schema of the answer',
    body: request([ask], { output_config: format({ anyOf: [closed, { type: 'null' }] }) }),
  },
  {
    what: "a search of the vendor's own",
    body: request([
      ask,
      assistant(
        { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} },
        { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_1', content: [] },
        text('Found.'),
      ),
      ask,
    ]),
  },
];

export const anthropicFailing: readonly Failing[] = [
  {
    what: 'a call without a result',
    body: request([ask, assistant(use('a'), use('b')), user(result('a'))]),
    by: /without `tool_result` blocks immediately after: b/,
  },
  {
    what: 'a result after a text',
    body: request([ask, assistant(use('a')), user(text('Go on.'), result('a'))]),
    by: /without `tool_result` blocks immediately after: a/,
  },
  {
    what: 'a result of an earlier call',
    body: request([
      ask,
      assistant(use('a')),
      user(result('a')),
      assistant(text('b')),
      user(result('a')),
    ]),
    by: /unexpected `tool_use_id`/,
  },
  {
    what: 'two results of a call',
    body: request([ask, assistant(use('a')), user(result('a'), result('a'))]),
    by: /must have a single result/,
  },
  {
    what: 'an id that comes twice',
    body: request([
      ask,
      assistant(use('a')),
      user(result('a')),
      assistant(use('a')),
      user(result('a')),
    ]),
    by: /ids must be unique/,
  },
  {
    what: 'an id with a dot',
    body: request([ask, assistant(use('a.1')), user(result('a.1'))]),
    by: /tool_use\.id: String should match/,
  },
  {
    what: 'a name with a dot',
    body: request([ask, assistant(use('a', { name: 'my.tool' })), user(result('a'))]),
    by: /tool_use\.name: String should match/,
  },
  {
    what: 'arguments that are a text',
    body: request([ask, assistant(use('a', { input: '{}' })), user(result('a'))]),
    by: /tool_use\.input/,
  },
  {
    what: 'an empty result that failed',
    body: request([ask, assistant(use('a')), user(result('a', { content: '', is_error: true }))]),
    by: /cannot be empty if is_error/,
  },
  { what: 'an empty text', body: request([user(text(''))]), by: /must be non-empty/ },
  { what: 'a blank text', body: request([user(text(' \n'))]), by: /non-whitespace/ },
  {
    what: 'a message without content',
    body: request([ask, assistant(), ask]),
    by: /all messages must have non-empty content/,
  },
  { what: 'an assistant first', body: request([assistant(text('Hi.')), ask]), by: /first message/ },
  {
    what: 'an assistant last, at a new model',
    body: request([ask, assistant(text('I see'))], { model: 'claude-opus-4-6' }),
    by: /does not support assistant message prefill/,
  },
  {
    what: 'two tools of one name',
    body: request([ask], { tools: [tool('look'), tool('look')] }),
    by: /Tool names must be unique/,
  },
  {
    what: 'a tool whose schema is a union',
    body: request([ask], { tools: [tool('look', { type: 'object', anyOf: [] })] }),
    by: /at the top level/,
  },
  {
    what: 'thinking that was changed',
    body: request(
      [ask, assistant({ ...thought('hm', 0, 1), thinking: '' }, use('a')), user(result('a'))],
      thinks,
    ),
    by: /cannot be modified/,
  },
  {
    what: 'thinking of which a block is lost',
    body: request([ask, assistant(thought('hm', 0, 2), use('a')), user(result('a'))], thinks),
    by: /cannot be modified/,
  },
  {
    what: 'thinking of another model',
    body: request(
      [ask, assistant(thought('hm', 0, 1, 0, 'claude-opus-4-7'), use('a')), user(result('a'))],
      thinks,
    ),
    by: /Invalid `signature`/,
  },
  {
    what: 'an exchange that began without thinking',
    body: request([ask, assistant(use('a')), user(result('a'))], thinks),
    by: /Expected `thinking`/,
  },
  {
    what: 'thinking in the last answer, where thinking is off',
    body: request([ask, assistant(thought('hm', 0, 1), use('a')), user(result('a'))]),
    by: /When thinking is disabled/,
  },
  {
    what: 'a longer mark after a shorter one',
    body: request([user(text('a', mark('1h')))], { system: [text('Be brief.', mark('5m'))] }),
    by: /must not come after a ttl='5m'/,
  },
  {
    what: 'a forced tool beside thinking',
    body: request([ask], { ...thinks, tools: [tool('look')], tool_choice: { type: 'any' } }),
    by: /tool_choice forces/,
  },
];
