/** The flags of `heddle circuits`, checked by field and turned into settings. */
import { modes } from '../circuits/circuit.ts';
import { asOneOf, refuseField } from '../domain/field.ts';
import { defaultCircuits, type CircuitsSettings } from '../circuits/settings.ts';
import { databaseOf, type DatabaseFlags } from './database-flags.ts';
import { providerOf, type Environment, type ProviderFlags } from './provider-flags.ts';
import { wholeOf } from './whole.ts';

export type CircuitsFlags = DatabaseFlags &
  ProviderFlags & {
    readonly scale?: string;
    readonly circuitsPerUser?: string;
    readonly mode?: string;
    readonly latencyMs?: string;
    readonly seed?: string;
    readonly patienceMs?: string;
    readonly json?: boolean;
    readonly resume?: boolean;
  };

const bounds = {
  scale: { min: 1, max: 1_000_000 },
  scales: 100,
  circuitsPerUser: { min: 1, max: 1_000_000 },
  latencyMs: { min: 0, max: 600_000 },
  /** Each further provider's seed is one higher. */
  seed: { min: 0, max: 4_294_967_000 },
  patienceMs: { min: 1_000, max: 86_400_000 },
} as const;

/** The keys and addresses of real providers may come from the environment. */
export function circuitsSettings(flags: CircuitsFlags, environment: Environment): CircuitsSettings {
  return {
    scales: flags.scale === undefined ? defaultCircuits.scales : scalesOf(flags.scale),
    mode: asOneOf(flags.mode, 'mode', modes, defaultCircuits.mode),
    circuitsPerUser: whole(flags, 'circuitsPerUser'),
    latencyMs: whole(flags, 'latencyMs'),
    ...providerOf(flags, environment),
    seed: whole(flags, 'seed'),
    patienceMs: whole(flags, 'patienceMs'),
    resume: flags.resume ?? false,
    database: databaseOf(flags),
  };
}

function scalesOf(text: string): number[] {
  const parts = text.split(',');
  if (parts.length > bounds.scales)
    refuseField('scale', `may name ${bounds.scales} scales at most`);
  return parts.map((part) => wholeOf(part, 'scale', bounds.scale));
}

function whole(
  flags: CircuitsFlags,
  name: 'circuitsPerUser' | 'latencyMs' | 'seed' | 'patienceMs',
): number {
  const text = flags[name];
  return text === undefined ? defaultCircuits[name] : wholeOf(text, name, bounds[name]);
}
