/**
 * One attempt at a provider: the request as that provider takes it, and its answer in heddle's form. A call
 * with a schema gets an answer that fits it. An answer that does not fit is repaired once: the model is
 * told what is wrong in a second request, which has a key of its own and uses the same slot.
 *
 * Owns answers that wait for their repair, by call: when a repair is refused, the next attempt repairs the
 * same answer, so that no answer is paid for twice. When the call goes to another provider, the answer is of
 * no use any more, and only its tokens are kept. All are lost with the process, as every attempt is.
 *
 * 1. A call has at most one repair at a provider.
 * 2. The usage of an answer counts its repair; `used` counts answers of other providers too.
 * 3. The history of every request is valid; a request that is blank is refused and not sent.
 */
import type { GenerateOutput, GenerateRequest, ModelDelta } from '../../../domain/catalogue.ts';
import { heddleError } from '../../../domain/errors.ts';
import { propertyOf } from '../../../domain/thrown.ts';
import { asAnswer } from '../../../providers/check-answer.ts';
import { fitHistory } from '../../../providers/history/fit-history.ts';
import { toolNames, withOwnTools, type ToolNames } from '../../../providers/history/tool-names.ts';
import type { Provider, ProviderCall } from '../../../providers/port.ts';
import { servedModel } from '../../../providers/served-model.ts';
import { compileSchema, type SchemaCheck } from '../../../schema/compile-schema.ts';
import type { Used } from '../call/call-state.ts';
import { fittedRequest, type FittedRequest } from './fitted-request.ts';
import { readAnswer, repairRequest, sumOfUsage } from './structured-answer.ts';

/** The answers did not fit, and have cost what `answer` says. */
export class UnfitAnswer extends Error {
  readonly answer: GenerateOutput;

  constructor(answer: GenerateOutput, cause: Error) {
    super(cause.message, { cause });
    this.name = 'UnfitAnswer';
    this.answer = answer;
  }
}

/** An answer that does not fit, and why. */
type Unfit = { readonly provider: string; readonly answer: GenerateOutput; readonly words: string };

export class ProviderAnswers<Call extends object> {
  readonly #unfit = new WeakMap<Call, Unfit>();
  /** What answers of providers have cost that the call has left; one for each provider and model. */
  readonly #elsewhere = new WeakMap<Call, readonly Used[]>();

  /** Rejects as the provider does, and with `UnfitAnswer`. */
  async of(call: Call, provider: Provider, attempt: ProviderCall): Promise<GenerateOutput> {
    const fitted = fittedRequest(provider, attempt.input);
    const { schema } = attempt.input;
    if (schema === undefined) return ask(provider, attempt, fitted);
    const check = await compileSchema(schema, 'generate.schema');
    const before = this.#unfit.get(call);
    if (before?.provider === provider.name) {
      return this.#repair(call, provider, { attempt, fitted, check, unfit: before });
    }
    if (before !== undefined) this.#leave(call, before);
    const answer = await ask(provider, attempt, fitted);
    const read = readAnswer(answer, fitted.form, check);
    if (read.kind !== 'wrong') return read.answer;
    const unfit = { provider: provider.name, answer, words: read.words };
    this.#unfit.set(call, unfit);
    return this.#repair(call, provider, { attempt, fitted, check, unfit });
  }

  /** What the call has used: with `last`, which ends it, or with the answer that waits for its repair. */
  used(call: Call, last?: Used): Used | undefined {
    const unfit = this.#unfit.get(call);
    const [first, ...earlier] = [
      ...(last === undefined ? [] : [last]),
      ...(unfit === undefined ? [] : [usedBy(unfit.provider, unfit.answer)]),
      ...(this.#elsewhere.get(call) ?? []),
    ];
    if (first === undefined || earlier.length === 0) return first;
    return { ...first, earlier };
  }

  #leave(call: Call, { provider, answer }: Unfit): void {
    this.#unfit.delete(call);
    const left = usedBy(provider, answer);
    const others = this.#elsewhere.get(call) ?? [];
    const same = others.find((of) => of.provider === provider && of.model === left.model);
    const tokens = same === undefined ? left.tokens : sumOfUsage(same.tokens, left.tokens);
    this.#elsewhere.set(call, [...others.filter((of) => of !== same), { ...left, tokens }]);
  }

  async #repair(
    call: Call,
    provider: Provider,
    of: {
      readonly attempt: ProviderCall;
      readonly fitted: FittedRequest;
      readonly check: SchemaCheck;
      readonly unfit: Unfit;
    },
  ): Promise<GenerateOutput> {
    const { attempt, fitted, check, unfit } = of;
    const again = {
      ...attempt,
      idempotencyKey: `${attempt.idempotencyKey}/repair-1`,
      input: repairRequest(attempt.input, unfit.answer, unfit.words),
    };
    const refitted = fittedRequest(provider, again.input);
    const second = await ask(provider, again, { ...refitted, notes: fitted.notes });
    this.#unfit.delete(call);
    const answer = { ...second, usage: sumOfUsage(unfit.answer.usage, second.usage) };
    const read = readAnswer(answer, refitted.form, check);
    if (read.kind === 'wrong') {
      const reason = read.words;
      throw new UnfitAnswer(
        answer,
        heddleError('answer-unfit', { provider: provider.name, reason }),
      );
    }
    return { ...read.answer, repair: { reason: unfit.words, usage: second.usage } };
  }
}

export function usedBy(provider: string, { model, usage }: GenerateOutput): Used {
  return { provider, model, tokens: usage };
}

/** The pieces of the answer with the chart's own names of the tools that it calls. */
function shownOf(request: GenerateRequest, { onDelta }: ProviderCall): ProviderCall['onDelta'] {
  if (onDelta === undefined) return undefined;
  let names: ToolNames | null | undefined;
  return (delta) => {
    // A provider is code of a host, and may give anything.
    const name: unknown = propertyOf(delta, 'type') === 'tool-call' && propertyOf(delta, 'name');
    if (typeof name !== 'string') return onDelta(delta);
    if (names === undefined) names = toolNames(request);
    onDelta(names === null ? delta : ({ ...delta, name: names.own(name) } as ModelDelta));
  };
}

async function ask(
  provider: Provider,
  attempt: ProviderCall,
  { request, notes }: { readonly request: GenerateRequest; readonly notes: readonly string[] },
): Promise<GenerateOutput> {
  const { model } = servedModel(provider, request) ?? request;
  const valid = fitHistory(request, { provider: provider.name, model });
  const onDelta = shownOf(request, attempt);
  const shown = onDelta === undefined ? {} : { onDelta };
  const given: unknown = await provider.call({ ...attempt, ...shown, input: valid });
  const answer = withOwnTools(request, asAnswer(provider, valid, given));
  if (notes.length === 0) return answer;
  return { ...answer, notes: [...notes, ...(answer.notes ?? [])] };
}
