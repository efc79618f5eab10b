/**
 * Reads what a provider's models cost, as its author has written it: one price for all, or one for
 * each.
 */
import { asObject, onlyKeys, refuseField } from '../domain/field.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { Price, Provider } from './port.ts';

/** As large as a budget of cost may be, because a currency may count in small units. */
const priceMax = 1e9;
const sides = ['input', 'output'] as const;
/** Tokens that may have a price of their own. */
const further = ['cacheRead', 'cacheWrite', 'reasoning'] as const;

export type PriceList = {
  readonly byModel: ReadonlyMap<string, Price>;
  /** The price of models that `byModel` does not name. */
  readonly others: Price;
};

const free: Price = { input: 0, output: 0 };

/**
 * Throws `invalid-field` and names the field under `field`. `served`: the models that may have a
 * price; an empty list means that the provider takes every model.
 */
export function priceList(
  given: Provider['pricePerMillion'],
  field: string,
  served: readonly string[],
): PriceList {
  if (given === undefined) return { byModel: new Map(), others: free };
  const written = asObject(given, field);
  if (isOnePrice(written)) return { byModel: new Map(), others: asPrice(written, field) };
  const priced = Object.entries(written).map(([model, price]) => {
    if (served.length > 0 && !served.includes(model)) {
      refuseField(
        `${field}.${model}`,
        `is no model that is served; those are ${served.join(', ')}`,
      );
    }
    return [model, asPrice(price, `${field}.${model}`)] as const;
  });
  if (priced.length === 0) refuseField(field, 'must hold input and output, or name models');
  return { byModel: new Map(priced), others: free };
}

/** A model may be called `input`; then the value is an object and no number. */
function isOnePrice(written: JsonObject): boolean {
  return sides.some((side) => Object.hasOwn(written, side) && typeof written[side] !== 'object');
}

function asPrice(given: Json | undefined, field: string): Price {
  const written = asObject(given, field);
  onlyKeys(written, field, [...sides, ...further]);
  const { input, output } = written;
  const priced = further.filter((name) => written[name] !== undefined);
  return {
    input: asAmount(input, `${field}.input`),
    output: asAmount(output, `${field}.output`),
    ...Object.fromEntries(
      priced.map((name) => [name, asAmount(written[name], `${field}.${name}`)]),
    ),
  };
}

function asAmount(amount: Json | undefined, field: string): number {
  if (typeof amount !== 'number' || !(amount >= 0) || amount > priceMax) {
    refuseField(field, `must be a number from 0 to ${priceMax}`);
  }
  return amount;
}
