/** An answer as chat completions send it: one JSON body, or a stream of server-sent events. */
import type { FinishedAnswer } from '../model-request.ts';
import { piecesOf, type ReplyContext } from '../wire.ts';
import { idOf } from './headers.ts';

const finishReasons = { end: 'stop', 'tool-use': 'tool_calls', length: 'length' } as const;

export function chatBody(answer: FinishedAnswer, model: string, context: ReplyContext): string {
  const { text, toolCalls } = answer;
  const calls = toolCalls.map(({ name, input }, index) => ({
    id: idOf('call_', context, index),
    type: 'function',
    function: { name, arguments: JSON.stringify(input) },
  }));
  const message = {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    refusal: null,
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
  const choice = { index: 0, message, logprobs: null, finish_reason: finishOf(answer) };
  return `{${head('chat.completion', model, context)},"choices":[${JSON.stringify(choice)}],"usage":${usageOf(answer)}}`;
}

export type ChatStream = { readonly frames: string[]; readonly pieces: number[] };

/** Counts of tokens come only if they were asked for, in an event of their own. */
export function chatStream(
  answer: FinishedAnswer,
  model: string,
  context: ReplyContext,
  countsTokens: boolean,
): ChatStream {
  // Every event begins alike: serializing the same fields for each took a good part of a call's time.
  const begin = `data: {${head('chat.completion.chunk', model, context)}`;
  const noCounts = countsTokens ? ',"usage":null' : '';
  const chunk = (delta: string, finish = 'null'): string =>
    `${begin},"choices":[{"index":0,"delta":{${delta}},"logprobs":null,"finish_reason":${finish}}]${noCounts}}\n\n`;
  const frames = [chunk('"role":"assistant","content":"","refusal":null')];
  const pieces: number[] = [];
  for (const piece of piecesOf(answer.text, context.chunks)) {
    pieces.push(frames.length);
    frames.push(chunk(`"content":${JSON.stringify(piece)}`));
  }
  answer.toolCalls.forEach(({ name, input }, index) => {
    const fragment = (fields: string): string =>
      chunk(`"tool_calls":[{"index":${index},${fields}}]`);
    const id = idOf('call_', context, index);
    const named = `"function":{"name":${JSON.stringify(name)},"arguments":""}`;
    frames.push(fragment(`"id":"${id}","type":"function",${named}`));
    for (const piece of piecesOf(JSON.stringify(input), context.chunks)) {
      pieces.push(frames.length);
      frames.push(fragment(`"function":{"arguments":${JSON.stringify(piece)}}`));
    }
  });
  frames.push(chunk('', JSON.stringify(finishOf(answer))));
  if (countsTokens) frames.push(`${begin},"choices":[],"usage":${usageOf(answer)}}\n\n`);
  frames.push('data: [DONE]\n\n');
  return { frames, pieces };
}

function finishOf({ stopReason }: FinishedAnswer): string {
  return finishReasons[stopReason];
}

function head(object: string, model: string, context: ReplyContext): string {
  const created = Math.floor(context.nowEpochMs / 1_000);
  return `"id":"${idOf('chatcmpl-', context)}","object":"${object}","created":${created},"model":${JSON.stringify(model)},"service_tier":"default","system_fingerprint":null`;
}

function usageOf({ inputTokens, outputTokens }: FinishedAnswer): string {
  return `{"prompt_tokens":${inputTokens},"completion_tokens":${outputTokens},"total_tokens":${inputTokens + outputTokens},"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}`;
}
