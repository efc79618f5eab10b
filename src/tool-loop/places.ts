/**
 * The places for tool calls in a loop's chart. XState's invocations stand in the chart and cannot be added
 * while it runs. So the chart has as many places as an answer may have tool calls, and each place enters
 * the state of the actor that it needs.
 */
import { assign } from 'xstate';
import type { Failure } from '../domain/failure.ts';
import type { Json } from '../domain/json.ts';
import { isDue, withResult, type LoopContext } from './loop-context.ts';
import type { ResolvedLoop } from './options.ts';
import { errorText, resultText, type ToolText } from './result-text.ts';

type At = { readonly context: LoopContext };

/** Each place has a state for every actor; a place without a due call is over at once. */
export function placesOf(
  { bounds }: ResolvedLoop,
  actors: readonly string[],
): Record<string, object> {
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
