/**
 * The source of calls to emulated providers: real sockets, real SDKs, and another process that
 * counts its own slots. See emulators-process.ts for that process, and slot-timeline.ts for the way
 * its counts are combined with heddle's demand.
 */
import { anthropic, ollama, openaiCompatible, type Provider } from '../index.ts';
import type { GroupMember } from '../emulators/emulator-group.ts';
import type { EmulatorStats } from '../emulators/tally.ts';
import {
  totalCeiling,
  type CallSource,
  type ProviderFigures,
  type SourceFigures,
  type Told,
} from './call-source.ts';
import { CountedProvider } from './counted-provider.ts';
import type { Demand } from './demand.ts';
import { EmulatorsProcess } from './emulators-process.ts';
import {
  emulatedNames,
  type CircuitsSettings,
  type Emulated,
  type EmulatedName,
} from './settings.ts';
import { SlotTimeline } from './slot-timeline.ts';

type Opening = {
  readonly settings: CircuitsSettings;
  readonly emulated: Emulated;
  /** The ceilings that heddle is told, in the order of `settings.ceilings`. */
  readonly told: readonly Told[];
  readonly demand: Demand;
  readonly note: (line: string) => void;
};

export async function openEmulated(opening: Opening): Promise<CallSource> {
  const { settings, emulated, demand, note } = opening;
  const ceiling = totalCeiling(settings);
  const timeline = new SlotTimeline({ ceiling, members: settings.ceilings.length, demand });
  const process = await EmulatorsProcess.start(
    settings.ceilings.map((of, at) => memberOf(settings, emulated, of, at)),
    {
      onSlots: (slots) => timeline.take(slots),
      onLost: (reason) => note(`The emulated providers are gone: ${reason}.`),
    },
  );
  return new EmulatedSource(opening, { process, timeline });
}

function memberOf(
  { latencyMs, seed }: CircuitsSettings,
  { rateLimitedShare }: Emulated,
  { name, ceiling }: { readonly name: string; readonly ceiling: number },
  at: number,
): GroupMember {
  const refuses = { kind: 'error', error: 'rate-limited', afterLatency: false } as const;
  const faults = rateLimitedShare > 0 ? [{ ...refuses, share: rateLimitedShare }] : [];
  const protocol = protocolOf(name);
  return { protocol, seed: seed + at, script: { ceiling, latencyMs, faults } };
}

function protocolOf(name: string): EmulatedName {
  return emulatedNames.find((own) => own === name) ?? 'anthropic';
}

/** The emulators accept any key and any model; these names only appear in reports. */
function adapterOf(name: string, baseUrl: string, told: Told): Provider {
  const options = { name, baseUrl, ...told, model: 'emulated' };
  const apiKey = 'emulated';
  switch (protocolOf(name)) {
    case 'ollama':
      return ollama(options);
    case 'openai':
      return openaiCompatible({ ...options, apiKey, baseUrl: `${baseUrl}/v1` });
    case 'anthropic':
      return anthropic({ ...options, apiKey });
  }
}

class EmulatedSource implements CallSource {
  readonly providers: readonly CountedProvider[];
  readonly #opening: Opening;
  readonly #process: EmulatorsProcess;
  readonly #timeline: SlotTimeline;
  #taken: readonly EmulatorStats[] = [];

  constructor(
    opening: Opening,
    parts: { readonly process: EmulatorsProcess; readonly timeline: SlotTimeline },
  ) {
    this.#opening = opening;
    this.#process = parts.process;
    this.#timeline = parts.timeline;
    this.providers = opening.settings.ceilings.map(({ name, ceiling }, at) => {
      const url = parts.process.urls[at] ?? '';
      const told = opening.told[at] ?? { ceiling };
      const provider = adapterOf(name, url, told);
      return new CountedProvider({ provider, onChange: this.#timeline.mark });
    });
  }

  get calls(): number {
    return this.providers.reduce((total, { calls }) => total + calls, 0);
  }

  readFrom(offered: () => number): void {
    this.#opening.demand.readFrom(offered);
  }

  async begin(): Promise<void> {
    const { settings, emulated } = this.#opening;
    if (emulated.outages.length === 0) return;
    const outages = emulated.outages.map(({ name, ...outage }) => {
      return { ...outage, member: settings.ceilings.findIndex((one) => one.name === name) };
    });
    await this.#process.setOutages(outages);
  }

  async take(): Promise<SourceFigures> {
    const stats = await this.#process.stats();
    const peaks = this.#timeline.takePeaks();
    const providers = this.#opening.settings.ceilings.map(
      ({ name, ceiling }, at): ProviderFigures => {
        const [now, before] = [stats[at], this.#taken[at]];
        return {
          name,
          ceiling,
          calls: (now?.calls ?? 0) - (before?.calls ?? 0),
          peakInFlight: peaks[at] ?? 0,
          rateLimited: (now?.rateLimited ?? 0) - (before?.rateLimited ?? 0),
        };
      },
    );
    this.#taken = stats;
    return { providers, slotMs: this.#timeline.slotMs, meanLatencyMs: null };
  }

  async close(): Promise<void> {
    await this.#process.close();
  }
}
