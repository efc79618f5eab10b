/** Opens what the settings name, and tells heddle of its ceilings or leaves them to be learned. */
import type { CallSource, Told } from './call-source.ts';
import { Demand } from './demand.ts';
import { DirectSource } from './direct-source.ts';
import { openEmulated } from './emulated-source.ts';
import type { CircuitsSettings } from './settings.ts';

/** What heddle is told when it has to learn them: far above the truth. */
const untoldCeilingMin = 1_000;
/** And where it begins then. */
const untoldStart = 16;

export async function openCalls(
  settings: CircuitsSettings,
  note: (line: string) => void,
): Promise<CallSource> {
  const told = settings.ceilings.map(({ ceiling }): Told => {
    if (settings.told) return { ceiling };
    return { ceiling: Math.max(untoldCeilingMin, ceiling * 4), startsAt: untoldStart };
  });
  const demand = new Demand(told.reduce((total, { ceiling }) => total + ceiling, 0));
  const { provider } = settings;
  return provider.kind === 'emulated'
    ? openEmulated({ settings, emulated: provider, told, demand, note })
    : new DirectSource(settings, { told, demand });
}
