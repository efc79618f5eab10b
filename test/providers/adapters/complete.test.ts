/** A whole answer becomes a result; a part of one never does, wherever it is cut. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  callOf,
  type ClosableProvider,
  endOf,
  faultOf,
  wires,
} from '../../support/provider-wires.ts';
import { chunk, head, lastChunk, whole, WireServer } from '../../support/wire-server.ts';

const texts = ['It lifts ', 'a thr', 'ead: “ü🧵”', '.'];
const tool = { query: 'warp ü🧵', depth: 2 };

/** Seeded, so that a failure can be had again. */
function* random(seed: number): Generator<number, never, undefined> {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

function cutsOf(pieces: readonly Buffer[], seed: number): number[] {
  const cuts: number[] = [0];
  for (const piece of pieces) cuts.push((cuts.at(-1) ?? 0) + piece.length);
  const total = cuts.at(-1) ?? 0;
  const draws = random(seed);
  for (let i = 0; i < 200; i++) cuts.push(Math.floor(draws.next().value * total));
  return cuts;
}

for (const wire of wires) {
  describe(`an answer of ${wire.name}`, () => {
    let bytes: Buffer;
    let how: 'end' | 'reset';
    let server: WireServer;
    let provider: ClosableProvider;

    beforeEach(async () => {
      how = 'end';
      server = await WireServer.start(({ socket }) => {
        if (how === 'end') socket.end(bytes);
        else socket.write(bytes, () => socket.resetAndDestroy());
      });
      provider = wire.connect(server.url);
    });

    afterEach(async () => {
      await provider.close();
      await server.close();
    });

    it('becomes a result when it is whole, with its text as it came', async () => {
      bytes = whole(wire.answer(texts, tool));
      const shown: string[] = [];
      const output = await provider.call(callOf({ onText: (text) => void shown.push(text) }));
      expect(shown).toEqual(texts);
      expect(output).toMatchObject({
        text: texts.join(''),
        toolCalls: [{ name: 'look', input: tool }],
        stopReason: 'tool-calls',
        usage: { inputTokens: 12, outputTokens: 34 },
        provider: wire.name,
      });
      expect(output.toolCalls[0]?.id).toMatch(/^[\w-]+$/);
      expect(server.requests[0]?.line).toBe(`POST ${wire.path} HTTP/1.1`);
    });

    it('is never one in part, when the connection ends at any event or any byte', async () => {
      const events = wire.answer(texts, tool);
      const parts = [Buffer.from(head()), ...events.map((event) => chunk(event))];
      const full = Buffer.concat([...parts, Buffer.from(lastChunk)]);
      // The frame that completes the answer, without the line break that ends its chunk.
      const completeAt = full.length - lastChunk.length - 2;
      let results = 0;
      for (const [i, cut] of cutsOf(parts, 1).entries()) {
        bytes = full.subarray(0, cut);
        how = i % 3 === 2 && cut > 0 && cut < completeAt ? 'reset' : 'end';
        const end = await endOf(provider.call(callOf()));
        expect(end.kind, `${how} at byte ${cut} of ${full.length}`).toBe(
          cut >= completeAt ? 'ok' : 'outage',
        );
        if (end.kind === 'ok') {
          expect(end.output).toMatchObject({ text: texts.join(''), toolCalls: [{ input: tool }] });
          results += 1;
        }
      }
      expect(results).toBeGreaterThan(0);
    });

    it('is never one in part, when the body ends early as if it were whole', async () => {
      const events = wire.answer(texts, tool).map((event) => Buffer.from(event));
      const full = Buffer.concat(events);
      // Ollama's client takes a last line without its line break, and it is whole.
      const completeAt = wire.name === 'ollama' ? full.length - 1 : full.length;
      for (const cut of cutsOf(events, 2)) {
        bytes = whole([full.subarray(0, cut)]);
        const end = await endOf(provider.call(callOf()));
        expect(end.kind, `at byte ${cut} of ${full.length}`).toBe(
          cut >= completeAt ? 'ok' : 'outage',
        );
      }
    });

    it('may come byte by byte', async () => {
      const full = Buffer.concat(wire.answer(texts, tool).map((event) => Buffer.from(event)));
      bytes = whole([...full].map((byte) => Uint8Array.of(byte)));
      const output = await provider.call(callOf());
      expect(output).toMatchObject({ text: texts.join(''), toolCalls: [{ input: tool }] });
    });

    it('is an outage where it is no such stream at all', async () => {
      for (const body of ['<html>Welcome to the hotel</html>', '', '{}\n', 'null\n', '[1]\n']) {
        bytes = whole([body]);
        expect((await faultOf(provider.call(callOf()))).kind, body).toBe('outage');
      }
    });
  });
}
