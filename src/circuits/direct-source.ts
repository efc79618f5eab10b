/** The source of calls that only heddle's side can count: those to a stub or to a real provider. */
import { anthropic, ollama, type Provider } from '../index.ts';
import { stubProvider } from '../heddle.ts';
import {
  totalCeiling,
  type CallSource,
  type ProviderFigures,
  type SourceFigures,
  type Told,
} from './call-source.ts';
import { CountedProvider } from './counted-provider.ts';
import type { Demand } from './demand.ts';
import type { CircuitsSettings } from './settings.ts';
import { SlotUse } from './slot-use.ts';

export class DirectSource implements CallSource {
  readonly providers: readonly CountedProvider[];
  readonly #settings: CircuitsSettings;
  readonly #demand: Demand;
  readonly #slotUse: SlotUse;

  constructor(
    settings: CircuitsSettings,
    { told, demand }: { readonly told: readonly Told[]; readonly demand: Demand },
  ) {
    this.#settings = settings;
    this.#demand = demand;
    this.#slotUse = new SlotUse({ ceiling: totalCeiling(settings), demand });
    const onChange = (by: 1 | -1): void => this.#slotUse.change(by);
    this.providers = settings.ceilings.map((of, at) => {
      const provider = directProvider(settings, of, at);
      return new CountedProvider({ provider, ...told[at], onChange });
    });
  }

  get calls(): number {
    return this.providers.reduce((total, { calls }) => total + calls, 0);
  }

  readFrom(offered: () => number): void {
    this.#demand.readFrom(offered);
  }

  async begin(): Promise<void> {
    // The counts of this source do not depend on the begin of a scale.
  }

  async take(): Promise<SourceFigures> {
    const counts = this.providers.map((provider) => provider.take());
    const providers = this.#settings.ceilings.map(({ name, ceiling }, at): ProviderFigures => {
      const { calls = 0, peakInFlight = 0, rateLimited = 0 } = counts[at] ?? {};
      // A call that is about to be refused holds no slot, so more calls than the ceiling can be
      // under way.
      return { name, ceiling, calls, peakInFlight: Math.min(peakInFlight, ceiling), rateLimited };
    });
    const completed = counts.reduce((total, one) => total + one.completed, 0);
    const busyMs = counts.reduce((total, one) => total + one.busyMs, 0);
    const isSet = this.#settings.provider.kind === 'stub' || completed === 0;
    const meanLatencyMs = isSet ? null : busyMs / completed;
    return { providers, slotMs: this.#slotUse.slotMs, meanLatencyMs };
  }

  async close(): Promise<void> {
    // heddle closes the providers, and this source holds nothing else.
  }
}

function directProvider(
  { provider, latencyMs, seed }: CircuitsSettings,
  { name, ceiling }: { readonly name: string; readonly ceiling: number },
  at: number,
): Provider {
  switch (provider.kind) {
    case 'anthropic': {
      const { kind: _, ...options } = provider;
      return anthropic({ ...options, name, ceiling });
    }
    case 'ollama': {
      const { kind: _, ...options } = provider;
      return ollama({ ...options, name, ceiling });
    }
    case 'stub':
    case 'emulated':
      return stubProvider({ name, ceiling, latencyMs, seed: seed + at });
  }
}
