/**
 * The tool loop as an ordinary chart: think (a model call with tools), act (its tool calls, each an
 * invocation, side by side), observe (their results become the next messages), think again, until the
 * model asks for no tool or a bound is reached. The messages stand in the run's conversation; the context
 * holds only what the next step needs, so no turn grows with the length of the loop.
 *
 * It leaves the places in which tool calls are carried out to places.ts, and how each step changes the
 * context to loop-context.ts.
 */
import { assign, setup, type AnyStateMachine, type PromiseActorLogic } from 'xstate';
import type { GenerateInput, GenerateOutput } from '../domain/catalogue.ts';
import type { Failure } from '../domain/failure.ts';
import {
  begun,
  heard,
  observed,
  type Destinations,
  type LoopContext,
  type ToolLoopEnd,
  type ToolLoopOutput,
} from './loop-context.ts';
import type { ResolvedLoop } from './options.ts';
import { placesOf } from './places.ts';

/** Of what a loop's chart is made. */
export type LoopParts = {
  readonly id: string;
  readonly loop: ResolvedLoop;
  /** By a key that is also the name of the state which invokes the actor. */
  readonly actors: Readonly<Record<string, PromiseActorLogic<unknown, unknown>>>;
  readonly destinations: Destinations;
  /** The input of each model call, but for its messages. */
  readonly ask: GenerateInput;
  readonly prompt: (run: { readonly input: never; readonly runId: string }) => string;
};

/** The ends that answers bring about, and the bounds on them: each is a final state of its own. */
const endStates: Readonly<Record<Exclude<ToolLoopEnd, 'time' | 'idle' | 'prompts'>, string>> = {
  answered: 'answered',
  refused: 'refused',
  'cut-off': 'cutOff',
  iterations: 'outOfIterations',
  tokens: 'outOfTokens',
  'context-full': 'contextFull',
  other: 'stopped',
};
type End = keyof typeof endStates;
/** In the order of their candidates. */
export const ends = Object.keys(endStates) as readonly End[];
/** Those of 0.1.0: the runs that it began have no state for the others. */
export const formerEnds = ends.filter((end) => end !== 'context-full' && end !== 'other');

type At = { readonly context: LoopContext };

/** The chart, with these of its ends. */
export function chartOf(parts: LoopParts, ending: readonly End[]): AnyStateMachine {
  const { ask, loop, prompt } = parts;
  const { bounds } = loop;
  const chart = setup({
    types: {
      context: {} as LoopContext,
      output: {} as ToolLoopOutput,
    },
    actors: parts.actors,
    delays: { timeBound: bounds.timeMs },
  });
  const finals = ending.map((end) => [
    endStates[end],
    { id: endStates[end], type: 'final' as const },
  ]);
  return chart.createMachine({
    id: parts.id,
    // An agent's version is a hash of its chart. The hash does not see the values that functions close over.
    meta: { toolLoop: { ask, bounds, prompt, ...loop.texts } },
    context: ({ input, self }) => begun(prompt({ input: input as never, runId: self.id })),
    initial: 'working',
    states: {
      working: {
        initial: 'thinking',
        after: { timeBound: 'outOfTime' },
        states: stepsOf(parts, ending, { targetOf: (end) => `#${endStates[end]}` }),
      },
      ...Object.fromEntries(finals),
      outOfTime: { type: 'final', entry: assign({ end: 'time' }) },
    },
    output: ({ context }) => outputOf(context),
  });
}

/** Where an answer that ends leads to, and a model call that fails. */
type Leads = {
  readonly targetOf: (end: End) => string;
  /** Absent where the failure ends the run. */
  readonly onFailure?: object;
};

/** Some providers refuse a prompt that does not fit. */
function failures(ending: readonly End[], { targetOf, onFailure }: Leads): object {
  if (!ending.includes('context-full')) return {};
  const full = {
    guard: ({ event }: { readonly event: unknown }): boolean =>
      (event as { readonly failure: Failure }).failure.code === 'context-full',
    target: targetOf('context-full'),
    actions: assign({ end: 'context-full', stop: { stopReason: 'context-full' } }),
  };
  return { onError: onFailure === undefined ? full : [full, onFailure] };
}

/** The steps of an answer: think, judge, act, observe. */
export function stepsOf(
  { ask, loop, actors, destinations }: LoopParts,
  ending: readonly End[],
  leads: Leads,
): Record<string, object> {
  const { bounds } = loop;
  const has =
    (end: End) =>
    ({ context }: At): boolean =>
      context.end === end;
  return {
    thinking: {
      invoke: {
        id: 'think',
        src: 'generate',
        input: ({ context }: At) => inputOf(ask, context),
        onDone: {
          target: 'judging',
          actions: assign(({ context, event }: At & { readonly event: unknown }) => {
            const { output } = event as { readonly output: GenerateOutput };
            return heard(context, output, { destinations, bounds });
          }),
        },
        ...failures(ending, leads),
      },
    },
    judging: {
      always: [
        ...ending.map((end) => ({ guard: has(end), target: leads.targetOf(end) })),
        { target: 'acting' },
      ],
    },
    acting: {
      type: 'parallel',
      states: placesOf(loop, Object.keys(actors)),
      onDone: 'observing',
    },
    observing: {
      entry: assign(({ context }: At) => observed(context)),
      always: 'thinking',
    },
  };
}

/** A tool choice that forces a call holds once: a loop that must always call a tool never answers. */
function inputOf({ toolChoice, ...ask }: GenerateInput, context: LoopContext): GenerateInput {
  const isForced = toolChoice === 'required' || typeof toolChoice === 'object';
  const holds = toolChoice !== undefined && (!isForced || context.iterations === 0);
  return { ...ask, ...(holds ? { toolChoice } : {}), messages: context.next };
}

function outputOf({ end, text, value, iterations, tokens, stop }: LoopContext): ToolLoopOutput {
  const whole = { ...(value === undefined ? {} : { value }), iterations, tokens };
  return { end: end ?? 'time', text, ...whole, stopReason: null, ...stop };
}
