/** Random histories as plain data, so that a failing one prints and shrinks. */
import fc from 'fast-check';
import { pixel } from './table/row.ts';
import { vendors } from './vendors.ts';

/** What a model says, piece by piece. */
export type PieceSpec =
  | { readonly piece: 'text'; readonly text: string }
  /** `shown`: false where the vendor keeps the text back. `signed`: false where the answer was cut in it. */
  | {
      readonly piece: 'think';
      readonly text: string;
      readonly how: 'shown' | 'hidden' | 'redacted' | 'unsigned';
    }
  | {
      readonly piece: 'call';
      /** One of the tools that are offered, or of these odd names. */
      readonly tool: number | string;
      readonly id: string;
      readonly input: unknown;
      /** With fields that the vendor wants back. */
      readonly extra: boolean;
    }
  /** A piece of a kind that heddle does not know. */
  | { readonly piece: 'own' };

export type ResultSpec = {
  readonly how: 'given' | 'missing' | 'twice' | 'late' | 'failed' | 'image' | 'json';
  readonly text: string;
};

/** What an author writes into the history. */
export type SaidSpec =
  | { readonly said: 'system' | 'user' | 'assistant'; readonly text: string }
  | { readonly said: 'image'; readonly text: string; readonly byUrl: boolean }
  | { readonly said: 'calls'; readonly text: string; readonly calls: readonly CallSpec[] }
  | { readonly said: 'thought'; readonly text: string; readonly isForeign: boolean }
  | { readonly said: 'result'; readonly id: string; readonly text: string };

type CallSpec = { readonly id: string; readonly name: string; readonly input: unknown };

export type OptionsSpec = {
  readonly tools: readonly string[];
  readonly toolSchema: number;
  readonly choice: 'auto' | 'required' | 'none' | 'named' | null;
  readonly reasoning: 'off' | 'low' | 'high' | 'budget' | null;
  readonly cache: true | '5m' | '1h' | null;
  readonly schema: number | null;
  readonly temperature: number | null;
  readonly stops: readonly string[];
  readonly maxTokens: number | null;
  readonly system: string | null;
};

export type StepSpec = {
  readonly target: number;
  /** False: the provider chooses the model. */
  readonly namesModel: boolean;
  readonly results: readonly ResultSpec[];
  readonly isReversed: boolean;
  /** Results come after what the author says. */
  readonly isLast: boolean;
  readonly said: readonly SaidSpec[];
  readonly prompt: string | null;
  /** A chart that keeps its history itself, and loses some of it. */
  readonly own: { readonly cut: number; readonly drop: number } | null;
  readonly options: OptionsSpec;
  /** `asked`: the question was kept without an answer, as a version before did when a call failed. */
  readonly fate: 'answered' | 'failed' | 'asked';
  readonly answer: readonly PieceSpec[];
  readonly stop: string;
};

const text = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom('Hello.', 'Look.', 'ä😀', '{}') },
  { weight: 1, arbitrary: fc.constantFrom(' ends with blanks \n', '', ' ', '\n\t', '\u00a0') },
);
const id = fc.constantFrom(
  'a',
  'b',
  'call_1',
  '',
  ' ',
  'a.1',
  'a_1',
  'functions.look:0',
  'i'.repeat(90),
  '標',
);
const name = fc.constantFrom(
  'look',
  'take',
  'my.tool',
  'my_tool',
  'a tool',
  '道具',
  'n'.repeat(80),
  '-',
);
const input = fc.constantFrom<unknown>({}, { of: 'box' }, { deep: [{ n: 1 }, null] });
const few = { maxLength: 3 };

const piece: fc.Arbitrary<PieceSpec> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ piece: fc.constant('text' as const), text }) },
  {
    weight: 3,
    arbitrary: fc.record({
      piece: fc.constant('think' as const),
      text,
      how: fc.constantFrom('shown' as const, 'shown', 'hidden', 'redacted', 'unsigned'),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      piece: fc.constant('call' as const),
      tool: fc.oneof(fc.nat(2), fc.nat(2), name, fc.constant('')),
      id,
      input: fc.oneof(input, input, fc.constantFrom<unknown>('text', null, [1])),
      extra: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ piece: 'own' as const }) },
);

const result: fc.Arbitrary<ResultSpec> = fc.record({
  how: fc.constantFrom(
    'given' as const,
    'given',
    'missing',
    'twice',
    'late',
    'failed',
    'image',
    'json',
  ),
  text,
});

const said: fc.Arbitrary<SaidSpec> = fc.oneof(
  fc.record({ said: fc.constantFrom('system' as const, 'user', 'assistant', 'assistant'), text }),
  fc.record({ said: fc.constant('image' as const), text, byUrl: fc.boolean() }),
  fc.record({
    said: fc.constant('calls' as const),
    text,
    calls: fc.array(fc.record({ id, name: fc.oneof(name, fc.constant('')), input }), few),
  }),
  fc.record({ said: fc.constant('thought' as const), text, isForeign: fc.boolean() }),
  fc.record({ said: fc.constant('result' as const), id, text }),
);

const orNull = <Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> =>
  fc.option(arbitrary, { freq: 2 });
const seldom = <Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });

const options: fc.Arbitrary<OptionsSpec> = fc.record({
  tools: fc.uniqueArray(name, few),
  toolSchema: fc.nat(2),
  choice: orNull(fc.constantFrom('auto', 'required', 'none', 'named')),
  reasoning: fc.constantFrom('off', 'low', 'high', 'high', 'high', 'budget', null),
  cache: orNull(fc.constantFrom<true | '5m' | '1h'>(true, '5m', '1h')),
  schema: seldom(fc.nat(5)),
  temperature: orNull(fc.constantFrom(0, 0.5, 1, 1.5, 2)),
  stops: fc.uniqueArray(fc.constantFrom('END', '###', '\n\nHuman:', 'x'), { maxLength: 4 }),
  maxTokens: orNull(fc.constantFrom(1, 1_024, 2_048, 100_000)),
  system: orNull(text),
});

export const stepSpec: fc.Arbitrary<StepSpec> = fc.record({
  target: fc.nat(vendors.length - 1),
  namesModel: fc.boolean(),
  results: fc.array(result, { minLength: 1, maxLength: 3 }),
  isReversed: fc.boolean(),
  isLast: fc.boolean(),
  said: fc.oneof(
    { weight: 3, arbitrary: fc.constant<SaidSpec[]>([]) },
    { weight: 1, arbitrary: fc.array(said, few) },
  ),
  prompt: fc.option(text, { freq: 3 }),
  own: seldom(fc.record({ cut: fc.nat(4), drop: fc.nat(12) })),
  options,
  fate: fc.constantFrom('answered' as const, 'answered', 'answered', 'failed', 'asked'),
  answer: fc.array(piece, { maxLength: 5 }),
  stop: fc.constantFrom('end', 'end', 'tool_use', 'max_tokens', 'refusal', 'pause_turn', ''),
});

/** Neighbouring steps often go to one provider, because exchanges last for several. */
export const historyCase: fc.Arbitrary<readonly StepSpec[]> = fc
  .tuple(
    fc.array(stepSpec, { minLength: 1, maxLength: 8 }),
    fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
  )
  .map(([steps, stays]) => {
    let target = 0;
    return steps.map((one, i) => {
      if (i === 0 || stays[i] === false) ({ target } = one);
      return { ...one, target };
    });
  });

export const toolSchemas: readonly object[] = [
  { type: 'object', properties: { of: { type: 'string' } }, required: ['of'] },
  {},
  { properties: { n: { anyOf: [{ type: 'number' }, { type: 'null' }] } } },
];

const named = { type: 'object', properties: { a: { type: 'string' }, b: { type: 'number' } } };
export const answerSchemas: readonly object[] = [
  named,
  { ...named, required: ['a', 'b'], additionalProperties: false },
  { type: 'array', items: { type: 'string', pattern: '^a', minLength: 2 }, minItems: 3 },
  { oneOf: [named, { type: 'null' }], title: 'T', description: 'D' },
  { type: 'object', additionalProperties: { type: 'number' } },
  { $ref: '#/$defs/t', $defs: { t: { ...named, properties: { t: { $ref: '#/$defs/t' } } } } },
];

export const image = { data: pixel, mediaType: 'image/gif', url: 'https://a.test/b.png' };
