/**
 * Command scripts for the differential test: what fast-check draws. Commands name things by small
 * numbers and say how far they are off ("the turn that the run is at, plus one"), so that any script
 * can be run on any store, and most of it succeeds; what they mean is in `script-runner.ts`.
 */
import fc from 'fast-check';

const record = <Model>(model: { readonly [Key in keyof Model]: fc.Arbitrary<Model[Key]> }) =>
  fc.record<Model>({ ...model }, { noNullPrototype: true });

const tenants = fc.constantFrom('acme', 'acme', 'acme', 'other');
const channels = fc.constantFrom('news', 'news', 'replies');
const groups = fc.constantFrom(null, 'g', 'g', 'h');
const replicas = fc.constantFrom(1, 1, 1, 2, 3);
const runs = fc.nat({ max: 5 });
const rarely = fc.nat({ max: 11 }).map((n) => n === 0);
const often = fc.boolean();
/** Mostly 0: what makes a turn stale, a write conflict, an epoch old. */
const offset = fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 0, -1, 1);
const few = <Item>(item: fc.Arbitrary<Item>, maxLength = 2) => fc.array(item, { maxLength });
const minutes = fc.constantFrom(1, 2, 5);

/** The request of which an arrival is the effect: its key, and which of two requests it is. */
const request = fc.option(
  record({ key: fc.constantFrom('r', 's'), asks: fc.constantFrom('h', 'h', 'h', 'i') }),
  { freq: 2 },
);
const message = record({ channel: channels, delay: fc.constantFrom(0, 0, 0, 0, 1, 2) });
const memory = record({
  key: fc.constantFrom('k', 'l'),
  offset,
  deleted: rarely,
  /** Of a write from outside: on any version. */
  any: often,
});
const subscription = record({
  at: fc.uniqueArray(
    record({ channel: channels, group: groups, after: fc.constantFrom('here', 'head') }),
    {
      minLength: 1,
      maxLength: 2,
      selector: (at) => at.channel,
    },
  ),
  /** How many messages it takes at once; it waits when that is 0. */
  served: fc.constantFrom(0, 0, 0, 1),
});
const turn = record({
  tenant: tenants,
  run: runs,
  create: rarely,
  offset,
  epoch: fc.constantFrom('held', 'held', 'held', 'held', 'held', 'held', 'old', 'none'),
  status: fc.constantFrom('admitted', 'calling-provider', 'waiting-on-channel', 'running-task'),
  take: fc.nat({ max: 3 }),
  takeResults: few(fc.constantFrom('a', 'b'), 2),
  ends: rarely,
  journal: fc.nat({ max: 5 }).map((n) => n > 0),
  poison: rarely,
  messages: few(message),
  memory: few(memory),
  evaluations: few(record({ id: fc.nat({ max: 3 }), subject: fc.nat({ max: 2 }) }), 1),
  conversation: few(fc.constantFrom('main', 'aside'), 2),
  images: few(record({ name: fc.constantFrom('a', 'b'), brings: often }), 2),
  subscribe: few(subscription, 1),
  /** Which of the run's subscriptions, the newest first, and how many messages it took. */
  unsubscribe: few(record({ which: fc.nat({ max: 2 }), took: fc.nat({ max: 2 }) }), 1),
  cursors: few(
    record({
      channel: channels,
      group: fc.constantFrom('g', 'h'),
      offset,
      by: fc.nat({ max: 2 }),
    }),
    1,
  ),
  setTimers: few(record({ id: fc.constantFrom('t', 'u'), delay: minutes }), 1),
  clearTimers: few(fc.constantFrom('t', 'u'), 1),
  children: few(runs, 1),
  asks: few(fc.constantFrom('q', 'r'), 1),
  closes: few(record({ id: fc.constantFrom('q', 'r'), takes: often }), 1),
  inbox: few(record({ run: runs, key: fc.constantFrom(null, null, 'x') }), 1),
});
const start = record({
  tenant: tenants,
  run: runs,
  key: fc.constantFrom(null, null, 'first', 'second'),
  request,
});
const slot = record({
  slot: fc.nat({ max: 2 }),
  provider: fc.constantFrom('stub', 'stub', 'other'),
  call: fc.option(runs),
});
const status = record({
  tenant: tenants,
  run: runs,
  offset,
  epoch: fc.constantFrom('held', 'held', 'held', 'old', 'none'),
});

const commit = record({
  kind: fc.constant('commit' as const),
  replica: replicas,
  /** Sends an earlier batch again, under its id. */
  again: rarely,
  turns: few(turn, 3),
  statuses: few(status, 1),
  results: few(
    record({
      tenant: tenants,
      run: runs,
      key: fc.constantFrom('a', 'a', 'b'),
      epoch: fc.constantFrom('held', 'held', 'held', 'held', 'old', 'none'),
      poison: rarely,
    }),
    2,
  ),
  slots: few(slot, 2),
  starts: few(start, 2),
  inbox: few(
    record({ tenant: tenants, run: runs, key: fc.constantFrom(null, null, 'x', 'y'), request }),
    2,
  ),
  answers: few(
    record({
      tenant: tenants,
      run: runs,
      id: fc.constantFrom('q', 'q', 'r'),
      /** How many questions ago it was seen. */
      ago: fc.constantFrom(0, 0, 0, 0, 0, 1),
      request,
    }),
    3,
  ),
  keyed: few(
    record({
      tenant: tenants,
      run: runs,
      key: fc.constantFrom('k', 'l'),
      event: fc.constantFrom('a', 'a', 'b'),
    }),
    2,
  ),
  messages: few(record({ tenant: tenants, message, request }), 2),
  memory: few(record({ tenant: tenants, memory, request }), 2),
});

const others = [
  record({ kind: fc.constant('renew' as const), replica: replicas, lease: minutes }),
  record({
    kind: fc.constant('release' as const),
    replica: replicas,
    shards: fc.constantFrom('all', 'surplus', 'low'),
    retire: often,
  }),
  record({ kind: fc.constant('advance' as const), minutes: fc.constantFrom(1, 3, 20) }),
  record({
    kind: fc.constant('release-delayed' as const),
    shards: fc.constantFrom('all', 'low'),
    limit: fc.constantFrom(1, 9),
  }),
  record({
    kind: fc.constant('lease' as const),
    channel: channels,
    group: fc.constantFrom('g', 'outside'),
    from: fc.constantFrom('earliest' as const, 'latest' as const),
    max: fc.nat({ max: 3 }).map((n) => n + 1),
    lease: minutes,
  }),
  record({
    kind: fc.constant('acknowledge' as const),
    group: fc.constantFrom('g', 'outside'),
    channel: channels,
    /** Which of the tokens that were handed out, the newest first. */
    which: few(fc.nat({ max: 3 }), 3),
  }),
  record({ kind: fc.constant('prune' as const), minutes }),
  record({ kind: fc.constant('crash' as const) }),
  record({ kind: fc.constant('look' as const) }),
] as const;

const command = fc.oneof(
  { arbitrary: commit, weight: 16 },
  ...others.map((arbitrary) => ({
    arbitrary: arbitrary as fc.Arbitrary<Command>,
    weight: 1,
  })),
);

type Drawn<A> = A extends fc.Arbitrary<infer Value> ? Value : never;
export type CommitCommand = Drawn<typeof commit>;
export type TurnPlan = Drawn<typeof turn>;
export type Command = CommitCommand | Drawn<(typeof others)[number]>;

export const scripts: fc.Arbitrary<readonly Command[]> = fc.array(command, {
  minLength: 4,
  maxLength: 16,
  size: 'max',
});
