/** What other people's code throws, rejects with and returns: JavaScript lets it be anything. */

const evil = (): never => {
  throw new Error('hostile');
};

/** A proxy of which every question throws. */
const closed = (): object =>
  new Proxy(
    {},
    {
      get: evil,
      has: evil,
      getPrototypeOf: evil,
      ownKeys: evil,
      getOwnPropertyDescriptor: evil,
      isExtensible: evil,
      preventExtensions: evil,
      set: evil,
      defineProperty: evil,
      deleteProperty: evil,
      setPrototypeOf: evil,
    },
  );

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

const withGetter = (key: string, thing: object = new Error('x')): object =>
  Object.defineProperty(thing, key, { get: evil, enumerable: true });

/** Each gives a new one. */
const oddValues: Readonly<Record<string, () => unknown>> = {
  undefined: () => undefined,
  null: () => null,
  'a number': () => 42,
  'no number': () => Number.NaN,
  'a text': () => 'just words',
  'an empty text': () => '',
  'a symbol': () => Symbol('x'),
  'a bigint': () => 10n,
  'a function': () => () => 1,
  'an empty object': () => ({}),
  'an object without prototype': () =>
    Object.assign(Object.create(null) as object, { status: 500 }),
  'a message without text': () => ({ message: Object.create(null) as object }),
  'a message that is a symbol': () => ({ message: Symbol('m') }),
  'a message getter that throws': () => withGetter('message'),
  'a code getter that throws': () => withGetter('code'),
  'a name getter that throws': () => withGetter('name'),
  'a stack getter that throws': () => withGetter('stack'),
  'a cause getter that throws': () => withGetter('cause'),
  'a toJSON getter that throws': () => withGetter('toJSON', {}),
  'a toJSON that throws': () => ({ toJSON: evil }),
  'a toJSON that gives itself': () => {
    const own: { toJSON(): object } = { toJSON: () => own };
    return own;
  },
  'a toString that throws': () => ({ toString: evil, [Symbol.toPrimitive]: evil }),
  'a then getter that throws': () => withGetter('then', {}),
  'a proxy that throws on everything': closed,
  'a revoked proxy': revoked,
  'a text of millions': () => 'x'.repeat(1_500_000),
  'an error of millions': () => new Error('x'.repeat(1_500_000)),
  'lone surrogates and NUL': () =>
    Object.assign(new Error('a\ud800\u0000b'), { code: '\u0000\udc00' }),
  'a cause that is itself': () => {
    const error = new Error('round');
    error.cause = error;
    return error;
  },
  'many causes': () => {
    let error = new Error('innermost');
    for (let i = 0; i < 1_000; i++) error = new Error(`around ${i}`, { cause: error });
    return error;
  },
  'an error of many': () => new AggregateError([new Error('one'), closed()], 'both'),
  'a cycle': () => {
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    return cycle;
  },
  'a list of millions': () => Array.from({ length: 200_000 }, () => 'x'),
  'what grows as it is looked at': () => {
    const growing = (): object =>
      new Proxy(
        {},
        {
          get: growing,
          ownKeys: () => ['a'],
          getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
        },
      );
    return growing();
  },
  'shared parts without end': () => {
    let shared: unknown = 'x';
    for (let i = 0; i < 60; i++) shared = [shared, shared];
    return shared;
  },
};

export const oddKinds = Object.keys(oddValues);
export const oddValue = (kind: string): unknown => oddValues[kind]?.();

/** A promise of nobody's: it has a `then` and no more. */
export function thenable(
  then: (resolve: (value: unknown) => void, reject: (reason: unknown) => void) => void,
): object {
  // oxlint-disable-next-line unicorn/no-thenable -- to be awaited is what it is for
  return { then };
}
