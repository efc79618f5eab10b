/**
 * The source of the circuits' providers, which also counts the calls. Calls to a stub or a real
 * provider are counted on heddle's side; calls to an emulated one on the provider's side, because
 * only a provider knows its slots.
 */
import type { Provider } from '../index.ts';
import type { CircuitsSettings } from './settings.ts';
import type { SlotMs } from './slot-use.ts';

/** The ceiling that heddle is told for one provider. */
export type Told = { readonly ceiling: number; readonly startsAt?: number };

export type ProviderFigures = {
  readonly name: string;
  /** The true ceiling, whatever heddle was told. */
  readonly ceiling: number;
  readonly calls: number;
  readonly peakInFlight: number;
  readonly rateLimited: number;
};

export type SourceFigures = {
  /** Figures since the last `take`. */
  readonly providers: readonly ProviderFigures[];
  /** Slot-time since the beginning. */
  readonly slotMs: SlotMs;
  /** The mean duration of a call since the last `take`; null when it is the one in the settings. */
  readonly meanLatencyMs: number | null;
};

export interface CallSource {
  /** The providers for heddle, which also closes them. */
  readonly providers: readonly Provider[];
  /** The calls that heddle has made so far: a change shows that something moves. */
  readonly calls: number;
  /** Gives the source the pool's count: the slot-time that it had on offer while a call waited. */
  readFrom(offered: () => number): void;
  /** Called when a scale begins: the times of outages count from here. */
  begin(): Promise<void>;
  take(): Promise<SourceFigures>;
  close(): Promise<void>;
}

export function totalCeiling({ ceilings }: Pick<CircuitsSettings, 'ceilings'>): number {
  return ceilings.reduce((total, { ceiling }) => total + ceiling, 0);
}
