/**
 * The places for tool calls in a loop's chart. XState's invocations stand in the chart and cannot be added
 * while it runs. So the chart has as many places as an answer may have tool calls, and each place enters
 * the state of the actor that it needs. Where a tool needs approval, a place first asks a person, while the
 * other places go on.
 */
import { assign } from 'xstate';
import type { AskInput } from '../domain/catalogue.ts';
import type { Failure } from '../domain/failure.ts';
import type { Json } from '../domain/json.ts';
import { approvalOf, approvalQuestion } from './approval.ts';
import {
  decided,
  isAsking,
  isBlocked,
  isDue,
  undecided,
  withResult,
  type LoopContext,
} from './loop-context.ts';
import type { ResolvedLoop } from './options.ts';
import { errorText, resultText, type ToolText } from './result-text.ts';

type At = { readonly context: LoopContext };
type AtEvent = At & { readonly event: unknown };

/** The key of the actor that asks for an approval. */
export const approvalActor = 'approval';

/** Each place has a state for every actor; a place without a due call is over at once. */
export function placesOf(loop: ResolvedLoop, actors: readonly string[]): Record<string, object> {
  const callable = actors.filter((name) => name !== 'generate' && name !== approvalActor);
  const asks = actors.includes(approvalActor);
  const places = Array.from({ length: loop.bounds.toolCallsMax }, (_, place) => {
    const calling = callable.map((actor) => [actor, callingState(loop, place, actor)]);
    const asking = { guard: ({ context }: At) => isAsking(context, place), target: 'approving' };
    const over = { guard: ({ context }: At) => !isBlocked(context, place), target: 'over' };
    const choosing = {
      always: [
        ...(asks ? [asking] : []),
        ...callable.map((actor) => ({
          guard: ({ context }: At) => isDue(context, place, actor),
          target: actor,
        })),
        loop.isSerial ? over : { target: 'over' },
      ],
    };
    const states = {
      choosing,
      ...(asks ? { approving: approvingState(loop, place) } : {}),
      ...Object.fromEntries(calling),
      over: { type: 'final' },
    };
    return [`place${place}`, { initial: 'choosing', states }];
  });
  return Object.fromEntries(places) as Record<string, object>;
}

function callingState({ bounds }: ResolvedLoop, place: number, actor: string): object {
  const charsMax = bounds.resultCharsMax;
  // The task of an author's tool has turned its result into text already, outside the chart.
  const isText = actor.startsWith('tool-');
  const keep = (context: LoopContext, result: ToolText): Partial<LoopContext> =>
    withResult(context, place, { result, charsMax });
  return {
    invoke: {
      id: `call-${place}`,
      src: actor,
      input: ({ context }: At) => context.calls[place]?.input,
      onDone: {
        target: 'over',
        actions: assign(({ context, event }: AtEvent) => {
          const { output } = event as { readonly output: Json };
          return keep(context, isText ? (output as ToolText) : resultText(output, charsMax));
        }),
      },
      onError: {
        target: 'over',
        actions: assign(({ context, event }: AtEvent) =>
          keep(context, errorText(failureOf(event).message, charsMax)),
        ),
      },
    },
  };
}

/** A person decides, and the place chooses again: the call is then allowed, or over. */
function approvingState(loop: ResolvedLoop, place: number): object {
  const charsMax = loop.bounds.resultCharsMax;
  return {
    invoke: {
      // Another start of it is another question: an answer to an earlier one never counts for this.
      id: `approve-${place}`,
      src: approvalActor,
      input: ({ context }: At) => questionOf(loop, context, place),
      onDone: {
        target: 'choosing',
        actions: assign(({ context, event }: AtEvent) => {
          const { output } = event as { readonly output: { readonly answer: Json } };
          return decided(context, place, { approval: approvalOf(output.answer), charsMax });
        }),
      },
      onError: {
        target: 'choosing',
        actions: assign(({ context, event }: AtEvent) =>
          undecided(context, place, { failure: failureOf(event), charsMax }),
        ),
      },
    },
  };
}

function questionOf(loop: ResolvedLoop, { calls }: LoopContext, place: number): AskInput {
  const { asks: name = '', input = null } = calls[place] ?? {};
  return approvalQuestion(
    { name, input },
    {
      schema: loop.schemas.get(name) ?? {},
      assignee: loop.approvals.get(name)?.assignee,
      timeoutMs: loop.approvalTimeoutMs,
    },
  );
}

function failureOf(event: unknown): Failure {
  return (event as { readonly failure: Failure }).failure;
}
