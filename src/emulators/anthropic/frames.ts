/** An answer as the Messages API sends it: one JSON body, or a stream of server-sent events. */
import type { FinishedAnswer } from '../model-request.ts';
import { piecesOf, type ReplyContext } from '../wire.ts';
import { idOf } from './headers.ts';

const stopReasons = { end: 'end_turn', 'tool-use': 'tool_use', length: 'max_tokens' } as const;

type Content = Readonly<Record<string, unknown>>;

export function messageBody(answer: FinishedAnswer, model: string, context: ReplyContext): string {
  const content: Content[] = [];
  if (answer.text !== '') content.push({ type: 'text', text: answer.text, citations: null });
  answer.toolCalls.forEach(({ name, input }, index) => {
    content.push({ ...toolUse(name, index, context), input });
  });
  return JSON.stringify({
    ...message(model, context, content),
    stop_reason: stopReasons[answer.stopReason],
    usage: usage(answer.inputTokens, answer.outputTokens),
  });
}

export type MessageStream = { readonly frames: string[]; readonly pieces: number[] };

export function messageStream(
  answer: FinishedAnswer,
  model: string,
  context: ReplyContext,
): MessageStream {
  const frames = [
    event('message_start', {
      message: { ...message(model, context, []), usage: usage(answer.inputTokens, 1) },
    }),
  ];
  const pieces: number[] = [];
  const block = (start: Content, deltas: readonly Content[]): void => {
    const index = blocks++;
    frames.push(event('content_block_start', { index, content_block: start }));
    // The real one pings once the first block is open; clients must read over it.
    if (index === 0) frames.push(ping);
    for (const delta of deltas) {
      pieces.push(frames.length);
      frames.push(event('content_block_delta', { index, delta }));
    }
    frames.push(event('content_block_stop', { index }));
  };
  let blocks = 0;
  if (answer.text !== '') {
    const deltas = piecesOf(answer.text, context.chunks);
    block(
      { type: 'text', text: '', citations: null },
      deltas.map((text) => ({ type: 'text_delta', text })),
    );
  }
  answer.toolCalls.forEach(({ name, input }, index) => {
    // The first fragment is empty, as the real one's is: it parses only once it is whole.
    const parts = ['', ...piecesOf(JSON.stringify(input), context.chunks)];
    block(
      { ...toolUse(name, index, context), input: {} },
      parts.map((part) => ({ type: 'input_json_delta', partial_json: part })),
    );
  });
  frames.push(
    event('message_delta', {
      delta: {
        container: null,
        stop_details: null,
        stop_reason: stopReasons[answer.stopReason],
        stop_sequence: null,
      },
      usage: deltaUsage(answer.inputTokens, answer.outputTokens),
    }),
    messageStop,
  );
  return { frames, pieces };
}

export function event(type: string, members: Content): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...members })}\n\n`;
}

const ping = event('ping', {});
const messageStop = event('message_stop', {});

function message(model: string, context: ReplyContext, content: readonly Content[]): Content {
  return {
    id: idOf('msg', context),
    type: 'message',
    role: 'assistant',
    model,
    content,
    stop_reason: null,
    stop_sequence: null,
    stop_details: null,
    container: null,
    diagnostics: null,
  };
}

function toolUse(name: string, index: number, context: ReplyContext): Content {
  const caller = { type: 'direct' };
  return { type: 'tool_use', id: idOf('toolu', context, index), name, caller };
}

function deltaUsage(inputTokens: number, outputTokens: number): Content {
  return {
    input_tokens: inputTokens,
    output_tokens: outputTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens_details: null,
    server_tool_use: null,
  };
}

function usage(inputTokens: number, outputTokens: number): Content {
  return {
    ...deltaUsage(inputTokens, outputTokens),
    cache_creation: null,
    inference_geo: null,
    service_tier: 'standard',
    speed: null,
  };
}
