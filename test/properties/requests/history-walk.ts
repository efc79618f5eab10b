/**
 * Walks a random history: call after call of one conversation, each by heddle's own way from a chart's input
 * to the body that leaves. Each body is held against the rules of its vendor.
 */
import type {
  GenerateMessage,
  GenerateOutput,
  GenerateRequest,
  ToolCall,
} from '../../../src/domain/catalogue.ts';
import { HeddleError } from '../../../src/domain/errors.ts';
import type { Json } from '../../../src/domain/json.ts';
import { checkGenerate } from '../../../src/domain/model/generate-input.ts';
import { needsOf } from '../../../src/domain/model/needs.ts';
import { ProviderFault, type ProviderCall } from '../../../src/providers/port.ts';
import { servedModel } from '../../../src/providers/served-model.ts';
import {
  ProviderAnswers,
  UnfitAnswer,
} from '../../../src/runtime/calls/attempt/provider-answer.ts';
import { inputOf, newMessages } from './chart-input.ts';
import type { Damage } from './damages.ts';
import type { StepSpec } from './history-spec.ts';
import { Refusal, refusalOf, tally } from './judged.ts';
import { modelAnswer } from './model-answers.ts';
import { type Vendor, vendors } from './vendors.ts';

/** How often what was reached, over all walks. */
export const reached: Record<string, number> = {};
const count = (what: string): void => {
  reached[what] = (reached[what] ?? 0) + 1;
};

export class HistoryWalk {
  readonly #damage: Damage;
  readonly #answers = new ProviderAnswers<object>();
  #rows: readonly GenerateMessage[] = [];
  /** Tool calls of the last answer, of which the chart has not told the results. */
  #calls: readonly ToolCall[] = [];
  /** Results that come later. */
  #late: readonly GenerateMessage[] = [];
  #sent = 0;

  constructor(damage: Damage = (valid) => valid) {
    this.#damage = damage;
  }

  async take(step: StepSpec): Promise<void> {
    const vendor = vendors[step.target];
    if (vendor === undefined) throw new RangeError('there is no such vendor');
    const { messages, late } = newMessages(step, this.#calls);
    const said = [...this.#late, ...messages];
    const rows = step.own === null ? this.#rows : tampered(this.#rows, step.own);
    const given = step.own === null ? said : [...rows, ...said];
    const checked = edge(inputOf(step, vendor, given));
    if (checked === null) return;
    const { prompt, conversation: _, ...rest } = checked;
    const asked: readonly GenerateMessage[] = [
      ...(step.own === null ? rows : []),
      ...(checked.messages ?? []),
      ...(prompt === undefined ? [] : [{ role: 'user', content: prompt } as const]),
    ];
    const request = step.own === null ? { ...rest, messages: asked } : checked;
    const needs = needsOf({ ...request, messages: asked });
    if (servedModel(vendor.provider, { ...request, needs }) === null) return count('routed away');
    const answer = await this.#ask(vendor, step, request);
    if (answer === null && step.fate !== 'asked') return;
    this.#late = late;
    this.#rows = answer === null ? asked : [...asked, rowOf(answer)];
    this.#calls = answer?.toolCalls ?? [];
  }

  /** Null: the call has failed. */
  async #ask(
    vendor: Vendor,
    step: StepSpec,
    input: GenerateRequest,
  ): Promise<GenerateOutput | null> {
    const provider = {
      ...vendor.provider,
      name: vendor.provider.name,
      call: (call: ProviderCall) => {
        const body = vendor.bodyOf(this.#damage(call.input, input));
        const refusal = refusalOf(vendor, body, input);
        if (refusal !== null) throw new Refusal(refusal, body, input);
        tally(reached, vendor, body);
        if (step.fate !== 'answered') throw new ProviderFault('outage', 'on order');
        const { answer: pieces, stop } = step;
        return Promise.resolve(modelAnswer({ vendor, body, pieces, stop, nth: this.#sent++ }));
      },
    };
    const attempt = {
      input,
      idempotencyKey: 'key',
      attempt: 1,
      signal: new AbortController().signal,
    };
    try {
      return await this.#answers.of({}, provider, attempt);
    } catch (error) {
      if (error instanceof Refusal) throw error;
      count(causeOf(error));
      return null;
    }
  }
}

/** Why a call has failed that should. */
function causeOf(error: unknown): string {
  if (error instanceof ProviderFault && error.message === 'on order') return 'outage';
  if (error instanceof UnfitAnswer) return 'unfit answer';
  if (error instanceof HeddleError && error.code === 'invalid-field') return 'nothing to answer';
  throw error;
}

/** Null: refused by field, before anything is sent. */
function edge(input: object): GenerateRequest | null {
  try {
    return checkGenerate(JSON.parse(JSON.stringify(input)) as Json);
  } catch (error) {
    if (!(error instanceof HeddleError) || error.code !== 'invalid-field') throw error;
    count('refused at the edge');
    return null;
  }
}

function tampered(
  rows: readonly GenerateMessage[],
  { cut, drop }: NonNullable<StepSpec['own']>,
): readonly GenerateMessage[] {
  return rows.filter((_, i) => i !== drop).slice(cut);
}

function rowOf({ text, toolCalls, parts }: GenerateOutput): GenerateMessage {
  return {
    role: 'assistant',
    content: text,
    ...(toolCalls.length === 0 ? {} : { toolCalls }),
    ...(parts === undefined ? {} : { parts }),
  };
}
