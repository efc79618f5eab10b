/** An answer as the Messages API sends it: one JSON body, or a stream of server-sent events. */
import type { Json } from '../../domain/json.ts';
import type { FinishedAnswer } from '../model-request.ts';
import { piecesOf, type ReplyContext } from '../wire.ts';
import { idOf } from './headers.ts';

const stopReasons = { end: 'end_turn', 'tool-use': 'tool_use', length: 'max_tokens' } as const;

/**
 * The text of a frame that every call needs is put together by hand: serializing the same objects
 * for each call took a tenth of the call's time, and the system under load shares the processors.
 */
export function messageBody(answer: FinishedAnswer, model: string, context: ReplyContext): string {
  const content: string[] = [];
  if (answer.text !== '') content.push(textBlock(answer.text));
  answer.toolCalls.forEach(({ name, input }, index) => {
    content.push(toolUseBlock(name, input, index, context));
  });
  return message(model, context, {
    content: content.join(','),
    stopReason: JSON.stringify(stopReasons[answer.stopReason]),
    usage: usage(answer.inputTokens, answer.outputTokens),
  });
}

export type MessageStream = { readonly frames: string[]; readonly pieces: number[] };

export function messageStream(
  answer: FinishedAnswer,
  model: string,
  context: ReplyContext,
): MessageStream {
  const start = { content: '', stopReason: 'null', usage: usage(answer.inputTokens, 1) };
  const frames = [event('message_start', `"message":${message(model, context, start)}`)];
  const pieces: number[] = [];
  let blocks = 0;
  const add = (block: string, type: string, member: string, parts: readonly string[]): void => {
    const index = `"index":${blocks++}`;
    frames.push(event('content_block_start', `${index},"content_block":${block}`));
    // The real API sends a ping after the first block has opened, so clients must skip pings.
    if (blocks === 1) frames.push(ping);
    for (const part of parts) {
      const delta = `{"type":"${type}","${member}":${JSON.stringify(part)}}`;
      pieces.push(frames.length);
      frames.push(event('content_block_delta', `${index},"delta":${delta}`));
    }
    frames.push(event('content_block_stop', index));
  };
  if (answer.text !== '') {
    add(textBlock(''), 'text_delta', 'text', piecesOf(answer.text, context.chunks));
  }
  answer.toolCalls.forEach(({ name, input }, index) => {
    // The first fragment is empty, as the real API's is. The input parses only when all fragments
    // are there.
    const parts = ['', ...piecesOf(JSON.stringify(input), context.chunks)];
    add(toolUseBlock(name, {}, index, context), 'input_json_delta', 'partial_json', parts);
  });
  const delta = `{"container":null,"stop_details":null,"stop_reason":"${stopReasons[answer.stopReason]}","stop_sequence":null}`;
  const spent = `{${countedUsage(answer.inputTokens, answer.outputTokens)}}`;
  frames.push(event('message_delta', `"delta":${delta},"usage":${spent}`), messageStop);
  return { frames, pieces };
}

/** `members` are the event's members besides its type, as JSON without the braces. */
export function event(type: string, members: string): string {
  return `event: ${type}\ndata: {"type":"${type}"${members === '' ? '' : `,${members}`}}\n\n`;
}

const ping = event('ping', '');
const messageStop = event('message_stop', '');

function message(
  model: string,
  context: ReplyContext,
  parts: { readonly content: string; readonly stopReason: string; readonly usage: string },
): string {
  return `{"id":"${idOf('msg', context)}","type":"message","role":"assistant","model":${JSON.stringify(model)},"content":[${parts.content}],"stop_reason":${parts.stopReason},"stop_sequence":null,"stop_details":null,"container":null,"diagnostics":null,"usage":${parts.usage}}`;
}

function textBlock(text: string): string {
  return `{"type":"text","text":${JSON.stringify(text)},"citations":null}`;
}

function toolUseBlock(name: string, input: Json, index: number, context: ReplyContext): string {
  const id = idOf('toolu', context, index);
  return `{"type":"tool_use","id":"${id}","name":${JSON.stringify(name)},"caller":{"type":"direct"},"input":${JSON.stringify(input)}}`;
}

function countedUsage(inputTokens: number, outputTokens: number): string {
  return `"input_tokens":${inputTokens},"output_tokens":${outputTokens},"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens_details":null,"server_tool_use":null`;
}

function usage(inputTokens: number, outputTokens: number): string {
  return `{${countedUsage(inputTokens, outputTokens)},"cache_creation":null,"inference_geo":null,"service_tier":"standard","speed":null}`;
}
