/** Random charts as plain data, so that a failing one prints and shrinks. */
import fc from 'fast-check';

/** A guard, by what it looks at. */
export type GuardSpec =
  | { readonly guard: 'none' }
  | { readonly guard: 'even' | 'odd' | 'positive' | 'named' | 'param' | 'not' | 'and' | 'or' }
  | { readonly guard: 'event'; readonly least: number }
  | { readonly guard: 'in'; readonly state: number };

export type ActionSpec =
  | {
      readonly act: 'increase' | 'keepEvent' | 'dropOption' | 'addOption' | 'grow' | 'own' | 'emit';
    }
  | { readonly act: 'note' | 'plain' | 'namedAssign' }
  | { readonly act: 'raise'; readonly event: number }
  | {
      readonly act: 'raiseLater' | 'sendSelfLater';
      readonly event: number;
      readonly delay: DelaySpec;
    }
  | { readonly act: 'raiseNameless'; readonly event: number; readonly delay: DelaySpec }
  | { readonly act: 'cancel'; readonly event: number }
  | { readonly act: 'sendSelf' | 'sendParent'; readonly event: number }
  | { readonly act: 'sendParentLater'; readonly event: number; readonly delay: DelaySpec }
  | { readonly act: 'spawn'; readonly child: number; readonly kid: boolean }
  | { readonly act: 'stop' | 'sendChild' | 'sendLost'; readonly child: number }
  | { readonly act: 'sendChildLater'; readonly child: number; readonly delay: DelaySpec }
  | { readonly act: 'enqueue'; readonly what: readonly ActionSpec[]; readonly guarded: boolean };

export type DelaySpec = { readonly ms: number; readonly named: 'no' | 'fixed' | 'computed' };

export type TransitionSpec = {
  readonly event: number;
  readonly target: number | null;
  readonly guard: GuardSpec;
  readonly actions: readonly ActionSpec[];
  readonly reenter: boolean;
};

export type InvokeSpec = {
  readonly src: 'work' | 'kid' | 'generate';
  readonly onDone: TransitionSpec | null;
  readonly onError: TransitionSpec | null;
  readonly input: boolean;
  /** Its state sends to it on entry, before it has started, and on exit. */
  readonly greets: boolean;
};

export type StateSpec = {
  readonly kind: 'atomic' | 'compound' | 'parallel' | 'final' | 'shallow' | 'deep';
  readonly states: readonly StateSpec[];
  readonly initial: number;
  readonly on: readonly TransitionSpec[];
  readonly always: readonly TransitionSpec[];
  readonly after: readonly (TransitionSpec & { readonly delay: DelaySpec })[];
  readonly onDone: TransitionSpec | null;
  readonly entry: readonly ActionSpec[];
  readonly exit: readonly ActionSpec[];
  readonly invoke: readonly InvokeSpec[];
  readonly tag: boolean;
  readonly output: boolean;
};

export type MoveSpec =
  | { readonly move: 'event'; readonly event: number; readonly v: number }
  | {
      readonly move: 'complete';
      readonly pick: number;
      readonly fails: boolean;
      readonly v: number;
    }
  | { readonly move: 'advance'; readonly ms: number };

export type CaseSpec = { readonly root: StateSpec; readonly moves: readonly MoveSpec[] };

const event = fc.nat({ max: 4 });
const child = fc.nat({ max: 1 });
const delay: fc.Arbitrary<DelaySpec> = fc.record({
  ms: fc.integer({ min: 1, max: 40 }),
  named: fc.constantFrom('no', 'fixed', 'computed'),
});

const simpleAction: fc.Arbitrary<ActionSpec> = fc.oneof(
  { weight: 30, arbitrary: fc.record({ act: fc.constantFrom('increase', 'keepEvent', 'grow') }) },
  { weight: 15, arbitrary: fc.record({ act: fc.constantFrom('dropOption', 'addOption', 'own') }) },
  { weight: 20, arbitrary: fc.record({ act: fc.constantFrom('emit', 'note', 'plain') }) },
  { weight: 5, arbitrary: fc.record({ act: fc.constant('namedAssign' as const) }) },
  { weight: 10, arbitrary: fc.record({ act: fc.constant('raise' as const), event }) },
  {
    weight: 20,
    arbitrary: fc.record({
      act: fc.constantFrom('raiseLater', 'sendSelfLater', 'raiseNameless', 'sendParentLater'),
      event,
      delay,
    }),
  },
  { weight: 10, arbitrary: fc.record({ act: fc.constant('cancel' as const), event }) },
  { weight: 15, arbitrary: fc.record({ act: fc.constantFrom('sendSelf', 'sendParent'), event }) },
  {
    weight: 15,
    arbitrary: fc.record({ act: fc.constant('spawn' as const), child, kid: fc.boolean() }),
  },
  { weight: 10, arbitrary: fc.record({ act: fc.constant('stop' as const), child }) },
  { weight: 10, arbitrary: fc.record({ act: fc.constant('sendChild' as const), child }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('sendLost' as const), child }) },
  {
    weight: 5,
    arbitrary: fc.record({ act: fc.constant('sendChildLater' as const), child, delay }),
  },
) as fc.Arbitrary<ActionSpec>;

const action: fc.Arbitrary<ActionSpec> = fc.oneof(
  { weight: 8, arbitrary: simpleAction },
  {
    weight: 1,
    arbitrary: fc.record({
      act: fc.constant('enqueue' as const),
      what: fc.array(simpleAction, { maxLength: 3 }),
      guarded: fc.boolean(),
    }),
  },
);
const actions = fc.array(action, { maxLength: 2 });

const guard: fc.Arbitrary<GuardSpec> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ guard: 'none' as const }) },
  {
    weight: 4,
    arbitrary: fc.record({
      guard: fc.constantFrom('even', 'odd', 'positive', 'named', 'param', 'not', 'and', 'or'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ guard: fc.constant('event' as const), least: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ guard: fc.constant('in' as const), state: fc.nat(20) }) },
) as fc.Arbitrary<GuardSpec>;

const target = fc.option(fc.nat(20), { freq: 4, nil: null });
const transition: fc.Arbitrary<TransitionSpec> = fc.record({
  event: fc.nat({ max: 9 }),
  target,
  guard,
  actions,
  reenter: fc.boolean(),
});
/** Guarded, since an eventless transition that is always open goes round for ever. */
const always: fc.Arbitrary<TransitionSpec> = fc.record({
  event,
  target: fc.nat(20),
  guard: fc.record({ guard: fc.constantFrom('even', 'odd', 'positive', 'named') }),
  actions: fc.array(fc.record({ act: fc.constant('increase' as const) }), {
    minLength: 1,
    maxLength: 1,
  }),
  reenter: fc.boolean(),
}) as fc.Arbitrary<TransitionSpec>;

const invoke: fc.Arbitrary<InvokeSpec> = fc.record({
  src: fc.constantFrom('work', 'kid', 'generate'),
  onDone: fc.option(transition, { freq: 5, nil: null }),
  onError: fc.option(transition, { freq: 5, nil: null }),
  input: fc.boolean(),
  greets: fc.boolean(),
});

const rare = <T>(item: fc.Arbitrary<T>, weight: number): fc.Arbitrary<readonly T[]> =>
  fc.oneof(
    { weight, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(item, { minLength: 1, maxLength: 2 }) },
  );

function stateOf(
  kind: fc.Arbitrary<StateSpec['kind']>,
  states: fc.Arbitrary<readonly StateSpec[]>,
) {
  return fc.record({
    kind,
    states,
    initial: fc.nat(3),
    on: fc.array(transition, { maxLength: 3 }),
    always: rare(always, 6),
    after: rare(
      fc.tuple(transition, delay).map(([one, ms]) => ({ ...one, delay: ms })),
      3,
    ),
    onDone: fc.option(transition, { freq: 2, nil: null }),
    entry: fc.oneof({ weight: 1, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: actions }),
    exit: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: actions }),
    invoke: rare(invoke, 2),
    tag: fc.boolean(),
    output: fc.boolean(),
  });
}

const leafKind = fc.oneof(
  { weight: 6, arbitrary: fc.constant('atomic' as const) },
  { weight: 2, arbitrary: fc.constantFrom('final' as const, 'shallow' as const, 'deep' as const) },
);

function stateAt(depth: number): fc.Arbitrary<StateSpec> {
  const leaf = stateOf(leafKind, fc.constant([]));
  if (depth === 0) return leaf;
  const inner = fc.array(stateAt(depth - 1), { minLength: 1, maxLength: 3 });
  const branch = stateOf(fc.constantFrom('compound' as const, 'parallel' as const), inner);
  return fc.oneof({ weight: 2, arbitrary: leaf }, { weight: 1, arbitrary: branch });
}

const root = stateOf(
  fc.oneof(
    { weight: 4, arbitrary: fc.constant('compound' as const) },
    { weight: 1, arbitrary: fc.constant('parallel' as const) },
  ),
  fc.array(stateAt(2), { minLength: 2, maxLength: 4 }),
);

const move: fc.Arbitrary<MoveSpec> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ move: fc.constant('event' as const), event, v: fc.nat(4) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      move: fc.constant('complete' as const),
      pick: fc.nat(3),
      fails: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, fc.constant(true)),
      v: fc.nat(4),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      move: fc.constant('advance' as const),
      ms: fc.integer({ min: 1, max: 60 }),
    }),
  },
) as fc.Arbitrary<MoveSpec>;

/** A chart, and what happens to a run of it. */
export const chartCase: fc.Arbitrary<CaseSpec> = fc.record({
  root,
  moves: fc.array(move, { minLength: 1, maxLength: 12 }),
});
