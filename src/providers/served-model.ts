/** Whether a provider takes a call, and with which of its models: one rule, for gates and for prices. */
import type { Need } from '../domain/model/needs.ts';
import type { Provider, ProviderSupport } from './port.ts';

/** Where a call may go. A call that sets none of these may go anywhere. */
export type Wanted = {
  readonly provider?: string | undefined;
  /** In order of preference. */
  readonly providers?: readonly string[] | undefined;
  readonly model?: string | undefined;
  readonly tier?: string | undefined;
  /** What the provider must be able to do. */
  readonly needs?: readonly Need[] | undefined;
};

/** `model` undefined: the provider lists no model and chooses one itself. */
export type ServedModel = { readonly model: string | undefined };

/** Null if the provider does not take such a call. */
export function servedModel(
  { models = [], tiers, supports }: Pick<Provider, 'models' | 'tiers' | 'supports'>,
  { model, tier, needs = [] }: Pick<Wanted, 'model' | 'tier' | 'needs'>,
): ServedModel | null {
  if (needs.length > 0 && lackOf(supports, needs) !== null) return null;
  const takesAny = models.length === 0;
  if (model !== undefined) {
    const serves = takesAny || models.includes(model) || Object.values(tiers ?? {}).includes(model);
    return serves ? { model } : null;
  }
  if (tier === undefined) return { model: models[0] };
  if (tiers === undefined) return takesAny ? { model: undefined } : null;
  return Object.hasOwn(tiers, tier) ? { model: tiers[tier] } : null;
}

/** The texts by which people are told of a need. */
export const needTexts: Readonly<Record<Need, string>> = {
  images: 'takes images (supports.images)',
  'image-urls': "takes images by their address (supports.images: 'bytes-and-urls')",
  'tool-choice': 'obeys a tool choice (supports.toolChoice)',
};

/** What a provider lacks of these needs; null when it has all. */
export function lackOf(supports: ProviderSupport = {}, needs: readonly Need[]): Need | null {
  return needs.find((need) => !hasIt(supports, need)) ?? null;
}

function hasIt({ images, toolChoice }: ProviderSupport, need: Need): boolean {
  switch (need) {
    case 'images':
      return images !== undefined;
    case 'image-urls':
      return images === 'bytes-and-urls';
    case 'tool-choice':
      return toolChoice === true;
  }
}
