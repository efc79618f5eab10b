/**
 * What calls cost by the prices of the models that they go to, in millionths of the currency that
 * prices are told in.
 *
 * It owns which price counts for which call. It leaves to served-model.ts with which model a
 * provider takes a call, and to budgets what follows from a cost.
 *
 * 1. A model without a price costs nothing, and so does a provider without one.
 * 2. Where nobody can say which model it will be, each side of the price is that of the dearest, so
 *    that nothing is reserved too low.
 */
import type { GenerateOutput } from '../domain/catalogue.ts';

import type { Price, Provider } from './port.ts';
import { priceList, type PriceList } from './price-list.ts';
import { servedModel, type Wanted } from './served-model.ts';

type Tokens = GenerateOutput['usage'];
type Offer = Pick<Provider, 'models' | 'tiers'> & { readonly prices: PriceList };

export class Prices {
  readonly #offers: ReadonlyMap<string, Offer>;

  /** Throws `invalid-field` for a price that is none. */
  constructor(providers: readonly Provider[]) {
    this.#offers = new Map(providers.map((provider) => [provider.name, offerOf(provider)]));
  }

  /** At this provider, with the model that it takes the call with. */
  at(provider: string, wanted: Wanted, tokens: Tokens): number {
    const offer = this.#offers.get(provider);
    const price = offer === undefined ? null : askedPrice(offer, wanted);
    return price === null ? 0 : micros(price, tokens);
  }

  /**
   * Of an answer. Its model counts where that has a price of its own; a provider may answer with a
   * longer name than it was asked for (an alias with a date), and then what was asked for counts.
   */
  answered(
    provider: string,
    wanted: Wanted,
    answer: { readonly model: string | null; readonly tokens: Tokens },
  ): number {
    const own = this.#offers.get(provider)?.prices.byModel.get(answer.model ?? '');
    return own === undefined
      ? this.at(provider, wanted, answer.tokens)
      : micros(own, answer.tokens);
  }

  /** At each provider that takes this call. */
  everywhere(
    wanted: Wanted,
    tokens: Tokens,
  ): { readonly provider: string; readonly micros: number }[] {
    const { provider, providers = [...this.#offers.keys()] } = wanted;
    const names = provider === undefined ? providers : [provider];
    return names.flatMap((name) => {
      const offer = this.#offers.get(name);
      const price = offer === undefined ? null : askedPrice(offer, wanted);
      return price === null ? [] : { provider: name, micros: micros(price, tokens) };
    });
  }
}

function offerOf({ name, models = [], tiers, pricePerMillion }: Provider): Offer {
  const named = new Set([...models, ...Object.values(tiers ?? {})]);
  // A provider that lists no model takes any, so any may have a price.
  const served = models.length === 0 ? [] : [...named];
  const prices = priceList(pricePerMillion, `providers.${name}.pricePerMillion`, served);
  return { models, tiers, prices };
}

/** Null: this provider does not take the call. */
function askedPrice({ prices, ...provider }: Offer, wanted: Wanted): Price | null {
  const served = servedModel(provider, wanted);
  if (served === null) return null;
  const { byModel, others } = prices;
  if (served.model !== undefined) return byModel.get(served.model) ?? others;
  const all = [others, ...byModel.values()];
  return {
    input: Math.max(...all.map(({ input }) => input)),
    output: Math.max(...all.map(({ output }) => output)),
  };
}

function micros({ input, output }: Price, { inputTokens, outputTokens }: Tokens): number {
  return Math.ceil(inputTokens * input + outputTokens * output);
}
