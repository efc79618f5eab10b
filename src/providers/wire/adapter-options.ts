/** The options that all adapters take, and how a call chooses its model. */
import type { GenerateRequest } from '../../domain/catalogue.ts';
import { asWhole, refuseField } from '../../domain/field.ts';
import { asList } from '../../domain/options.ts';
import { checkName } from '../../domain/ids.ts';
import { type Price, type Provider, ProviderFault } from '../port.ts';
import { priceList } from '../price-list.ts';
import type { WireLimits } from './wire-limits.ts';

/** The options that `anthropic`, `ollama` and `openaiCompatible` share. */
export type AdapterOptions = Partial<WireLimits> & {
  /**
   * The price of a million tokens, in any one currency, for budgets of cost: one price for all models,
   * or `{ 'model-a': { input, output }, … }`. A model that is not named costs nothing.
   */
  readonly pricePerMillion?: Price | Readonly<Record<string, Price>>;
  /** The name that `generate` uses for this provider. Default: the adapter's own name. */
  readonly name?: string;
  /** Calls, and sockets, that may be open at once for each model. */
  readonly ceiling?: number;
  /**
   * How many calls to begin with: heddle then raises the number towards `ceiling` to find what the
   * provider takes.
   */
  readonly startsAt?: number;
  /** For calls that name no model. */
  readonly model: string;
  /** Further models that calls may name. */
  readonly models?: readonly string[];
  /** Maps each tier to a model, for calls that name a tier. */
  readonly tiers?: Readonly<Record<string, string>>;
  /** Names of other providers whose calls count against the same account. */
  readonly sharesCeilingWith?: readonly string[];
};

/** The options that the pool routes by and that budgets charge by. */
export type Routing = Pick<
  Provider,
  'startsAt' | 'tiers' | 'sharesCeilingWith' | 'pricePerMillion'
> & {
  readonly models: readonly string[];
};

const namesMax = 1_000;

/** Splits the options into routing and wire limits. Throws `invalid-field` and names the field. */
export function resolveRouting(options: AdapterOptions): {
  readonly routing: Routing;
  readonly limits: Partial<WireLimits>;
} {
  const { model, models, tiers = {}, sharesCeilingWith, ...rest } = options;
  const { startsAt, pricePerMillion, ...limits } = rest;
  const bounds = { min: 1, max: 10_000, fallback: undefined };
  const named = [checkName(model, 'model'), ...namesOf(models, 'models')];
  if (typeof tiers !== 'object' || tiers === null) refuseField('tiers', 'must be an object');
  for (const [tier, name] of Object.entries(tiers)) checkName(name, `tiers.${tier}`);
  const served = [...new Set([...named, ...Object.values(tiers)])];
  // Checked here, so that the error names the field as the author wrote it; `Prices` reads it again.
  priceList(pricePerMillion, 'pricePerMillion', served);
  const routing: Routing = {
    models: served,
    tiers,
    sharesCeilingWith: namesOf(sharesCeilingWith, 'sharesCeilingWith'),
    startsAt: asWhole(startsAt, 'startsAt', bounds),
    pricePerMillion,
  };
  return { routing, limits };
}

function namesOf(given: readonly string[] | undefined, field: string): readonly string[] {
  const names = asList(given ?? [], field, { max: namesMax, what: 'names' });
  return names.map((name, i) => checkName(name, `${field}[${i}]`));
}

/** Rejects a tier without a model: an answer of another model than the one that was meant is useless. */
export function modelOf(
  { model, tier }: GenerateRequest,
  options: Pick<AdapterOptions, 'model' | 'tiers'>,
): string {
  if (model !== undefined) return model;
  if (tier === undefined) return options.model;
  const { tiers = {} } = options;
  const named = Object.hasOwn(tiers, tier) ? tiers[tier] : undefined;
  if (named === undefined) throw new ProviderFault('caller', `no model is given for tier ${tier}`);
  return named;
}
