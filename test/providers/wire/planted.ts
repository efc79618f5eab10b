/**
 * Adapters that take a part of an answer for the whole: each is the true one with one mistake put
 * into it, and each names the cuts by which it must be noticed.
 */
import type { ProviderAnswer } from '../../../src/domain/catalogue.ts';
import { AnthropicAnswer } from '../../../src/providers/anthropic/anthropic-answer.ts';
import { OllamaAnswer } from '../../../src/providers/ollama/ollama-answer.ts';
import { OllamaLines } from '../../../src/providers/ollama/ollama-lines.ts';
import { ChatAnswer } from '../../../src/providers/openai/chat-answer.ts';
import { SseEvents } from '../../../src/providers/openai/sse.ts';
import type { Provider } from '../../../src/providers/port.ts';
import { WireProvider } from '../../../src/providers/wire/wire-provider.ts';
import type { wires } from '../../support/provider-wires.ts';
import { replaced, replacedGetter } from '../../support/replaced.ts';
import type { cutsOf } from './cuts.ts';

export type PlantedBug = {
  readonly wire: (typeof wires)[number]['name'];
  readonly name: string;
  /** Each of these kinds of cut must show it. */
  readonly cuts: readonly (keyof typeof cutsOf)[];
  readonly finding: RegExp;
  /** Changes the adapter's own code; gives back what changes it back. */
  readonly plant: () => () => void;
};

/** What both answers have in common: all that a mistake about their end needs. */
type Answer = {
  readonly isComplete: boolean;
  take(piece: unknown): void;
  output(provider: string): ProviderAnswer;
};

const anthropic: Answer = AnthropicAnswer.prototype;
const ollama: Answer = OllamaAnswer.prototype;
const openai: Answer = ChatAnswer.prototype;
/** All adapters have the calling in common. */
const provider: Provider = WireProvider.prototype;

/** Where the call would fail for this reason, the adapter returns what has come so far. */
function returnsWhatItHas(adapter: Answer, reason: RegExp): () => void {
  // One call at a time is made, so that the last answer is this call's.
  const begun: Answer[] = [];
  const undoTake = replaced(
    adapter,
    'take',
    (original) =>
      function (this: Answer, piece) {
        begun.push(this);
        original.call(this, piece);
      },
  );
  const undoCall = replaced(
    provider,
    'call',
    (original) =>
      async function (this: Provider, asked) {
        begun.length = 0;
        try {
          return await original.call(this, asked);
        } catch (error) {
          const answer = begun.at(-1);
          if (answer === undefined || !reason.test(String(error))) throw error;
          return answer.output(this.name);
        }
      },
  );
  return () => {
    undoCall();
    undoTake();
  };
}

/** The adapter goes no further than to the first piece of this kind. */
function isCompleteAt(answer: Answer, isLast: (piece: unknown) => boolean): () => void {
  const ended = new WeakSet<Answer>();
  const undoTake = replaced(
    answer,
    'take',
    (original) =>
      function (this: Answer, piece) {
        original.call(this, piece);
        if (isLast(piece)) ended.add(this);
      },
  );
  const undoIsComplete = replacedGetter(
    answer,
    'isComplete',
    (original) =>
      function (this: Answer) {
        return ended.has(this) || original.call(this);
      },
  );
  return () => {
    undoIsComplete();
    undoTake();
  };
}

/** The adapter reads something into a piece that is not there. */
function takesAs(answer: Answer, read: (piece: object) => object): () => void {
  return replaced(
    answer,
    'take',
    (original) =>
      function (this: Answer, piece) {
        original.call(this, read(piece as object));
      },
  );
}

const isOfType =
  (type: string) =>
  (piece: unknown): boolean =>
    (piece as { readonly type?: unknown }).type === type;

const hasToolCalls = (piece: unknown): boolean =>
  (piece as { readonly message?: { readonly tool_calls?: unknown } }).message?.tool_calls !==
  undefined;

/** A line that was cut is made JSON again by closing what stands open in it. */
function mendsLastLine(): () => void {
  const rests = new WeakMap<OllamaLines, Buffer>();
  const undoPass = replaced(
    OllamaLines.prototype,
    'pass',
    (original) =>
      function (this: OllamaLines, bytes) {
        const read = Buffer.concat([rests.get(this) ?? Buffer.alloc(0), bytes]);
        rests.set(this, read.subarray(read.lastIndexOf('\n') + 1));
        return original.call(this, bytes);
      },
  );
  const undoEnd = replaced(
    OllamaLines.prototype,
    'end',
    (original) =>
      function (this: OllamaLines) {
        const rest = rests.get(this)?.toString() ?? '';
        const mended = ['}', '"}', '"}}'].map((close) => rest + close).find(isJson);
        return mended === undefined ? original.call(this) : Buffer.from(`${mended}\n`);
      },
  );
  return () => {
    undoEnd();
    undoPass();
  };
}

/** An event that was cut is made JSON again by closing what stands open in it. */
function mendsLastEvent(): () => void {
  return replaced(
    SseEvents.prototype,
    'end',
    (original) =>
      function (this: SseEvents) {
        return original.call(this).map((data) => {
          return (
            ['', '}', '}]}', '"}]}', '":1}]}'].map((close) => data + close).find(isJson) ?? data
          );
        });
      },
  );
}

type Choices = { readonly choices?: readonly { readonly delta?: object }[] };
const isCounts = (piece: unknown): boolean => (piece as Choices).choices?.length === 0;
const hasToolFragment = (piece: unknown): boolean =>
  (piece as Choices).choices?.some(({ delta = {} }) => 'tool_calls' in delta) === true;

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const became = /^a part became a result/;
/** By the code of undici, which carries the connections: without one, the body came to its end. */
const connectionBroke = /cut its answer short \(UND_ERR_/;
const streamEnded = /cut its answer short \((?!UND_ERR_)/;

const inBoth = ([wire, adapter]: readonly [PlantedBug['wire'], Answer]): PlantedBug[] => [
  {
    wire,
    name: 'returns what it has when the stream ends',
    // Where the connection breaks, the stream does not come to an end: it fails.
    cuts: ['shortBodies'],
    finding: became,
    plant: () => returnsWhatItHas(adapter, streamEnded),
  },
  {
    wire,
    name: 'returns what it has when the connection breaks',
    cuts: ['brokenConnections'],
    finding: became,
    plant: () => returnsWhatItHas(adapter, connectionBroke),
  },
  {
    wire,
    name: 'loses the tool call of a whole answer',
    cuts: ['brokenConnections', 'shortBodies'],
    finding: /^a result lacks a part of its answer/,
    plant: () =>
      replaced(
        adapter,
        'output',
        (original) =>
          function (this: Answer, provider) {
            return { ...original.call(this, provider), toolCalls: [] };
          },
      ),
  },
];

export const plantedBugs: readonly PlantedBug[] = [
  ...inBoth(['anthropic', anthropic]),
  {
    wire: 'anthropic',
    name: 'is done with the stop reason, before message_stop',
    cuts: ['brokenConnections', 'shortBodies'],
    finding: became,
    plant: () => isCompleteAt(anthropic, isOfType('message_delta')),
  },
  {
    wire: 'anthropic',
    name: 'is done with the first block',
    cuts: ['brokenConnections', 'shortBodies'],
    finding: became,
    plant: () => isCompleteAt(anthropic, isOfType('content_block_stop')),
  },
  {
    wire: 'anthropic',
    name: 'is done with message_stop, though no reason came',
    cuts: ['endsWithoutReason'],
    finding: became,
    plant: () =>
      takesAs(anthropic, (piece) => {
        if (!isOfType('message_delta')(piece)) return piece;
        return { ...piece, delta: { stop_reason: 'end_turn' } };
      }),
  },
  ...inBoth(['ollama', ollama]),
  {
    wire: 'ollama',
    name: 'is done with the line of the tool call',
    cuts: ['brokenConnections', 'shortBodies'],
    finding: became,
    plant: () => isCompleteAt(ollama, hasToolCalls),
  },
  {
    wire: 'ollama',
    name: 'mends a last line that was cut',
    cuts: ['shortBodies'],
    finding: became,
    plant: mendsLastLine,
  },
  ...inBoth(['openai', openai]),
  {
    wire: 'openai',
    name: 'is done with the first fragment of a tool call',
    cuts: ['brokenConnections', 'shortBodies'],
    finding: became,
    plant: () => isCompleteAt(openai, hasToolFragment),
  },
  {
    wire: 'openai',
    name: 'is done with the counts of tokens, though no finish_reason came',
    cuts: ['endsWithoutReason'],
    finding: became,
    plant: () => isCompleteAt(openai, isCounts),
  },
  {
    wire: 'openai',
    name: 'mends a last event that was cut',
    cuts: ['shortBodies'],
    finding: became,
    plant: mendsLastEvent,
  },
];
