/** The flags of `heddle circuits`, checked by field and turned into settings. */
import { asOneOf, refuseField } from '../../domain/field.ts';
import {
  defaultCircuits,
  modes,
  type CircuitsSettings,
  type ScaleSettings,
} from '../../circuits/settings.ts';
import { serverUrl } from '../api/api-flags.ts';
import { databaseOf, type DatabaseFlags } from '../database-flags.ts';
import { providerOf, type Environment, type ProviderFlags } from '../provider-flags.ts';
import { wholeOf } from '../whole.ts';

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
    readonly url?: string;
    readonly ui?: boolean;
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

/** Flags that say what a heddle in this process has; one that serves has its own. */
const ofThisProcess = [
  'databaseUrl',
  'directory',
  'provider',
  'ceiling',
  'ceilings',
  'fault429Share',
  'outage',
  'model',
  'apiKey',
  'anthropicUrl',
  'ollamaUrl',
  'latencyMs',
  'seed',
  'resume',
] as const satisfies readonly (keyof CircuitsFlags)[];

/** Circuits on a heddle that serves; its token may come from the environment alone. */
export type CircuitsServer = {
  readonly server: { readonly url: string; readonly token: string | undefined };
  readonly settings: ScaleSettings;
};

/** Null: the circuits run in this process. HEDDLE_URL is not looked at, because it would change what is measured. */
export function circuitsServer(
  flags: CircuitsFlags,
  environment: Environment,
): CircuitsServer | null {
  const { url } = flags;
  if (url === undefined) return null;
  for (const name of ofThisProcess) {
    if (flags[name] !== undefined)
      refuseField(name, 'is for circuits in this process, without url');
  }
  return {
    server: { url: serverUrl(url), token: environment['HEDDLE_TOKEN']?.trim() || undefined },
    settings: scaleSettings(flags),
  };
}

/** The keys and addresses of real providers may come from the environment. */
export function circuitsSettings(flags: CircuitsFlags, environment: Environment): CircuitsSettings {
  return {
    ...scaleSettings(flags),
    latencyMs: whole(flags, 'latencyMs'),
    ...providerOf(flags, environment),
    seed: whole(flags, 'seed'),
    resume: flags.resume ?? false,
    database: databaseOf(flags),
  };
}

function scaleSettings(flags: CircuitsFlags): ScaleSettings {
  return {
    scales: flags.scale === undefined ? defaultCircuits.scales : scalesOf(flags.scale),
    mode: asOneOf(flags.mode, 'mode', modes, defaultCircuits.mode),
    circuitsPerUser: whole(flags, 'circuitsPerUser'),
    patienceMs: whole(flags, 'patienceMs'),
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
