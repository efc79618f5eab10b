/**
 * The tool loop as an ordinary chart: think (a model call with tools), act (its tool calls, each an
 * invocation, side by side), observe (their results become the next messages), think again, until the
 * model asks for no tool or a bound is reached. The messages stand in the run's conversation; the context
 * holds only what the next step needs, so no turn grows with the length of the loop.
 *
 * XState's invocations stand in the chart and cannot be added while it runs. So the chart has as many
 * places for tool calls as an answer may have, and each place enters the state of the actor that it needs.
 */
import {
  assign,
  setup,
  type AnyActorRef,
  type AnyEventObject,
  type EventObject,
  type MachineContext,
  type MetaObject,
  type ParameterizedObject,
  type PromiseActorLogic,
  type ProvidedActor,
  type StateMachine,
  type StateValue,
} from 'xstate';
import type { GenerateOutput, ToolOffer } from '../domain/catalogue.ts';
import type { Failure } from '../domain/failure.ts';
import type { Json } from '../domain/json.ts';
import { catalogue } from '../kernel/catalogue.ts';
import { offerOf, toolTask } from './author-tool.ts';
import { builtInOffers } from './built-in-tools.ts';
import {
  resolveLoop,
  type ResolvedLoop,
  type ToolLoopInput,
  type ToolLoopOptions,
} from './options.ts';
import { errorText, resultText, type ToolText } from './result-text.ts';
import {
  begun,
  heard,
  isDue,
  observed,
  withResult,
  type Destinations,
  type LoopContext,
  type ToolLoopOutput,
} from './loop-context.ts';

type Actor = PromiseActorLogic<unknown, unknown>;
type At = { readonly context: LoopContext };

const has =
  (end: LoopContext['end']) =>
  ({ context }: At): boolean =>
    context.end === end;

function outputOf({ context: { end, text, iterations, tokens } }: At): ToolLoopOutput {
  return { end: end ?? 'time', text, iterations, tokens };
}

const ends = [
  { guard: has('answered'), target: '#answered' },
  { guard: has('refused'), target: '#refused' },
  { guard: has('cut-off'), target: '#cutOff' },
  { guard: has('iterations'), target: '#outOfIterations' },
  { guard: has('tokens'), target: '#outOfTokens' },
];

const finals = {
  answered: { id: 'answered', type: 'final' },
  refused: { id: 'refused', type: 'final' },
  cutOff: { id: 'cutOff', type: 'final' },
  outOfIterations: { id: 'outOfIterations', type: 'final' },
  outOfTokens: { id: 'outOfTokens', type: 'final' },
} as const;

/**
 * The chart that `toolLoop` makes: an agent like any other, with its input and output. Its states are
 * made from the author's names, so their types are general. It takes no events from outside.
 */
export type ToolLoopMachine<Input = ToolLoopInput, Id extends string = string> = StateMachine<
  MachineContext,
  AnyEventObject,
  Record<string, AnyActorRef | undefined>,
  ProvidedActor,
  ParameterizedObject,
  ParameterizedObject,
  string,
  StateValue,
  string,
  Input,
  ToolLoopOutput,
  EventObject,
  MetaObject,
  {
    /** The agent's name. */
    id: Id;
  }
>;

/**
 * An agent whose model does the steps: it is called with tools until it asks for none, or a bound is
 * reached. Throws `invalid-field` for options that cannot be meant.
 */
export function toolLoop<Input = ToolLoopInput, const Id extends string = string>(
  options: ToolLoopOptions<Input, Id>,
): ToolLoopMachine<Input, Id> {
  const loop = resolveLoop(options);
  const { bounds } = loop;
  const actors = actorsOf(loop, options);
  const destinations = destinationsOf(loop);
  const offers = offersOf(loop);
  const chart = setup({
    types: {
      context: {} as LoopContext,
      input: {} as Input,
      output: {} as ToolLoopOutput,
    },
    actors,
    delays: { timeBound: bounds.timeMs },
  });
  const ask = {
    ...options.generate,
    ...(options.system === undefined ? {} : { system: options.system }),
    ...(offers.length === 0 ? {} : { tools: offers }),
    conversation: 'loop',
  };
  const prompt = options.prompt ?? defaultPrompt;
  const machine = chart.createMachine({
    id: options.id,
    // An agent's version is a hash of its chart. The hash does not see the values that functions close over.
    meta: { toolLoop: { ask, bounds, prompt } },
    context: ({ input, self }) => begun(prompt({ input, runId: self.id })),
    initial: 'working',
    states: {
      working: {
        initial: 'thinking',
        after: { timeBound: 'outOfTime' },
        states: {
          thinking: {
            invoke: {
              id: 'think',
              src: 'generate',
              input: ({ context }) => ({ ...ask, messages: context.next }),
              onDone: {
                target: 'judging',
                actions: assign(({ context, event }) => {
                  const answer = event.output as GenerateOutput;
                  return heard(context, answer, { destinations, bounds });
                }),
              },
            },
          },
          judging: {
            always: [...ends, { target: 'acting' }],
          },
          acting: {
            type: 'parallel',
            states: placesOf(loop, Object.keys(actors)),
            onDone: 'observing',
          },
          observing: {
            entry: assign(({ context }) => observed(context)),
            always: 'thinking',
          },
        },
      },
      ...finals,
      outOfTime: { type: 'final', entry: assign({ end: 'time' }) },
    },
    output: outputOf,
  });
  return machine as never;
}

function defaultPrompt({ input }: { readonly input: unknown }): string {
  const { prompt } = (input ?? {}) as Partial<ToolLoopInput>;
  return typeof prompt === 'string' ? prompt : JSON.stringify(input ?? null);
}

/** The actors, by a key that is also the name of the state which invokes the actor. */
function actorsOf(
  { builtIn, tools, children, bounds }: ResolvedLoop,
  { taskPolicy = {} }: { readonly taskPolicy?: ToolLoopOptions['taskPolicy'] },
): Record<string, Actor> {
  const actors: [string, unknown][] = [
    ['generate', catalogue.generate],
    ...builtIn.map((name): [string, unknown] => [name, catalogue[name]]),
    ...tools.map(([name, tool]): [string, unknown] => [
      `tool-${name}`,
      toolTask(name, tool, taskPolicy, bounds.resultCharsMax),
    ]),
    ...children.map(({ agent }, i): [string, unknown] => [`spawn-${i}`, agent]),
  ];
  // XState's types know each actor by name; these names are the author's.
  return Object.fromEntries(actors) as Record<string, Actor>;
}

function destinationsOf({ builtIn, tools, children }: ResolvedLoop): Destinations {
  return {
    tools: new Map([
      ...builtIn.map((name) => [name, name] as const),
      ...tools.map(([name]) => [name, `tool-${name}`] as const),
    ]),
    children: new Map(children.map(({ agent }, i) => [agent.id, `spawn-${i}`])),
  };
}

function offersOf({ builtIn, tools, children }: ResolvedLoop) {
  return [
    ...builtIn.map((name) => builtInOffers[name]),
    ...tools.map(([name, tool]) => offerOf(name, tool)),
    ...(children.length === 0 ? [] : [spawnOffer(children)]),
  ];
}

/** Each place has a state for every actor; a place without a due call is over at once. */
function placesOf({ bounds }: ResolvedLoop, actors: readonly string[]): Record<string, object> {
  const callable = actors.filter((name) => name !== 'generate');
  const places = Array.from({ length: bounds.toolCallsMax }, (_, place) => {
    const calling = callable.map((actor) => [
      actor,
      {
        invoke: {
          id: `call-${place}`,
          src: actor,
          input: ({ context }: At) => context.calls[place]?.input,
          onDone: { target: 'over', actions: keepDone(place, actor, bounds.resultCharsMax) },
          onError: { target: 'over', actions: keepFailed(place, bounds.resultCharsMax) },
        },
      },
    ]);
    const choosing = {
      always: [
        ...callable.map((actor) => ({
          guard: ({ context }: At) => isDue(context, place, actor),
          target: actor,
        })),
        { target: 'over' },
      ],
    };
    const states = { choosing, ...Object.fromEntries(calling), over: { type: 'final' } };
    return [`place${place}`, { initial: 'choosing', states }];
  });
  return Object.fromEntries(places) as Record<string, object>;
}

/** The task of an author's tool has turned its result into text already, outside the chart. */
function keepDone(place: number, actor: string, charsMax: number) {
  const isText = actor.startsWith('tool-');
  return assign(({ context, event }: At & { readonly event: unknown }) => {
    const { output } = event as { readonly output: Json };
    return withResult(context, place, isText ? (output as ToolText) : resultText(output, charsMax));
  });
}

function keepFailed(place: number, charsMax: number) {
  return assign(({ context, event }: At & { readonly event: unknown }) => {
    const { failure } = event as { readonly failure: Failure };
    return withResult(context, place, errorText(failure.message, charsMax));
  });
}

/** The tool that starts another agent and waits for its output. */
function spawnOffer(children: ResolvedLoop['children']): ToolOffer {
  const told = children.map(({ agent, description, inputSchema }) => {
    const input = inputSchema === undefined ? '' : ` Its input: ${JSON.stringify(inputSchema)}.`;
    return `${agent.id}: ${description}${input}`;
  });
  const agent: Json = { enum: children.map((child) => child.agent.id) };
  return {
    name: 'spawn',
    description: ['Starts another agent and gives its output.', ...told].join('\n'),
    inputSchema: {
      type: 'object',
      properties: { agent, input: { description: 'What the agent is given: any JSON.' } },
      required: ['agent'],
      additionalProperties: false,
    },
  };
}
