/**
 * A model that answers as a test's script says, in virtual time. It lives outside the replica, as a
 * real provider does: after a crash it still has its place in the script and the calls that it got.
 */
import type { ProviderAnswer } from '../../domain/catalogue.ts';
import { heddleError } from '../../domain/errors.ts';
import { isA, thrownText } from '../../domain/thrown.ts';
import {
  ProviderFault,
  supportsAll,
  type Price,
  type Provider,
  type ProviderCall,
  type ProviderSupport,
} from '../../providers/port.ts';
import type { Clock } from '../../runtime/ports.ts';
import type { Life } from '../replica/life.ts';
import type { PlannedAnswer } from './model-answer.ts';
import { ModelCall } from './model-call.ts';
import { answerSource, type AnswerSource, type ModelScript } from './model-script.ts';

/** A script, with the properties of the provider. */
export type ModelOptions = {
  /** The answers of the model. */
  readonly answers: ModelScript;
  /** The number of calls that may be under way at once. Default 100. */
  readonly ceiling?: number;
  /** The models that it serves. Default: any. */
  readonly models?: readonly string[];
  /** The models for calls that name a tier. */
  readonly tiers?: Readonly<Record<string, string>>;
  /** For budgets of money: see `Provider`. */
  readonly pricePerMillion?: Price | Readonly<Record<string, Price>>;
  /** What it can do beside text and tools. Default: everything. */
  readonly supports?: ProviderSupport;
};

export function asProvider(
  name: string,
  { ceiling = 100, models, tiers, pricePerMillion, supports = supportsAll }: ModelOptions,
  call: Provider['call'],
): Provider {
  return { name, ceiling, models, tiers, pricePerMillion, supports, call };
}

/**
 * The calls that are kept for the test. A test with more calls measures load, and should use the
 * stub.
 */
const callsMax = 100_000;
const shownCharsMax = 80;

/** The model of a test: the calls that it got, and those that still wait. */
export class ScriptedModel {
  /** The provider's name. */
  readonly name: string;
  readonly #options: ModelOptions;
  readonly #clock: Clock;
  readonly #source: AnswerSource;
  readonly #trouble: (error: Error) => void;
  readonly #calls: ModelCall[] = [];
  #thinking = 0;

  /** @internal */
  constructor(of: {
    readonly name: string;
    /** The option that named it. */
    readonly field: string;
    readonly options: ModelOptions;
    readonly clock: Clock;
    /** Reports a fault of the test's own. */
    readonly trouble: (error: Error) => void;
  }) {
    this.name = of.name;
    this.#options = of.options;
    this.#clock = of.clock;
    this.#trouble = of.trouble;
    this.#source = answerSource(of.options.answers, of.field);
  }

  /** Every call that arrived, in order; each attempt is a call. */
  get calls(): readonly ModelCall[] {
    return this.#calls;
  }

  /** The calls that wait for their answers. */
  get open(): readonly ModelCall[] {
    return this.#calls.filter(({ state }) => state === 'open');
  }

  /** @internal Calls whose answers a function is still making, in real time. */
  get thinking(): number {
    return this.#thinking;
  }

  /** @internal The provider that one replica is given. */
  provider(life: Life): Provider {
    return asProvider(this.name, this.#options, (given) => this.#answer(given, life));
  }

  #answer(given: ProviderCall, life: Life): Promise<ProviderAnswer> {
    return new Promise((resolve, reject) => {
      const { model = this.#options.models?.[0] ?? 'scripted' } = given.input;
      const call = new ModelCall(
        given,
        { number: this.#calls.length + 1, atMs: this.#clock.nowMs(), life },
        {
          carry: (answer) => this.#carry(answer, call),
          resolve: ({ output }) => resolve({ ...output, provider: this.name, model }),
          reject,
        },
      );
      this.#calls.push(call);
      void this.#find(call);
    });
  }

  async #find(call: ModelCall): Promise<void> {
    this.#thinking += 1;
    try {
      const answer = await this.#source(call);
      if (this.#calls.length > callsMax) throw new RangeError(`more than ${callsMax} calls`);
      if (answer === null) this.#trouble(this.#noAnswer(call));
      else this.#carry(answer, call);
    } catch (thrown) {
      if (isA(thrown, ProviderFault)) {
        this.#carry({ kind: 'fault', afterMs: 0, text: '', fault: thrown }, call);
      } else {
        const detail = { model: this.name, number: call.number, reason: thrownText(thrown) };
        this.#trouble(heddleError('test-script-failed', detail, { cause: thrown }));
      }
    } finally {
      this.#thinking -= 1;
    }
  }

  #carry(answer: PlannedAnswer, call: ModelCall): void {
    if (answer.kind === 'hang') return;
    if (answer.afterMs === 0) call.settle(answer);
    else this.#clock.setTimer(answer.afterMs, () => call.settle(answer));
  }

  #noAnswer({ number, prompt }: ModelCall): Error {
    const shown = prompt.length > shownCharsMax ? `${prompt.slice(0, shownCharsMax)} …` : prompt;
    return heddleError('test-script-over', { model: this.name, number, prompt: shown });
  }
}
