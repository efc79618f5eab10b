/** What both adapters may be given, and how a call chooses its model. */
import type { GenerateInput } from '../../domain/catalogue.ts';
import { ProviderFault } from '../port.ts';
import type { WireLimits } from './wire-limits.ts';

export type AdapterOptions = Partial<WireLimits> & {
  /** What `generate` names it by. Default: the provider's own name. */
  readonly name?: string;
  /** Calls, and sockets, that may be open at once. */
  readonly ceiling?: number;
  /** For calls that name no model. */
  readonly model: string;
  /** The models of calls that name a tier instead. */
  readonly tiers?: Readonly<Record<string, string>>;
};

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
