/**
 * How much Claude thinks, in the words that the model takes. Models before 4.7 take a number of tokens;
 * later ones refuse it and take an effort. Pure.
 */
import type { GenerateRequest, Reasoning } from '../../domain/catalogue.ts';

/** How a model is told to think. */
export type ThinkingStyle = 'adaptive' | 'budget';

type Fields = {
  readonly thinking?:
    | { readonly type: 'disabled' }
    | { readonly type: 'adaptive'; readonly display: 'summarized' }
    | { readonly type: 'enabled'; readonly budget_tokens: number };
  readonly output_config?: { readonly effort: 'low' | 'medium' | 'high' };
  readonly max_tokens: number;
  readonly temperature?: number;
};

/** What is written, and what is written otherwise than it was asked, in words. */
export type Thought = { readonly fields: Fields; readonly notes: readonly string[] };

const budgets = { low: 2_048, medium: 8_192, high: 16_384 } as const;
/** Thinking counts towards `max_tokens`, so the usual default would leave nothing for the answer. */
const maxTokensThinking = 16_384;

/** `maxTokens`: of calls that give none. */
export function thought(
  input: Pick<GenerateRequest, 'reasoning' | 'temperature' | 'toolChoice' | 'tools' | 'maxTokens'>,
  to: { readonly model: string; readonly maxTokens: number; readonly style: ThinkingStyle | null },
): Thought {
  const { temperature } = input;
  const notes: string[] = [];
  const isForced = mustCallTool(input);
  const asked = input.reasoning;
  const isToBeTold = asked !== undefined || isOfFive(to.model);
  const reasoning = isForced && isToBeTold ? 'off' : asked;
  if (reasoning !== asked && asked !== undefined) {
    notes.push('reasoning was left out: Claude does not think where a tool call is forced.');
  }
  const isThinking = reasoning !== undefined && reasoning !== 'off';
  const style = to.style ?? styleOf(to.model);
  const maxTokens =
    input.maxTokens ?? (isThinking ? Math.max(to.maxTokens, maxTokensThinking) : to.maxTokens);
  const fields = {
    max_tokens: maxTokens,
    ...(reasoning === undefined ? {} : written(reasoning, { style, maxTokens, notes })),
  };
  if (temperature === undefined) return { fields, notes };
  if (temperature === 1 || !(isThinking || refusesTemperature(to.model))) {
    if (temperature > 1) notes.push('temperature was sent as 1, the highest that Claude takes.');
    return { fields: { ...fields, temperature: Math.min(temperature, 1) }, notes };
  }
  const why = isThinking ? 'Claude thinks at its own' : 'this model refuses it';
  return { fields, notes: [...notes, `temperature was left out: ${why}.`] };
}

function written(
  reasoning: Reasoning,
  to: { readonly style: ThinkingStyle; readonly maxTokens: number; readonly notes: string[] },
): Partial<Fields> {
  const { style, maxTokens, notes } = to;
  if (reasoning === 'off') return { thinking: { type: 'disabled' } };
  if (style === 'adaptive') {
    const effort = typeof reasoning === 'string' ? reasoning : effortOf(reasoning.budgetTokens);
    if (typeof reasoning === 'object') {
      notes.push(`reasoning.budgetTokens was sent as the effort ${effort}.`);
    }
    return {
      thinking: { type: 'adaptive', display: 'summarized' },
      output_config: { effort },
    };
  }
  const budget = typeof reasoning === 'string' ? budgets[reasoning] : reasoning.budgetTokens;
  const thinking = { type: 'enabled', budget_tokens: budget } as const;
  if (maxTokens > budget) return { thinking };
  notes.push(`maxTokens was raised by ${budget}: it must be larger than the tokens of reasoning.`);
  return { thinking, max_tokens: maxTokens + budget };
}

function effortOf(budgetTokens: number): 'low' | 'medium' | 'high' {
  if (budgetTokens <= 4_096) return 'low';
  return budgetTokens <= 16_384 ? 'medium' : 'high';
}

function mustCallTool({ toolChoice, tools = [] }: Pick<GenerateRequest, 'toolChoice' | 'tools'>) {
  return tools.length > 0 && (toolChoice === 'required' || typeof toolChoice === 'object');
}

/** A name without a version is that of a new model, or of a gateway, which has new ones. */
function styleOf(model: string): ThinkingStyle {
  const version = versionOf(model);
  return version !== null && version < 407 ? 'budget' : 'adaptive';
}

function refusesTemperature(model: string): boolean {
  const version = versionOf(model);
  return version !== null && version >= (model.includes('opus') ? 407 : 500);
}

/** Models from 5 on think without being asked. So does, for all that is known, one without a version. */
export function thinksUnasked(model: string): boolean {
  return versionOf(model) === null || isOfFive(model);
}

function isOfFive(model: string): boolean {
  return (versionOf(model) ?? 0) >= 500;
}

/** 407 of `claude-opus-4-7`, 400 of `claude-sonnet-4-20250514`; null for a name without a version. */
function versionOf(model: string): number | null {
  const named = /claude-(?:[a-z]+-)?(\d{1,2})(?:[-.](\d{1,2})(?!\d))?/.exec(model);
  return named === null ? null : Number(named[1]) * 100 + Number(named[2] ?? 0);
}
