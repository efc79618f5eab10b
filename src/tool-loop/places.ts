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
import { approvalOf, approvalQuestion, type ToolApproval } from './approval.ts';
import {
  changed,
  isAsking,
  isBlocked,
  isDue,
  withResult,
  type LoopContext,
} from './loop-context.ts';
import type { ResolvedLoop } from './options.ts';
import { errorText, resultText, type ToolText } from './result-text.ts';

type At = { readonly context: LoopContext };
type AtEvent = At & { readonly event: unknown };

/** The keys of the loop's own actors, which no tool call names. */
export const ownActors = {
  think: 'generate',
  approve: 'approval',
  listen: 'chat-receive',
  reply: 'chat-publish',
} as const;

/** Each place has a state for every actor; a place without a due call is over at once. */
export function placesOf(loop: ResolvedLoop, actors: readonly string[]): Record<string, object> {
  const own: readonly string[] = Object.values(ownActors);
  const callable = actors.filter((name) => !own.includes(name));
  const asks = actors.includes(ownActors.approve);
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
      src: ownActors.approve,
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

/** The context after a person's answer about a call: allowed, changed, or over. */
function decided(
  context: LoopContext,
  place: number,
  given: { readonly approval: ToolApproval; readonly charsMax: number },
): Partial<LoopContext> {
  const { approval, charsMax } = given;
  return changed(context, place, ({ asks, ...call }) => {
    switch (approval.decision) {
      case 'allow':
        return call;
      case 'edit':
        return { ...call, input: approval.arguments, edited: true };
      case 'deny': {
        const why = approval.reason === undefined ? '.' : `: ${approval.reason}`;
        const words = `A person has denied this call of ${asks ?? 'the tool'}${why}`;
        return { ...call, actor: null, input: null, result: errorText(words, charsMax) };
      }
    }
  });
}

/** The context after a question about a call that got no answer: the call is denied. */
function undecided(
  context: LoopContext,
  place: number,
  given: { readonly failure: Failure; readonly charsMax: number },
): Partial<LoopContext> {
  const { failure, charsMax } = given;
  const { asks = 'the tool' } = context.calls[place] ?? {};
  const words =
    failure.code === 'invocation-timeout'
      ? `Nobody has allowed this call of ${asks} in time, so it was not carried out.`
      : `This call of ${asks} could not be allowed, so it was not carried out: ${failure.message}`;
  return changed(context, place, ({ id, serial }) => ({
    id,
    actor: null,
    input: null,
    result: errorText(words, charsMax),
    ...(serial === true ? { serial } : {}),
  }));
}

function failureOf(event: unknown): Failure {
  return (event as { readonly failure: Failure }).failure;
}
