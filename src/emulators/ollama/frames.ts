/** An answer as Ollama sends it: one JSON body, or a stream of lines. */
import type { FinishedAnswer } from '../model-request.ts';
import { piecesOf, type ReplyContext } from '../wire.ts';

/** Ollama has no reason of its own for a tool call: it says `stop`. */
const doneReasons = { end: 'stop', 'tool-use': 'stop', length: 'length' } as const;

type Members = Readonly<Record<string, unknown>>;

export function chatBody(answer: FinishedAnswer, model: string, context: ReplyContext): string {
  const message = { content: answer.text, ...toolCallsOf(answer) };
  return JSON.stringify(line(model, message, context, figures(answer, context)));
}

export function chatStream(answer: FinishedAnswer, model: string, context: ReplyContext) {
  const frames: string[] = [];
  const add = (message: Members, more: Members): void => {
    frames.push(`${JSON.stringify(line(model, message, context, more))}\n`);
  };
  for (const content of piecesOf(answer.text, context.chunks)) add({ content }, { done: false });
  // All tool calls go out whole, in one line: Ollama sends no fragments of them.
  if (answer.toolCalls.length > 0) add({ content: '', ...toolCallsOf(answer) }, { done: false });
  const pieces = frames.map((_, index) => index);
  add({ content: '' }, figures(answer, context));
  return { frames, pieces };
}

/** The reply to a request without messages, which asks to load or unload the model. */
export function loadBody(model: string, reason: 'load' | 'unload', context: ReplyContext): string {
  return JSON.stringify(line(model, { content: '' }, context, { done: true, done_reason: reason }));
}

function line(model: string, message: Members, context: ReplyContext, more: Members): Members {
  return {
    model,
    created_at: new Date(context.nowEpochMs).toISOString(),
    message: { role: 'assistant', ...message },
    ...more,
  };
}

/** Tool calls have no ids, as in Ollama's own answers. */
function toolCallsOf({ toolCalls }: FinishedAnswer): Members {
  if (toolCalls.length === 0) return {};
  return {
    tool_calls: toolCalls.map(({ name, input }) => ({ function: { name, arguments: input } })),
  };
}

function figures(answer: FinishedAnswer, context: ReplyContext): Members {
  const totalNs = Math.round(context.latencyMs * 1_000_000);
  return {
    done: true,
    done_reason: doneReasons[answer.stopReason],
    total_duration: totalNs,
    load_duration: 0,
    prompt_eval_count: answer.inputTokens,
    prompt_eval_duration: 0,
    eval_count: answer.outputTokens,
    eval_duration: totalNs,
  };
}
