/** What both adapters may be given, and how a call chooses its model. */
import type { GenerateInput } from '../../domain/catalogue.ts';
import { asWhole, refuseField } from '../../domain/field.ts';
import { checkName } from '../../domain/ids.ts';
import { type Provider, ProviderFault } from '../port.ts';
import type { WireLimits } from './wire-limits.ts';

const priceMax = 1_000_000;

export type AdapterOptions = Partial<WireLimits> & {
  /** What a million tokens cost, in any one currency: for budgets of cost. Default: nothing. */
  readonly pricePerMillion?: { readonly input: number; readonly output: number };
  /** What `generate` names it by. Default: the provider's own name. */
  readonly name?: string;
  /** Calls, and sockets, that may be open at once for each model. */
  readonly ceiling?: number;
  /** With how many calls to begin: what the provider takes is then found by ramping up to `ceiling`. */
  readonly startsAt?: number;
  /** For calls that name no model. */
  readonly model: string;
  /** Further models that calls may name. */
  readonly models?: readonly string[];
  /** The models of calls that name a tier instead. */
  readonly tiers?: Readonly<Record<string, string>>;
  /** Other providers, by name, whose calls the same account counts. */
  readonly sharesCeilingWith?: readonly string[];
};

/** What the pool routes by, and what budgets charge. */
export type Routing = Pick<
  Provider,
  'startsAt' | 'tiers' | 'sharesCeilingWith' | 'pricePerMillion'
> & {
  readonly models: readonly string[];
};

/** What the pool routes by, and what is left of the options. Throws `invalid-field`, naming one. */
export function resolveRouting(options: AdapterOptions): {
  readonly routing: Routing;
  readonly limits: Partial<WireLimits>;
} {
  const { model, models = [], tiers = {}, sharesCeilingWith = [], ...rest } = options;
  const { startsAt, pricePerMillion, ...limits } = rest;
  const bounds = { min: 1, max: 10_000, fallback: undefined };
  const named = [
    checkName(model, 'model'),
    ...models.map((name, i) => checkName(name, `models[${i}]`)),
  ];
  for (const [tier, name] of Object.entries(tiers)) checkName(name, `tiers.${tier}`);
  const routing: Routing = {
    models: [...new Set([...named, ...Object.values(tiers)])],
    tiers,
    sharesCeilingWith: sharesCeilingWith.map((name, i) =>
      checkName(name, `sharesCeilingWith[${i}]`),
    ),
    startsAt: asWhole(startsAt, 'startsAt', bounds),
    pricePerMillion: pricePerMillion === undefined ? undefined : checkPrice(pricePerMillion),
  };
  return { routing, limits };
}

function checkPrice(price: { readonly input: number; readonly output: number }): typeof price {
  for (const side of ['input', 'output'] as const) {
    const amount: unknown = price[side];
    if (typeof amount !== 'number' || !(amount >= 0) || amount > priceMax) {
      refuseField(`pricePerMillion.${side}`, `must be a number from 0 to ${priceMax}`);
    }
  }
  return price;
}

/** Rejects a tier that was never said: another model than the one that was meant is no answer. */
export function modelOf(
  { model, tier }: GenerateInput,
  options: Pick<AdapterOptions, 'model' | 'tiers'>,
): string {
  if (model !== undefined) return model;
  if (tier === undefined) return options.model;
  const { tiers = {} } = options;
  const named = Object.hasOwn(tiers, tier) ? tiers[tier] : undefined;
  if (named === undefined) throw new ProviderFault('caller', `no model is given for tier ${tier}`);
  return named;
}
