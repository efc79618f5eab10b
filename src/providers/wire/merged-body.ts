/** The fields that a call gives for the request body of one provider by its name. */
import type { GenerateRequest } from '../../domain/catalogue.ts';
import type { JsonObject } from '../../domain/json.ts';

/**
 * A body with the call's `providerOptions` written over it. An object in both is merged by its fields, so
 * that a field of `options`, for example, does not take the others away. The fields of `kept` stay as they
 * are: heddle routes by the model, makes the messages valid and reads a stream.
 */
export function mergedBody<Body extends object>(
  body: Body,
  { providerOptions = {} }: Pick<GenerateRequest, 'providerOptions'>,
  {
    provider,
    kept,
  }: { readonly provider: string; readonly kept: readonly (keyof Body & string)[] },
): Body {
  const own = Object.hasOwn(providerOptions, provider) ? providerOptions[provider] : undefined;
  if (own === undefined) return body;
  const merged = { ...body } as Record<string, unknown>;
  for (const [name, value] of Object.entries(own)) {
    if ((kept as readonly string[]).includes(name)) continue;
    const ours = merged[name];
    merged[name] = isObject(ours) && isObject(value) ? { ...ours, ...value } : value;
  }
  // The fields that heddle needs are those of `body`; what the others are, the provider checks.
  return merged as Body;
}

/** The names of those options that are not sent, for a note. */
export function leftOut(
  { providerOptions = {} }: Pick<GenerateRequest, 'providerOptions'>,
  { provider, kept }: { readonly provider: string; readonly kept: readonly string[] },
): readonly string[] {
  const own = Object.hasOwn(providerOptions, provider) ? (providerOptions[provider] ?? {}) : {};
  return kept
    .filter((name) => Object.hasOwn(own, name))
    .map((name) => `providerOptions.${provider}.${name} was left out: heddle writes it.`);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
