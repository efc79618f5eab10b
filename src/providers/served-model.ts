/** Which of its models a provider uses for a call: one rule, for gates and for prices. */
import type { Provider } from './port.ts';

/** Where a call may go. A call that sets none of these may go anywhere. */
export type Wanted = {
  readonly provider?: string | undefined;
  /** In order of preference. */
  readonly providers?: readonly string[] | undefined;
  readonly model?: string | undefined;
  readonly tier?: string | undefined;
};

/** `model` undefined: the provider lists no model and chooses one itself. */
export type ServedModel = { readonly model: string | undefined };

/** Null if the provider does not take such a call. */
export function servedModel(
  { models = [], tiers }: Pick<Provider, 'models' | 'tiers'>,
  { model, tier }: { readonly model?: string | undefined; readonly tier?: string | undefined },
): ServedModel | null {
  const takesAny = models.length === 0;
  if (model !== undefined) {
    const serves = takesAny || models.includes(model) || Object.values(tiers ?? {}).includes(model);
    return serves ? { model } : null;
  }
  if (tier === undefined) return { model: models[0] };
  if (tiers === undefined) return takesAny ? { model: undefined } : null;
  return Object.hasOwn(tiers, tier) ? { model: tiers[tier] } : null;
}
