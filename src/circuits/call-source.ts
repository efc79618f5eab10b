/**
 * Where the circuits' model calls go, and who counts them: on heddle's side for a stub and for the real
 * thing, on the provider's side for an emulated one, because only a provider knows its slots.
 */
import type { Provider } from '../index.ts';
import type { CircuitsSettings } from './settings.ts';
import type { SlotMs } from './slot-use.ts';

/** One provider's ceiling as heddle is told of it. */
export type Told = { readonly ceiling: number; readonly startsAt?: number };

export type ProviderFigures = {
  readonly name: string;
  /** The true one, whatever heddle was told. */
  readonly ceiling: number;
  readonly calls: number;
  readonly peakInFlight: number;
  readonly rateLimited: number;
};

export type SourceFigures = {
  /** Since it was last asked. */
  readonly providers: readonly ProviderFigures[];
  /** Since the begin. */
  readonly slotMs: SlotMs;
  /** Of a call, since it was last asked; null when nobody knows but whoever set it. */
  readonly meanLatencyMs: number | null;
};

export interface CallSource {
  /** As heddle is to have them, which also closes them. */
  readonly providers: readonly Provider[];
  /** Calls that heddle has made: a number that moves. */
  readonly calls: number;
  /** How much slot-time its pool has had on offer while a call waited. */
  readFrom(offered: () => number): void;
  /** A scale begins: outages count from here. */
  begin(): Promise<void>;
  take(): Promise<SourceFigures>;
  close(): Promise<void>;
}

export function totalCeiling({ ceilings }: Pick<CircuitsSettings, 'ceilings'>): number {
  return ceilings.reduce((total, { ceiling }) => total + ceiling, 0);
}
