/**
 * heddle's own actors, for `setup({ actors: { ...catalogue } })`. They are typed stubs: heddle
 * recognises them by their brand and does their work itself. Under plain `createActor` give fakes
 * with `machine.provide({ actors: { generate: fromPromise<GenerateOutput, GenerateInput>(…) } })`.
 */
import { fromPromise, type AnyStateMachine, type PromiseActorLogic } from 'xstate';
import type {
  AskInput,
  AskOutput,
  EvaluateInput,
  EvaluateOutput,
  ForgetInput,
  ForgetOutput,
  GenerateInput,
  GenerateOutput,
  PublishInput,
  PublishOutput,
  RecallInput,
  RecallOutput,
  ReceiveInput,
  ReceiveOutput,
  RememberInput,
  RememberOutput,
} from '../domain/catalogue.ts';
import type { CatalogueName } from '../domain/effect.ts';
import { refuseField } from '../domain/field.ts';
import type { JsonOf } from '../domain/plain/json-of.ts';
import { checkTaskPolicy, type TaskPolicy } from './task-policy.ts';

export { checkTaskPolicy, type TaskPolicy };

/**
 * A registered symbol, so that two copies of heddle in one process recognise each other's actors.
 */
export const catalogueBrand = Symbol.for('heddle.catalogue');
export const taskBrand = Symbol.for('heddle.task');

/** The charts that heddle made in the place of a chart before; see `structure.ts`. */
export const formerBrand = Symbol.for('heddle.formerCharts');
export type FormerCharts = () => readonly AnyStateMachine[];

/** Notes on the chart what heddle made in its place before. `make` is called when it is asked for. */
export function noteFormer(chart: AnyStateMachine, make: FormerCharts): void {
  // On the config, which `provide` hands on to the chart that it makes. No walk over its keys sees it.
  Object.defineProperty(chart.config, formerBrand, { value: make });
}

function stub<Output, Input>(name: CatalogueName): PromiseActorLogic<Output, Input> {
  const logic = fromPromise<Output, Input>(() =>
    Promise.reject(
      new Error(
        `"${name}" is done by heddle and does nothing under plain createActor: ` +
          `give a fake with machine.provide({ actors: { ${name}: fromPromise(…) } }).`,
      ),
    ),
  );
  return Object.assign(logic, { [catalogueBrand]: name });
}

/** Typed actors for agent charts, one for each kind of work that heddle does for them. */
export const catalogue = {
  /** A model call: at least once, with at most one result recorded. */
  generate: stub<GenerateOutput, GenerateInput>('generate'),
  /** Waits for messages of channels; each is taken exactly once per group. */
  receive: stub<ReceiveOutput, ReceiveInput>('receive'),
  /** Adds a message to a channel. */
  publish: stub<PublishOutput, PublishInput>('publish'),
  /** Adds a version to a memory entry. */
  remember: stub<RememberOutput, RememberInput>('remember'),
  /** Reads a memory entry. */
  recall: stub<RecallOutput, RecallInput>('recall'),
  /** Deletes a memory entry: a new version marks the deletion. */
  forget: stub<ForgetOutput, ForgetInput>('forget'),
  /** Gives another run a score, once for each invocation. */
  evaluate: stub<EvaluateOutput, EvaluateInput>('evaluate'),
  /** Waits for a person's answer, which `run.answer` gives. */
  ask: stub<AskOutput, AskInput>('ask'),
} satisfies Record<CatalogueName, unknown>;

/**
 * `catalogue.receive` with the type of the messages' payloads, for `setup({ actors: { orders:
 * receive<Order>() } })`. The author vouches for the type: messages are not checked against it.
 */
export function receive<Payload>(): PromiseActorLogic<
  ReceiveOutput<JsonOf<Payload>>,
  ReceiveInput
> {
  return stub('receive');
}

/**
 * `catalogue.recall` with the type of the entry's values. The author vouches for the type, as with
 * `receive`.
 */
export function recall<Value>(): PromiseActorLogic<RecallOutput<JsonOf<Value>>, RecallInput> {
  return stub('recall');
}

/**
 * `catalogue.ask` with the type of the answer, which `run.answer` then requires. The author vouches
 * for the type; the question's `schema` decides which answers are accepted.
 */
export function ask<Answer>(): PromiseActorLogic<AskOutput<JsonOf<Answer>>, AskInput> {
  return stub('ask');
}

/** The arguments of a task's function. */
export type TaskArgs<Input> = {
  /** The input that the chart gave: plain JSON. */
  readonly input: Input;
  /** Aborts when the chart leaves the invocation, or the attempt has taken too long. */
  readonly signal: AbortSignal;
  /** The same for every attempt of one invocation. */
  readonly idempotencyKey: string;
};

/**
 * An async function as an actor of the chart's, with a policy for its attempts. A plain
 * `fromPromise` is a task too, with the default policy.
 */
export function task<Output, Input = unknown>(
  run: (args: TaskArgs<Input>) => Promise<Output>,
  policy: TaskPolicy = {},
): PromiseActorLogic<Output, Input> {
  if (typeof run !== 'function') refuseField('task.run', 'must be a function');
  const checked = checkTaskPolicy(policy, 'task');
  const logic = fromPromise<Output, Input>(({ input, signal, self }) =>
    run({ input, signal, idempotencyKey: self.id }),
  );
  return Object.assign(logic, { [taskBrand]: checked });
}

/** The policy that `task` gave to this logic; empty for any other. */
export function taskPolicyOf(logic: unknown): TaskPolicy {
  if (typeof logic !== 'object' || logic === null) return {};
  return (logic as { [taskBrand]?: TaskPolicy })[taskBrand] ?? {};
}
