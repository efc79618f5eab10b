/** Answers as the models of each vendor give them: what heddle's readers make of a stream. */
import type { AssistantPart, ProviderAnswer } from '../../../src/domain/catalogue.ts';
import type { Json } from '../../../src/domain/json.ts';
import type { PieceSpec } from './history-spec.ts';
import { type Fields, isFields } from './rules/refusal.ts';
import { sealed } from './rules/sealed-reasoning.ts';
import type { Vendor } from './vendors.ts';

/** Stands in all that goes back to one provider and model alone. */
export const ownMark = (provider: string, model: string): string => `«${provider}/${model}»`;

export type Answering = {
  readonly vendor: Vendor;
  readonly body: Fields;
  readonly pieces: readonly PieceSpec[];
  readonly stop: string;
  /** Of all answers, which this one is. */
  readonly nth: number;
};

export function modelAnswer({ vendor, body, pieces, stop, nth }: Answering): ProviderAnswer {
  const model = String(body['model']);
  const at: At = {
    vendor,
    model,
    answer: `answer-${nth}`,
    mark: ownMark(vendor.provider.name, model),
    tools: namesIn(body),
    said: saidOf(pieces, vendor, body),
  };
  const parts = at.said.flatMap((piece, i) => partsOf(piece, i, at));
  return {
    text: '',
    toolCalls: [],
    parts,
    stopReason: stop,
    usage: { inputTokens: 1, outputTokens: 1 },
    provider: vendor.provider.name,
    model,
  };
}

type At = {
  readonly vendor: Vendor;
  readonly model: string;
  readonly answer: string;
  readonly mark: string;
  readonly tools: readonly string[];
  readonly said: readonly PieceSpec[];
};

/** Claude thinks only where it is told to; with a number of tokens, first of all when it is asked. */
function saidOf(pieces: readonly PieceSpec[], vendor: Vendor, body: Fields): readonly PieceSpec[] {
  if (!thinks(vendor, body, String(body['model']))) {
    return pieces.filter(({ piece }) => piece !== 'think');
  }
  const { thinking, messages } = body;
  const isEnabled = isFields(thinking) && thinking['type'] === 'enabled';
  const last: unknown = Array.isArray(messages) ? messages.at(-1) : undefined;
  const isAsked = !JSON.stringify(last).includes('tool_result');
  const [first] = pieces;
  if (!isEnabled || !isAsked || (first !== undefined && isSigned(first))) return pieces;
  return [{ piece: 'think', text: 'Well.', how: 'shown' }, ...pieces];
}

function thinks({ protocol }: Vendor, { thinking }: Fields, model: string): boolean {
  if (protocol !== 'anthropic') return true;
  if (thinking === undefined) return model === 'claude-sonnet-5';
  return isFields(thinking) && thinking['type'] !== 'disabled';
}

function namesIn({ tools }: Fields): readonly string[] {
  const list: readonly unknown[] = Array.isArray(tools) ? tools : [];
  return list.map((tool) => {
    const fields = isFields(tool) ? tool : {};
    const called = isFields(fields['function']) ? fields['function'] : fields;
    return String(called['name']);
  });
}

function partsOf(piece: PieceSpec, i: number, at: At): readonly AssistantPart[] {
  switch (piece.piece) {
    case 'text':
      return [{ type: 'text', text: piece.text }];
    case 'call':
      return [callOf(piece, at)];
    case 'think':
      return [thoughtOf(piece, i, at)];
    case 'own':
      return ownOf(i, at);
  }
}

function callOf(
  { tool, id, input, extra }: Extract<PieceSpec, { readonly piece: 'call' }>,
  { tools, mark }: At,
): AssistantPart {
  const name =
    typeof tool === 'string' ? tool : (tools[tool % Math.max(tools.length, 1)] ?? 'look');
  const fields = extra ? { extra: { data: { caller: { type: mark } } } } : {};
  return { type: 'tool-call', id, name, input: input as Json, ...fields };
}

type Thought = Extract<PieceSpec, { readonly piece: 'think' }>;
const isSigned = (piece: PieceSpec): piece is Thought =>
  piece.piece === 'think' && piece.how !== 'unsigned';

function thoughtOf(piece: Thought, i: number, at: At): AssistantPart {
  const { vendor, mark, model, answer, said } = at;
  const text = `${mark}${piece.text}`;
  if (vendor.protocol === 'openai') {
    const signature = model === 'gpt-5' ? 'reasoning' : 'reasoning_content';
    return { type: 'reasoning', text, signature };
  }
  if (vendor.protocol === 'ollama' || piece.how === 'unsigned') return { type: 'reasoning', text };
  const before = said.slice(0, i);
  const seal = {
    model,
    answer,
    at: before.filter(isSigned).length,
    of: said.filter(isSigned).length,
    calls: callsSinceFirst(before),
  };
  if (piece.how === 'redacted') {
    return { type: 'reasoning', text: '', encrypted: sealed(seal, null) };
  }
  const shown = piece.how === 'shown' ? text : '';
  return {
    type: 'reasoning',
    text: shown,
    signature: sealed(seal, piece.how === 'shown' ? text : null),
  };
}

/** Tool calls that came after the answer's first signed thought. */
function callsSinceFirst(before: readonly PieceSpec[]): number {
  const first = before.findIndex(isSigned);
  return first === -1 ? 0 : before.slice(first).filter(({ piece }) => piece === 'call').length;
}

function ownOf(i: number, { vendor, mark, answer }: At): readonly AssistantPart[] {
  if (vendor.protocol === 'ollama') return [];
  if (vendor.protocol === 'openai') {
    return [{ type: 'opaque', data: { reasoning_details: [{ text: mark }] } }];
  }
  const id = `srvtoolu_${answer}_${i}`;
  const query = { type: 'server_tool_use', id, name: 'web_search', input: { query: mark } };
  const found = { type: 'web_search_tool_result', tool_use_id: id, content: [] };
  return [
    { type: 'opaque', data: query },
    { type: 'opaque', data: found },
  ];
}
