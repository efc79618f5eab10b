/**
 * A tool loop that stays open: it listens to a channel of its run, answers each prompt as a loop does,
 * tells the answer to a second channel, and listens again, until it is idle for too long or a bound on its
 * life is reached.
 *
 * It leaves the steps of an answer to loop-chart.ts, and the messages to the run's conversation: the context
 * holds the newest prompt and answer only, so no turn grows with the length of the chat.
 *
 * 1. Prompts are taken one by one, in order, when the one before is answered: the channel keeps the others
 *    (promise 2).
 * 2. Each prompt has exactly one reply, which names its message.
 */
import { assign, emit, setup, type AnyStateMachine } from 'xstate';
import type { GenerateMessage, PublishInput, ReceiveInput } from '../domain/catalogue.ts';
import { HeddleError } from '../domain/errors.ts';
import type { Failure } from '../domain/failure.ts';
import { bytesOfJson, type Json } from '../domain/json.ts';
import { limits } from '../domain/limits.ts';
import { checkMessages } from '../domain/model/message-input.ts';
import { propertyOf } from '../domain/thrown.ts';
import { begun, type ChatContext, type LoopContext, type ToolLoopOutput } from './loop-context.ts';
import { ends, stepsOf, type LoopParts } from './loop-chart.ts';
import type { ResolvedChat } from './options.ts';
import { ownActors } from './places.ts';

/** What a chat says of a prompt: emitted by the run, and published on the chat's channel of replies. */
export type ToolLoopEvent<Value = Json> = {
  /** The id of the prompt's message; null for the prompt of the run's input. */
  readonly prompt: string | null;
} & (
  | {
      /** A whole answer, or what there was when the answer ended otherwise: `end` says why. */
      readonly type: 'answered' | 'stopped';
      /** As in the output of a loop; `answered` for a whole answer. */
      readonly end: ToolLoopOutput['end'];
      /** The model's last text. */
      readonly text: string;
      /** The JSON that a whole answer consists of, when the chat has a `schema`: it fits. */
      readonly value?: Value;
      /** Why the model's last answer ended. */
      readonly stopReason: ToolLoopOutput['stopReason'];
    }
  | {
      /** A model call failed, and the conversation is as it was before the prompt's call. */
      readonly type: 'failed';
      /** The code of the error. */
      readonly code: string;
      /** The error in words. */
      readonly reason: string;
    }
  | {
      /** The message is no prompt, or too long. */
      readonly type: 'rejected';
      /** What is wrong with it, in words. */
      readonly reason: string;
    }
);

type At = { readonly context: LoopContext };
type AtEvent = At & { readonly event: unknown };

/** The chart of a loop with `chat`. */
export function chatChartOf(parts: LoopParts, chat: ResolvedChat): AnyStateMachine {
  const { ask, loop, prompt } = parts;
  const chart = setup({
    types: {
      context: {} as LoopContext,
      output: {} as ToolLoopOutput,
      emitted: {} as ToolLoopEvent,
    },
    actors: parts.actors,
    delays: { timeBound: loop.bounds.timeMs, lifeBound: chat.lifeMs },
  });
  return chart.createMachine({
    id: parts.id,
    // An agent's version is a hash of its chart. The hash does not see the values that functions close over.
    meta: { toolLoop: { ask, bounds: loop.bounds, prompt, chat, ...loop.texts } },
    context: ({ input, self }) => {
      const run = { input: input as never, runId: self.id };
      return chatBegun(prompt(run), chat, run);
    },
    initial: 'chatting',
    states: {
      chatting: {
        initial: 'opening',
        after: { lifeBound: 'outOfTime' },
        states: { ...listeningStates(chat), ...answeringStates(parts, chat) },
      },
      idle: { id: 'idle', type: 'final', entry: assign({ end: 'idle' }) },
      contextFull: { id: 'contextFull', type: 'final' },
      outOfPrompts: { id: 'outOfPrompts', type: 'final', entry: assign({ end: 'prompts' }) },
      outOfTokens: { id: 'outOfTokens', type: 'final', entry: assign({ end: 'tokens' }) },
      outOfTime: { type: 'final', entry: assign({ end: 'time' }) },
    },
    output: ({ context }) => chatOutput(context),
  });
}

function listeningStates(chat: ResolvedChat): Record<string, object> {
  const listening = (id: string, timeoutMs: number, otherwise: string): object => ({
    invoke: {
      id,
      src: ownActors.listen,
      input: ({ context }: At): ReceiveInput => ({ channel: chatOf(context).channel, timeoutMs }),
      onDone: { target: 'reading', actions: assign(prompted) },
      onError: {
        guard: ({ event }: AtEvent) => failureOf(event).code === 'invocation-timeout',
        target: otherwise,
      },
    },
  });
  return {
    opening: {
      always: [
        { guard: ({ context }: At) => context.next.length > 0, target: 'working' },
        { target: 'listening' },
      ],
    },
    listening: listening('listen', chat.idleMs, 'looking'),
    // A prompt that was there when the time rang is answered.
    looking: listening('look', 0, '#idle'),
    reading: {
      always: [
        { guard: ({ context }: At) => chatOf(context).fault !== null, target: 'replying' },
        { target: 'working' },
      ],
    },
  };
}

function answeringStates(parts: LoopParts, chat: ResolvedChat): Record<string, object> {
  return {
    working: {
      initial: 'thinking',
      after: { timeBound: { target: 'replying', actions: assign({ end: 'time' }) } },
      states: stepsOf(parts, ends, {
        targetOf: () => '#replying',
        onFailure: { target: '#replying', actions: assign(failed) },
      }),
    },
    replying: {
      id: 'replying',
      entry: emit(({ context }: At) => eventOf(context)),
      invoke: {
        id: 'reply',
        src: ownActors.reply,
        input: ({ context }: At): PublishInput => ({
          channel: chatOf(context).replies,
          payload: eventOf(context),
        }),
        onDone: 'replied',
      },
    },
    replied: {
      always: [
        { guard: ({ context }: At) => context.end === 'context-full', target: '#contextFull' },
        {
          guard: ({ context }: At) => chatOf(context).prompts >= chat.promptsMax,
          target: '#outOfPrompts',
        },
        {
          guard: ({ context }: At) => chatOf(context).tokens + context.tokens >= chat.tokensMax,
          target: '#outOfTokens',
        },
        { target: 'listening', actions: assign(rested) },
      ],
    },
  };
}

function chatBegun(
  prompt: string,
  chat: ResolvedChat,
  run: { readonly input: never; readonly runId: string },
): LoopContext {
  const isGiven = prompt.trim() !== '';
  const named = chat.channel?.(run);
  return {
    ...begun(prompt),
    ...(isGiven ? {} : { next: [] }),
    chat: {
      channel: named ?? `chat/${run.runId}/prompts`,
      replies: chat.replies?.(run) ?? `${named ?? `chat/${run.runId}`}/replies`,
      prompt: null,
      fault: null,
      prompts: isGiven ? 1 : 0,
      iterations: 0,
      tokens: 0,
    },
  };
}

/** Set in every context that a chat's chart makes. */
function chatOf({ chat }: LoopContext): ChatContext {
  if (chat === undefined) throw new TypeError('the context of no chat');
  return chat;
}

function prompted({ context, event }: AtEvent): Partial<LoopContext> {
  const { output } = event as {
    readonly output: { readonly messages: readonly { messageId: string; payload: Json }[] };
  };
  const [message] = output.messages;
  const chat = chatOf(context);
  const read = promptOf(message?.payload ?? null);
  const taken = { ...chat, prompt: message?.messageId ?? null, prompts: chat.prompts + 1 };
  if (typeof read !== 'string') return { next: [read], chat: taken };
  return { chat: { ...taken, fault: { type: 'rejected', reason: read } } };
}

const promptBytesMax = limits.payloadBytesMax / 2;

/** The message that a payload means, or words that say why it means none. */
function promptOf(payload: Json): GenerateMessage | string {
  const isText = typeof payload === 'string';
  const content = isText ? payload : (propertyOf(payload, 'content') as Json | undefined);
  if (content === undefined || (typeof content === 'string' && content.trim() === '')) {
    return 'A prompt is a text that is not blank, or { content } with such a text or a list of parts.';
  }
  if (bytesOfJson(content) > promptBytesMax) {
    return `A prompt may have ${promptBytesMax} bytes at most.`;
  }
  try {
    const [message] = checkMessages([{ role: 'user', content }], false);
    return message as GenerateMessage;
  } catch (error) {
    if (!(error instanceof HeddleError)) throw error;
    return error.message;
  }
}

function failed({ context, event }: AtEvent): Partial<LoopContext> {
  const { code, message } = failureOf(event);
  return { chat: { ...chatOf(context), fault: { type: 'failed', code, reason: message } } };
}

/** The context of a chat that listens: what one answer has used counts for its life. */
function rested({ context }: At): Partial<LoopContext> {
  const chat = chatOf(context);
  const iterations = chat.iterations + context.iterations;
  const tokens = chat.tokens + context.tokens;
  return {
    next: [],
    calls: [],
    end: null,
    value: undefined,
    iterations: 0,
    tokens: 0,
    wasCut: false,
    chat: { ...chat, prompt: null, fault: null, iterations, tokens },
  };
}

function eventOf(context: LoopContext): ToolLoopEvent {
  const { prompt, fault } = chatOf(context);
  if (fault !== null) return { ...fault, prompt };
  const { end, value } = context;
  const type = end === 'answered' ? 'answered' : 'stopped';
  // Text and stop reason are those of the prompt before until the model has answered this one.
  const { text, stop } = context.iterations > 0 ? context : nothingSaid;
  const { stopReason = null } = stop ?? {};
  const whole = value === undefined ? {} : { value };
  return { type, prompt, end: end ?? 'time', text, ...whole, stopReason };
}

const nothingSaid: Pick<LoopContext, 'text' | 'stop'> = { text: '' };

function chatOutput(context: LoopContext): ToolLoopOutput {
  const { end, text, iterations, tokens, stop } = context;
  const chat = chatOf(context);
  return {
    end: end ?? 'time',
    text,
    iterations: chat.iterations + iterations,
    tokens: chat.tokens + tokens,
    prompts: chat.prompts,
    stopReason: null,
    ...stop,
  };
}

function failureOf(event: unknown): Failure {
  return (event as { readonly failure: Failure }).failure;
}
