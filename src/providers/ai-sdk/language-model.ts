/**
 * Any language model of the AI SDK as a provider. The model makes the request; heddle queues, waits,
 * retries and counts. The SDK's own retries do not come into it: they stand above the model.
 *
 * It owns the timers of its calls. It leaves what is asked to prompt.ts, the answer to answer.ts and what an
 * error means to faults.ts.
 *
 * 1. A call resolves with a complete answer or not at all: a stream without its `finish` was cut.
 * 2. Each call ends: by its answer, by silence longer than its limit, or at its deadline.
 */
import type { GenerateRequest, ProviderAnswer } from '../../domain/catalogue.ts';
import { asWhole, refuseField } from '../../domain/field.ts';
import { checkName } from '../../domain/ids.ts';
import { asOptions } from '../../domain/options.ts';
import { isA, propertyOf } from '../../domain/thrown.ts';
import {
  callAborted,
  type Price,
  type Provider,
  type ProviderCall,
  type ProviderSupport,
} from '../port.ts';
import { BrokenAnswer } from '../wire/faults/broken-answer.ts';
import { ModelAnswer } from './answer.ts';
import { faultOf } from './faults.ts';
import type { CallOptions, LanguageModel, Version } from './model-shape.ts';
import { callOptions } from './prompt.ts';

/** The options of `languageModel`. */
export type LanguageModelOptions = {
  /**
   * The name that `generate` uses for this provider. It must be the same after a restart. Default: the
   * model's `provider:modelId`.
   */
  readonly name?: string;
  /** Calls that may be under way at once. Default 50. */
  readonly ceiling?: number;
  /** How many calls to begin with: heddle then raises the number towards `ceiling`. */
  readonly startsAt?: number;
  /** The price of a million tokens, for budgets of cost. */
  readonly pricePerMillion?: Price;
  /** Names of other providers whose calls count against the same account. */
  readonly sharesCeilingWith?: readonly string[];
  /** What the model can do beside text and tools, where it differs from what most models can. */
  readonly supports?: ProviderSupport;
  /** The longest time without a part of the answer, in milliseconds. Default 90,000. */
  readonly idleMsMax?: number;
  /** The longest time of one attempt, in milliseconds. Default 600,000. */
  readonly deadlineMsMax?: number;
};

const optionKeys = [
  'name',
  'ceiling',
  'startsAt',
  'pricePerMillion',
  'sharesCeilingWith',
  'supports',
  'idleMsMax',
  'deadlineMsMax',
] as const;

const versions: readonly Version[] = ['v2', 'v3', 'v4'];
/** A timer can hold a little less than 25 days. */
const timerMsMax = 2_000_000_000;

/**
 * Any AI SDK language model of specification V2, V3 or V4 as a provider, such as
 * `languageModel(openai('gpt-…'), { ceiling: 20 })`. Throws `invalid-field` for what is no such model.
 */
export function languageModel(model: LanguageModel, options: LanguageModelOptions = {}): Provider {
  return new LanguageModelProvider(model, asOptions(options, 'languageModel', optionKeys));
}

class LanguageModelProvider implements Provider {
  readonly name: string;
  readonly ceiling: number;
  readonly models: readonly string[];
  readonly startsAt: number | undefined;
  readonly pricePerMillion: Price | undefined;
  readonly sharesCeilingWith: readonly string[] | undefined;
  readonly supports: ProviderSupport;
  readonly #model: LanguageModel;
  readonly #idleMsMax: number;
  readonly #deadlineMsMax: number;

  constructor(model: LanguageModel, options: LanguageModelOptions) {
    this.#model = checkModel(model);
    const { provider, modelId, specificationVersion } = model;
    const whole = (key: 'idleMsMax' | 'deadlineMsMax', fallback: number): number =>
      asWhole(options[key], key, { min: 1, max: timerMsMax, fallback });
    this.name = checkName(options.name ?? `${provider}:${modelId}`, 'name');
    this.ceiling = asWhole(options.ceiling, 'ceiling', { min: 1, max: 10_000, fallback: 50 });
    this.models = [checkName(modelId, 'modelId')];
    this.startsAt = options.startsAt;
    this.pricePerMillion = options.pricePerMillion;
    this.sharesCeilingWith = options.sharesCeilingWith;
    this.supports = { ...supportOf(specificationVersion), ...options.supports };
    this.#idleMsMax = whole('idleMsMax', 90_000);
    this.#deadlineMsMax = whole('deadlineMsMax', 600_000);
  }

  async call({
    input,
    signal,
    idempotencyKey,
    onText,
    onDelta,
  }: ProviderCall): Promise<ProviderAnswer> {
    if (signal.aborted) throw callAborted(signal);
    const end = new CallEnd(signal, this.#deadlineMsMax);
    const answer = new ModelAnswer((delta) => {
      if (signal.aborted) return;
      if (onDelta !== undefined) onDelta(delta);
      else if (delta.type === 'text') onText?.(delta.text);
    });
    try {
      const options = callOptions(input, {
        version: this.#model.specificationVersion,
        provider: this.name,
        idempotencyKey,
        signal: end.signal,
      });
      if (this.#generatesWhole(input))
        await end.within(this.#deadlineMsMax, this.#whole(options, answer));
      else await this.#stream(options, answer, end);
      if (!answer.isComplete) throw new BrokenAnswer('cut', 'the stream ended without a finish');
      const inputChars = JSON.stringify(options.prompt).length;
      return answer.output({ provider: this.name, model: this.#model.modelId, inputChars });
    } catch (thrown) {
      if (signal.aborted) throw callAborted(signal);
      const told = isA(thrown, StreamError) ? thrown : null;
      throw faultOf(end.broken ?? (told === null ? thrown : told.given), told !== null, Date.now());
    } finally {
      end.over();
    }
  }

  /** V4 says in a whole answer alone which of several texts is the structured one. */
  #generatesWhole({ schema }: GenerateRequest): boolean {
    return schema !== undefined && this.#model.specificationVersion === 'v4';
  }

  async #whole(options: CallOptions, answer: ModelAnswer): Promise<void> {
    const result: unknown = await this.#model.doGenerate(options as never);
    const content = propertyOf(result, 'content');
    const chosen = propertyOf(result, 'structuredOutputText');
    const parts: readonly unknown[] = Array.isArray(content) ? content : [];
    const isChosen = typeof chosen === 'string';
    for (const part of parts) {
      if (!isChosen || propertyOf(part, 'type') !== 'text') answer.content(part);
    }
    if (isChosen) answer.content({ type: 'text', text: chosen });
    answer.ended(result);
  }

  async #stream(options: CallOptions, answer: ModelAnswer, end: CallEnd): Promise<void> {
    const begun: unknown = await end.within(
      this.#idleMsMax,
      this.#model.doStream(options as never),
    );
    const reader = (propertyOf(begun, 'stream') as ReadableStream<unknown>).getReader();
    try {
      for (;;) {
        const { done, value } = await end.within(this.#idleMsMax, reader.read());
        if (done) return;
        if (propertyOf(value, 'type') === 'error')
          throw new StreamError(propertyOf(value, 'error'));
        answer.take(value);
      }
    } finally {
      // The rest of a stream that broke is of no use. An error of its end says nothing more.
      reader.cancel().catch(() => undefined);
    }
  }
}

/** An error that the model gave as a part of its stream. */
class StreamError extends Error {
  readonly given: unknown;

  constructor(given: unknown) {
    super('an error in the stream');
    this.given = given;
  }
}

/** When a call ends by itself: at its deadline, by silence, or by its caller's abort. */
class CallEnd {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal;
  readonly #deadline: NodeJS.Timeout;
  /** Why heddle has broken the call off; null when it has not. */
  broken: BrokenAnswer | null = null;

  constructor(caller: AbortSignal, deadlineMs: number) {
    this.#caller = caller;
    const late = (): void =>
      this.#break(new BrokenAnswer('deadline', 'the answer was not complete at the deadline'));
    this.#deadline = setTimeout(late, deadlineMs);
    caller.addEventListener('abort', this.#abort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Rejects when nothing has come after this time, and when the call is broken off meanwhile. */
  async within<Result>(ms: number, work: PromiseLike<Result>): Promise<Result> {
    const { signal } = this;
    const silent = (): void => this.#break(new BrokenAnswer('idle', 'nothing came for too long'));
    const timer = setTimeout(silent, ms);
    let stop = (): void => undefined;
    // A model need not hear the signal.
    const stopped = new Promise<never>((_resolve, reject) => {
      stop = () => reject(this.broken ?? new Error('aborted'));
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
    });
    try {
      return await Promise.race([work, stopped]);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    }
  }

  over(): void {
    clearTimeout(this.#deadline);
    this.#caller.removeEventListener('abort', this.#abort);
  }

  readonly #abort = (): void => this.#controller.abort(this.#caller.reason);

  #break(why: BrokenAnswer): void {
    this.broken ??= why;
    this.#controller.abort(why);
  }
}

/** What most models of a version can do: the SDK leaves out, with a warning, what one cannot. */
function supportOf(version: Version): ProviderSupport {
  const common = ['temperature', 'stopSequences'] as const;
  return {
    images: 'bytes-and-urls',
    toolChoice: true,
    schema: true,
    preferences: version === 'v4' ? [...common, 'reasoning'] : common,
  };
}

function checkModel(model: unknown): LanguageModel {
  const field = 'model';
  if (typeof model === 'string') {
    refuseField(field, 'must be a model object, not its id: such as openai(id) of @ai-sdk/openai');
  }
  const version = propertyOf(model, 'specificationVersion');
  if (!versions.some((known) => known === version)) {
    refuseField(
      `${field}.specificationVersion`,
      'must be v2, v3 or v4: a language model of the AI SDK 5, 6 or 7',
    );
  }
  for (const method of ['doStream', 'doGenerate']) {
    if (typeof propertyOf(model, method) !== 'function') {
      refuseField(`${field}.${method}`, 'must be a function');
    }
  }
  for (const name of ['provider', 'modelId'])
    checkName(propertyOf(model, name), `${field}.${name}`);
  // Checked by shape just now; the model checks its own options.
  return model as LanguageModel;
}
