/** Server-sent events, however their bytes are cut. */
import { describe, expect, it } from 'vitest';
import { SseEvents } from '../../../src/providers/openai/sse.ts';

const bytes = (text: string): Buffer => Buffer.from(text);

/** The data of the events, when the text comes in pieces of so many bytes. */
function readBy(text: string, size: number): string[] {
  const events = new SseEvents();
  const all = bytes(text);
  const read: string[] = [];
  for (let at = 0; at < all.length; at += size) {
    read.push(...events.take(all.subarray(at, at + size)));
  }
  return [...read, ...events.end()];
}

const sizes = [1, 2, 3, 5, 7, 1_000];

describe('server-sent events', () => {
  it.each([
    ['one line each', 'data: {"a":1}\n\ndata: [DONE]\n\n', ['{"a":1}', '[DONE]']],
    ['no space', 'data:{"a":1}\n\n', ['{"a":1}']],
    ['CRLF', 'data: {"a":1}\r\n\r\ndata: {"a":2}\r\n\r\n', ['{"a":1}', '{"a":2}']],
    ['CR', 'data: {"a":1}\r\rdata: {"a":2}\r\r', ['{"a":1}', '{"a":2}']],
    ['comments', ': OPENROUTER PROCESSING\n\n: x\ndata: {"a":1}\n\n', ['{"a":1}']],
    ['other fields', 'event: x\nid: 7\nretry: 1\ndata: {"a":1}\nnews\n\n', ['{"a":1}']],
    ['data over lines', 'data: {"a":\ndata: 1}\n\n', ['{"a":\n1}']],
    ['data over CRLF lines', 'data: {"a":\r\ndata: 1}\r\n\r\n', ['{"a":\n1}']],
    ['no blank line between', 'data: {"a":1}\ndata: {"a":2}\n', ['{"a":1}', '{"a":2}']],
    ['no end', 'data: {"a":1}\n\ndata: {"a":2}', ['{"a":1}', '{"a":2}']],
    ['a byte order mark', '\uFEFFdata: {"a":1}\n\n', ['{"a":1}']],
    ['letters of several bytes', 'data: {"a":"ü🧵"}\n\n', ['{"a":"ü🧵"}']],
    ['an empty data line', 'data:\n\n', ['']],
    ['plain JSON', ' \n{\n "a": 1\n}\n', ['{\n "a": 1\n}\n']],
    ['nothing', '\n\n', []],
  ])('are read: %s', (_what, text, events) => {
    for (const size of sizes) {
      const read = readBy(text, size);
      expect(
        read.map((data) => data.trim()),
        `by ${size}`,
      ).toEqual(events.map((one) => one.trim()));
    }
  });

  it('are bounded, over lines too', () => {
    const events = new SseEvents();
    const line = bytes(`data: ${'x'.repeat(1_000_000)}\n`);
    const take = (): void => {
      for (let i = 0; i < 10; i++) events.take(line);
    };
    expect(take).toThrow('longer than');
  });
});
