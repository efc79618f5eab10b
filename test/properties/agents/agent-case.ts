/** Random lives of whole agents as plain data, so that a failing one prints and shrinks. */
import fc from 'fast-check';
import { type Schedule, schedules, type When } from '../../simulation/schedule.ts';
import { type StepSpec, stepSpec } from '../requests/history-spec.ts';

/** How a call ends that gets through. `cut`: in the middle of its answer. */
type Fate =
  'answered' | 'limited' | 'outage' | 'cut' | 'refused' | 'caller' | 'context-full' | 'retry-once';

/** What people do with a run. */
export type Deed =
  | { readonly deed: 'skip' | 'pause' | 'cancel' | 'deploy' }
  | { readonly deed: 'say'; readonly prompt: string };

export type Decision = 'allow' | 'deny' | 'edit' | 'spoil' | 'nothing';

/** Where a loop's calls go. */
export type Route = { readonly targets: readonly number[]; readonly namesModel: boolean };

export type AgentCase = {
  readonly kind: 'loop' | 'chat' | 'chart';
  /** A chart's steps; for loops, what the model says, and the options of both builds. */
  readonly steps: readonly StepSpec[];
  /** How long the chart stays in a state in which something is out; null: until it is back. */
  readonly patiencesMs: readonly (number | null)[];
  readonly routes: readonly [Route, Route];
  /** Of the calls, in order; then again from the first. */
  readonly fates: readonly Fate[];
  readonly deeds: readonly { readonly afterMs: number; readonly deed: Deed }[];
  readonly decisions: readonly Decision[];
  /** Heartbeats see a replica of an earlier release. */
  readonly isAmongOlder: boolean;
  readonly schedule: Schedule;
};

const fate = fc.oneof(
  { weight: 20, arbitrary: fc.constant<Fate>('answered') },
  {
    weight: 6,
    arbitrary: fc.constantFrom<Fate>('limited', 'outage', 'cut', 'caller', 'retry-once', 'refused'),
  },
  { weight: 1, arbitrary: fc.constant<Fate>('context-full') },
);

const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Deed>({ deed: 'skip' }) },
  { weight: 2, arbitrary: fc.constant<Deed>({ deed: 'pause' }) },
  { weight: 1, arbitrary: fc.constant<Deed>({ deed: 'cancel' }) },
  { weight: 3, arbitrary: fc.constant<Deed>({ deed: 'deploy' }) },
  {
    weight: 6,
    arbitrary: fc.record({
      deed: fc.constant('say' as const),
      prompt: fc.constantFrom('Look.', 'Take it.', ' ', 'ä😀 '),
    }),
  },
);

const route: fc.Arbitrary<Route> = fc.record({
  targets: fc.array(fc.nat(20), { minLength: 1, maxLength: 3 }),
  namesModel: fc.boolean(),
});

/** So many items a case has, about. */
const itemsMax = 300;
const crash = fc.record({
  do: fc.constant('crash' as const),
  item: fc.nat(itemsMax),
  when: fc.constantFrom<When>('before', 'after'),
});
const schedule = fc
  .tuple(schedules(itemsMax, 10), fc.array(crash, { maxLength: 4 }))
  .map(([some, crashes]): Schedule => [...some, ...crashes]);

export const agentCase: fc.Arbitrary<AgentCase> = fc.record({
  kind: fc.constantFrom<AgentCase['kind']>('loop', 'chat', 'chart'),
  steps: fc.array(stepSpec, { minLength: 2, maxLength: 7 }),
  patiencesMs: fc.array(fc.constantFrom(null, null, 5, 22, 30, 60, 120), {
    minLength: 1,
    maxLength: 5,
  }),
  routes: fc.tuple(route, route),
  fates: fc.array(fate, { minLength: 1, maxLength: 8 }),
  deeds: fc.array(fc.record({ afterMs: fc.constantFrom(1, 10, 25, 60, 150), deed }), {
    maxLength: 8,
  }),
  decisions: fc.array(
    fc.constantFrom<Decision>('allow', 'allow', 'deny', 'edit', 'spoil', 'nothing'),
    { minLength: 1, maxLength: 4 },
  ),
  isAmongOlder: fc.integer({ min: 0, max: 7 }).map((n) => n === 7),
  schedule,
});
