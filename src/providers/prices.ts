/**
 * What calls cost, by the prices of the models that serve them, in millionths of the currency of the
 * prices.
 *
 * It owns which price counts for which call. served-model.ts decides which model of a provider serves
 * a call; budgets decide what follows from a cost.
 *
 * 1. A model without a price costs nothing, and so does a provider without one.
 * 2. If the model cannot be known before the call, the highest input price and the highest output
 *    price count, so that nothing is reserved too low.
 */
import type { GenerateOutput } from '../domain/catalogue.ts';

import type { Price, Provider } from './port.ts';
import { priceList, type PriceList } from './price-list.ts';
import { servedModel, type Wanted } from './served-model.ts';

type Tokens = GenerateOutput['usage'];
type Offer = Pick<Provider, 'models' | 'tiers' | 'supports'> & { readonly prices: PriceList };

export class Prices {
  readonly #offers: ReadonlyMap<string, Offer>;

  /** Throws `invalid-field` for a price that is malformed. */
  constructor(providers: readonly Provider[]) {
    this.#offers = new Map(providers.map((provider) => [provider.name, offerOf(provider)]));
  }

  /** The most that these tokens may cost at this provider, with the model that it uses for the call. */
  at(provider: string, wanted: Wanted, tokens: Tokens): number {
    const offer = this.#offers.get(provider);
    const price = offer === undefined ? null : askedPrice(offer, wanted);
    return price === null ? 0 : micros(dearest(price), tokens);
  }

  /**
   * The cost of an answer. If the answer's model has a price of its own, that price counts. A provider
   * may answer with a longer name than the call asked for (an alias with a date); then the price of
   * the model that was asked for counts.
   */
  answered(
    provider: string,
    wanted: Wanted,
    answer: { readonly model: string | null; readonly tokens: Tokens },
  ): number {
    const offer = this.#offers.get(provider);
    if (offer === undefined) return 0;
    const own = offer.prices.byModel.get(answer.model ?? '') ?? askedPrice(offer, wanted);
    return own === null ? 0 : micros(own, answer.tokens);
  }

  /** The most that these tokens may cost at each provider that takes this call. */
  everywhere(
    wanted: Wanted,
    tokens: Tokens,
  ): { readonly provider: string; readonly micros: number }[] {
    const { provider, providers = [...this.#offers.keys()] } = wanted;
    const names = provider === undefined ? providers : [provider];
    return names.flatMap((name) => {
      const offer = this.#offers.get(name);
      const price = offer === undefined ? null : askedPrice(offer, wanted);
      return price === null ? [] : { provider: name, micros: micros(dearest(price), tokens) };
    });
  }
}

function offerOf({ name, models = [], tiers, supports, pricePerMillion }: Provider): Offer {
  const named = new Set([...models, ...Object.values(tiers ?? {})]);
  // A provider that lists no model takes any, so any may have a price.
  const served = models.length === 0 ? [] : [...named];
  const prices = priceList(pricePerMillion, `providers.${name}.pricePerMillion`, served);
  return { models, tiers, supports, prices };
}

/** Null if this provider does not take the call. */
function askedPrice({ prices, ...provider }: Offer, wanted: Wanted): Price | null {
  const served = servedModel(provider, wanted);
  if (served === null) return null;
  const { byModel, others } = prices;
  if (served.model !== undefined) return byModel.get(served.model) ?? others;
  const all = [others, ...byModel.values()];
  const most = (of: (price: Price) => number): number => Math.max(...all.map(of));
  return {
    input: most(({ input }) => input),
    output: most(({ output }) => output),
    cacheRead: most(({ input, cacheRead = input }) => cacheRead),
    cacheWrite: most(({ input, cacheWrite = input }) => cacheWrite),
    reasoning: most(({ output, reasoning = output }) => reasoning),
  };
}

/** Before a call it is not known which of its tokens will be cached or thought: the dearest price counts. */
function dearest({ input, output, cacheRead = 0, cacheWrite = 0, reasoning = 0 }: Price): Price {
  return { input: Math.max(input, cacheRead, cacheWrite), output: Math.max(output, reasoning) };
}

function micros(price: Price, tokens: Tokens): number {
  const { input, output, cacheRead = input, cacheWrite = input, reasoning = output } = price;
  const { inputTokens, outputTokens, cacheReadTokens: read = 0 } = tokens;
  const { cacheWriteTokens: written = 0, reasoningTokens: thought = 0 } = tokens;
  const sent = (inputTokens - read - written) * input + read * cacheRead + written * cacheWrite;
  return Math.ceil(sent + (outputTokens - thought) * output + thought * reasoning);
}
