/**
 * An answer that does not come whole, in every way in which it can stay away, and the check that no
 * adapter makes a result of it.
 *
 * It owns the cuts and the server that sends them. It leaves what an answer looks like to the wires,
 * and asks nothing of an adapter but that it is a `Provider`.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Provider } from '../../../src/providers/port.ts';
import { seeded } from '../../support/pool-simulation.ts';
import { callOf, endOf, type wires } from '../../support/provider-wires.ts';
import { chunk, head, lastChunk, whole, WireServer } from '../../support/wire-server.ts';

type Wire = (typeof wires)[number];

export const texts = ['It lifts ', 'a thr', 'ead: “ü🧵”', '.'];
export const tool = { query: 'warp ü🧵', depth: 2 };

/** What else an answer of Anthropic's holds. */
const thoughts = [
  { type: 'reasoning', text: 'Which “ü🧵”?', signature: 'c2lnbmVk' },
  { type: 'opaque', data: { type: 'news', words: 'a thread' } },
];

export type Cut = {
  /** For a person who reads that something was found here. */
  readonly where: string;
  readonly bytes: Buffer;
  readonly ends: 'end' | 'reset';
  /** Nothing of the answer is missing, though something of what wraps it may be. */
  readonly isWhole: boolean;
};

/** Each place between two pieces, and 200 bytes at random: seeded, so that a failure comes again. */
function placesIn(pieces: readonly Buffer[], seed: number): number[] {
  const places: number[] = [0];
  for (const piece of pieces) places.push((places.at(-1) ?? 0) + piece.length);
  const total = places.at(-1) ?? 0;
  const random = seeded(seed);
  for (let i = 0; i < 200; i++) places.push(Math.floor(random() * total));
  return places;
}

const bytesIn = (pieces: readonly Buffer[]): number =>
  pieces.reduce((sum, { length }) => sum + length, 0);

/** The connection ends, or is reset, at any event or any byte. */
function brokenConnections(wire: Wire): Cut[] {
  const events = wire.answer(texts, tool);
  const parts = [Buffer.from(head()), ...events.map((event) => chunk(event))];
  const full = Buffer.concat([...parts, Buffer.from(lastChunk)]);
  // The frame that completes the answer, without the line break that ends its chunk.
  const wholeAt = bytesIn(parts.slice(0, parts.length - wire.afterEnd)) - 2;
  return placesIn(parts, 1_664_525).map((place, i) => {
    // A reset may outrun what was written before it, and a whole answer must arrive.
    const ends = i % 3 === 2 && place > 0 && place < wholeAt ? 'reset' : 'end';
    const where = `connection's ${ends} at byte ${place} of ${full.length}`;
    return { where, ends, bytes: full.subarray(0, place), isWhole: place >= wholeAt };
  });
}

/** The body ends early as if it were whole. */
function shortBodies(wire: Wire): Cut[] {
  const events = wire.answer(texts, tool).map((event) => Buffer.from(event));
  const full = Buffer.concat(events);
  const wholeAt = bytesIn(events.slice(0, events.length - wire.afterEnd)) - wire.endBytes;
  return placesIn(events, 1_013_904_223).map((place) => ({
    where: `body's end at byte ${place} of ${full.length}`,
    ends: 'end',
    bytes: whole([full.subarray(0, place)]),
    isWhole: place >= wholeAt,
  }));
}

/** The stream says that it has ended, and not why. Some servers that speak Ollama's protocol never say it. */
function endsWithoutReason(wire: Wire): Cut[] {
  const events = wire.answer(texts, tool);
  const bare = events.map((event) => event.replace(/"(stop|done|finish)_reason":"\w+",?/, ''));
  if (bare.join('') === events.join('')) throw new Error(`${wire.name} gives no reason`);
  const isWhole = wire.name === 'ollama';
  return [{ where: 'end without a reason', ends: 'end', bytes: whole(bare), isWhole }];
}

export const cutsOf = { brokenConnections, shortBodies, endsWithoutReason } as const;

/** Sends one cut after the other to an adapter and says what is wrong with what it makes of them. */
export class CutServer {
  readonly #server: WireServer;
  #cut: Pick<Cut, 'bytes' | 'ends'> | null = null;

  private constructor(server: WireServer) {
    this.#server = server;
  }

  static async start(): Promise<CutServer> {
    const server = await WireServer.start(({ socket }) => {
      const { bytes, ends } = cuts.#cut ?? { bytes: Buffer.alloc(0), ends: 'end' };
      if (ends === 'end') socket.end(bytes);
      else socket.write(bytes, () => socket.resetAndDestroy());
    });
    const cuts = new CutServer(server);
    return cuts;
  }

  get url(): string {
    return this.#server.url;
  }

  get requests(): WireServer['requests'] {
    return this.#server.requests;
  }

  /** What the server answers from now on. */
  answer(bytes: Buffer): void {
    this.#cut = { bytes, ends: 'end' };
  }

  /** Null where the adapter keeps its word: the whole is a result, and a part is an outage. */
  async finding(provider: Provider, cut: Cut): Promise<string | null> {
    this.#cut = cut;
    const end = await endOf(provider.call(callOf()));
    if (end.kind !== 'ok') {
      if (cut.isWhole) return `a whole answer is no result (${end.kind}) at the ${cut.where}`;
      return end.kind === 'outage' ? null : `a part is a fault of kind ${end.kind}: ${cut.where}`;
    }
    if (!cut.isWhole) return `a part became a result at the ${cut.where}`;
    const { text, toolCalls, parts = [] } = end.output;
    const inputs = toolCalls.map(({ input }) => input);
    const more = parts.filter(({ type }) => type === 'reasoning' || type === 'opaque');
    const isAllThere =
      text === texts.join('') &&
      isDeepStrictEqual(inputs, [tool]) &&
      (provider.name !== 'anthropic' || isDeepStrictEqual(more, thoughts));
    return isAllThere ? null : `a result lacks a part of its answer at the ${cut.where}`;
  }

  /** The first of them that the adapter gets wrong; null when it gets none wrong. */
  async firstFinding(
    provider: Provider,
    cuts: readonly Cut[],
  ): Promise<{ readonly cut: Cut; readonly finding: string } | null> {
    for (const cut of cuts) {
      const finding = await this.finding(provider, cut);
      if (finding !== null) return { cut, finding };
    }
    return null;
  }

  async close(): Promise<void> {
    await this.#server.close();
  }
}
