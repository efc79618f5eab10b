/**
 * The providers of a world: each call is written as its provider writes it, and the body that would leave is
 * judged before it is answered, by its vendor's rules and by what the chart knows of its conversation.
 */
import type { GenerateRequest } from '../../../src/domain/catalogue.ts';
import { ProviderFault, type ProviderCall } from '../../../src/providers/port.ts';
import { ProviderAnswers } from '../../../src/runtime/calls/attempt/provider-answer.ts';
import type { CallScript, SimulatedProvider } from '../../simulation/replica.ts';
import { replaced } from '../../support/replaced.ts';
import type { Damage } from '../requests/damages.ts';
import { Refusal, refusalOf, tally } from '../requests/judged.ts';
import type { PieceSpec } from '../requests/history-spec.ts';
import { modelAnswer } from '../requests/model-answers.ts';
import type { Fields } from '../requests/rules/refusal.ts';
import { type Vendor, vendors } from '../requests/vendors.ts';
import type { AgentCase } from './agent-case.ts';

const answerMs = 20;
const ceiling = 2;

const byName = new Map(vendors.map((vendor) => [vendor.provider.name, vendor]));

/** Each as routing sees it. */
export const providers: readonly SimulatedProvider[] = [...byName.values()].map(
  ({ provider: { name, models, tiers, supports } }) => ({ name, models, tiers, supports, ceiling }),
);

export class Wires {
  /** The first request that no vendor should get. */
  refusal: Refusal | null = null;
  readonly #case: AgentCase;
  readonly #reached: Record<string, number>;
  readonly #damage: Damage;
  /** By key: what calls were made of, before their histories were made valid. */
  readonly #inputs = new Map<string, GenerateRequest>();
  #sent = 0;

  constructor(of: {
    readonly agentCase: AgentCase;
    readonly reached: Record<string, number>;
    readonly damage: Damage;
  }) {
    this.#case = of.agentCase;
    this.#reached = of.reached;
    this.#damage = of.damage;
  }

  /** Notes what each call is made of, until it is undone. */
  listen(): () => void {
    const inputs = this.#inputs;
    return replaced(
      ProviderAnswers.prototype,
      'of',
      (answer) =>
        function (this: ProviderAnswers<object>, call, provider, attempt) {
          inputs.set(attempt.idempotencyKey, attempt.input);
          return answer.call(this, call, provider, attempt);
        },
    );
  }

  /** `taken`: the numbers of the answers that the run had taken before the call began, in order. */
  answer(
    provider: string,
    { input, idempotencyKey }: ProviderCall,
    taken: readonly number[],
  ): CallScript {
    const vendor = byName.get(provider);
    const raw = this.#inputs.get(idempotencyKey.replace(/\/repair-1$/, ''));
    if (vendor === undefined || raw === undefined) throw new TypeError('a call of nobody');
    const body = vendor.bodyOf(this.#damage(input, raw));
    const sentence = refusalOf(vendor, body, raw) ?? misheard(body, taken) ?? this.#misplaced(body);
    if (sentence === null) tally(this.#reached, vendor, body);
    else this.refusal ??= new Refusal(sentence, body, raw);
    const nth = this.#sent++;
    return { afterMs: answerMs, answer: () => this.#answer({ vendor, body, raw, nth }) };
  }

  /** Among replicas of an earlier release the question of a call that fails is kept. */
  #misplaced(body: Fields): string | null {
    return this.#case.isAmongOlder ? null : misplaced(body);
  }

  /** A loop goes on for some answers before it may end. */
  #said(
    nth: number,
    { schema }: GenerateRequest,
  ): { readonly pieces: readonly PieceSpec[]; readonly stop: string } {
    const { kind, steps } = this.#case;
    const { answer = [], stop = 'end' } = steps[nth % steps.length] ?? {};
    // An answer of a schema is what the schema wants, and nothing else.
    const said =
      schema === undefined ? [...answer, { piece: 'text', text: numberOf(nth) } as const] : answer;
    if (kind === 'chart') return { pieces: said, stop };
    const pieces = said.map((piece) => turned(piece, nth));
    if (nth % 4 === 3) return { pieces, stop };
    return { pieces: [...pieces, turned(called, nth)], stop: 'tool_use' };
  }

  #answer({ vendor, body, raw, nth }: Sent): ReturnType<CallScript['answer']> {
    const { fates } = this.#case;
    const fate = fates[nth % fates.length] ?? 'answered';
    this.#reached[fate] = (this.#reached[fate] ?? 0) + 1;
    switch (fate) {
      case 'answered': {
        return modelAnswer({ vendor, body, nth, ...this.#said(nth, raw) });
      }
      case 'limited':
        throw new ProviderFault('rate-limited', 'on order', 30);
      case 'outage':
      case 'cut':
        throw new ProviderFault('outage', 'on order');
      case 'context-full':
        throw new ProviderFault('caller', 'on order', null, { isContextFull: true });
      case 'refused':
      case 'caller':
      case 'retry-once':
        throw new ProviderFault(fate, 'on order');
    }
  }
}

type Sent = {
  readonly vendor: Vendor;
  readonly body: Fields;
  readonly raw: GenerateRequest;
  readonly nth: number;
};

/** Stands in every answer, so that it is known again. */
const numberOf = (nth: number): string => `[answer ${nth}]`;

/** The numbers of the answers in a text, in order. */
export function answersIn(text: string): number[] {
  return [...text.matchAll(/\[answer (\d+)\]/g)].map(([, nth]) => Number(nth));
}

/** Every answer that a run has taken goes back, once and in order, and no other. */
function misheard(body: Fields, taken: readonly number[]): string | null {
  const told = String(answersIn(JSON.stringify(body)));
  return told === String(taken) ? null : `answers ${told} go back, and should be ${String(taken)}`;
}

/** Of a loop's tools each is called now and then. */
const called: PieceSpec = { piece: 'call', tool: 0, id: 'call', input: {}, extra: false };
const turned = (piece: PieceSpec, by: number): PieceSpec =>
  piece.piece === 'call' && typeof piece.tool === 'number'
    ? { ...piece, tool: piece.tool + by }
    : piece;

/** The prompts of a chart's conversation must be those that were answered, and the newest. */
function misplaced(body: Fields): string | null {
  const marks = JSON.stringify(body).matchAll(/\[step (\d+) after ([\d ]*)\]/g);
  const found = [...marks].map(([, at, after = '']) => ({ at: Number(at), after }));
  const last = found.at(-1);
  if (last === undefined) return null;
  const wanted = [...last.after.split(' ').filter((at) => at !== ''), last.at].map(Number);
  const there = found.map(({ at }) => at);
  return String(there) === String(wanted)
    ? null
    : `the prompts are those of steps ${String(there)}, and should be ${String(wanted)}`;
}
