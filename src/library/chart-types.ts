/**
 * The types of a chart's runs, derived from the chart's types: input, output, events, answers. Types
 * alone; nothing of this file is there at run time.
 *
 * 1. A run's types are those of the JSON that really goes in and comes out (`JsonOf`), never of the
 *    values that the chart's author wrote down: users trust types.
 * 2. Where a chart declares nothing, or is not known, input is `unknown`, output is `Json`, and an event
 *    is anything with a type.
 */
import type {
  ActorLogic,
  EventFrom,
  InputFrom,
  OutputFrom,
  PromiseActorLogic,
  StateMachine,
} from 'xstate';
import type { AskInput, AskOutput } from '../domain/catalogue.ts';
import type { ChartEvent } from '../domain/event.ts';
import type { Json } from '../domain/json.ts';
import type { JsonOf } from '../domain/plain/json-of.ts';
import type { AnyChart } from '../runtime/agent-source.ts';

/**
 * The JSON that runs of this chart are started with: for a declared `Date`, `start` takes a text.
 * `unknown` where the chart declares no input.
 */
export type InputOf<Chart> = Chart extends AnyChart ? GivenOf<InputFrom<Chart>> : unknown;

/** The JSON that runs of this chart end with; null for a chart that gives `undefined`. */
export type OutputOf<Chart> = Chart extends AnyChart ? KeptOf<OutputFrom<Chart>> : Json;

/** An event for a chart that declares none, or is not known. */
export type SentEvent = {
  /** The event's type, as the chart's `on` names it. */
  readonly type: string;
  /** Any further fields, as JSON. */
  readonly [key: string]: unknown;
};

/** The events that a run of this chart can be sent; XState's own (`xstate.…`) are not among them. */
export type EventOf<Chart> = Chart extends AnyChart ? SentOf<EventFrom<Chart>> : SentEvent;

/** The events that a run of this chart emits, as `run.on` hears them. */
export type EmittedOf<Chart> = Chart extends AnyChart ? HeardOf<EmittedFrom<Chart>> : ChartEvent;

/** The emitted events with this type; all of them for `*`. */
export type EmittedAs<Chart, Type> = Type extends '*'
  ? EmittedOf<Chart>
  : string extends EmittedOf<Chart>['type']
    ? EmittedOf<Chart>
    : Extract<
        EmittedOf<Chart>,
        {
          /** The type that is listened for. */
          readonly type: Type;
        }
      >;

/**
 * The answers that runs of this chart can be given: what its `ask` actors declare (`ask<Answer>()`), and
 * `unknown` where one of them, such as the catalogue's own, takes any JSON.
 */
export type AnswerOf<Chart> =
  Chart extends StateMachine<
    infer _Context,
    infer _Event,
    infer _Children,
    infer Actor,
    infer _Action,
    infer _Guard,
    infer _Delay,
    infer _Value,
    infer _Tag,
    infer _Input,
    infer _Output,
    infer _Emitted,
    infer _Meta,
    infer _Schema,
    infer _TransitionMeta
  >
    ? AnswerTo<AskedOf<Actor>>
    : unknown;

/** The chart's id, which is the agent's name: a literal where the chart is written with one. */
export type NameOf<Chart> =
  Chart extends StateMachine<
    infer _Context,
    infer _Event,
    infer _Children,
    infer _Actor,
    infer _Action,
    infer _Guard,
    infer _Delay,
    infer _Value,
    infer _Tag,
    infer _Input,
    infer _Output,
    infer _Emitted,
    infer _Meta,
    infer Schema,
    infer _TransitionMeta
  >
    ? IdOf<Schema>
    : string;

type IdOf<Schema> = Schema extends { readonly id: infer Id extends string } ? Id : string;

/**
 * XState's `unknown` is `{} | null | undefined`. An input that the chart does not declare stays absent.
 */
type GivenOf<Input> = unknown extends Input ? unknown : PresentOf<Input>;
type PresentOf<Input> = Input extends undefined ? undefined : JsonOf<Input>;

type KeptOf<Output> = unknown extends Output ? Json : JsonOf<Output>;

type SentOf<Event extends { readonly type: string }> = string extends Event['type']
  ? SentEvent
  : JsonOf<WithoutReserved<Event>>;

/** `xstate.route` is the only one of XState's own events that comes from outside. */
type WithoutReserved<Event> = Event extends { readonly type: `xstate.${infer Rest}` }
  ? Rest extends 'route' | `route.${string}`
    ? Event
    : never
  : Event;

type HeardOf<Emitted extends { readonly type: string }> = string extends Emitted['type']
  ? ChartEvent
  : JsonOf<Emitted>;

/** XState's own type of this name refuses some charts. */
type EmittedFrom<Chart> =
  Chart extends ActorLogic<
    infer _Snapshot,
    infer _Event,
    infer _Input,
    infer _System,
    infer Emitted
  >
    ? Emitted
    : never;

type AskedOf<Actor> = Actor extends {
  readonly logic: PromiseActorLogic<AskOutput<infer Answer>, AskInput>;
}
  ? Answer
  : never;

type AnswerTo<Answer> = [Answer] extends [never] ? unknown : Json extends Answer ? unknown : Answer;
