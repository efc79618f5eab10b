/**
 * One attempt at a provider: the request as that provider takes it, and its answer in heddle's form. A call
 * with a schema gets an answer that fits it. An answer that does not fit is repaired once: the model is
 * told what is wrong in a second request, which has a key of its own and uses the same slot.
 *
 * Owns answers that wait for their repair, by call: when a repair is refused, the next attempt repairs the
 * same answer, so that no answer is paid for twice. They are lost with the process, as every attempt is.
 *
 * 1. A call has at most one repair at a provider.
 * 2. The usage of an answer counts its repair.
 * 3. The history of every request is valid; a request that is blank is refused and not sent.
 */
import type { GenerateOutput, GenerateRequest } from '../../../domain/catalogue.ts';
import { heddleError } from '../../../domain/errors.ts';
import { asAnswer } from '../../../providers/check-answer.ts';
import { fitHistory } from '../../../providers/history/fit-history.ts';
import { withOwnTools } from '../../../providers/history/tool-names.ts';
import type { Provider, ProviderCall } from '../../../providers/port.ts';
import { servedModel } from '../../../providers/served-model.ts';
import { compileSchema, type SchemaCheck } from '../../../schema/compile-schema.ts';
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
    const answer = await ask(provider, attempt, fitted);
    const read = readAnswer(answer, fitted.form, check);
    if (read.kind !== 'wrong') return read.answer;
    const unfit = { provider: provider.name, answer, words: read.words };
    this.#unfit.set(call, unfit);
    return this.#repair(call, provider, { attempt, fitted, check, unfit });
  }

  /** An answer of this call that was paid for and waits for its repair. */
  paid(call: Call): GenerateOutput | undefined {
    return this.#unfit.get(call)?.answer;
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

async function ask(
  provider: Provider,
  attempt: ProviderCall,
  { request, notes }: { readonly request: GenerateRequest; readonly notes: readonly string[] },
): Promise<GenerateOutput> {
  const { model } = servedModel(provider, request) ?? request;
  const valid = fitHistory(request, { provider: provider.name, model });
  const given: unknown = await provider.call({ ...attempt, input: valid });
  const answer = withOwnTools(request, asAnswer(provider, valid, given));
  if (notes.length === 0) return answer;
  return { ...answer, notes: [...notes, ...(answer.notes ?? [])] };
}
