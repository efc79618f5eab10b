/** The flags of `heddle circuits`, checked by field and turned into settings. */
import { asOneOf, asWhole, refuseField } from '../domain/field.ts';
import { checkName } from '../domain/ids.ts';
import { modes } from '../circuits/circuit.ts';
import { defaultCircuits, type CircuitsSettings } from '../circuits/settings.ts';
import { databaseOf, type DatabaseFlags } from './database-flags.ts';

export type CircuitsFlags = DatabaseFlags & {
  readonly scale?: string;
  readonly circuitsPerUser?: string;
  readonly mode?: string;
  readonly latencyMs?: string;
  readonly ceiling?: string;
  readonly provider?: string;
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
  ceiling: { min: 1, max: 100_000 },
  providers: 100,
  seed: { min: 0, max: 4_294_967_295 },
  patienceMs: { min: 1_000, max: 86_400_000 },
} as const;

export function circuitsSettings(flags: CircuitsFlags): CircuitsSettings {
  refuseWhatIsMissing(flags);
  return {
    scales: flags.scale === undefined ? defaultCircuits.scales : scalesOf(flags.scale),
    mode: asOneOf(flags.mode, 'mode', modes, defaultCircuits.mode),
    circuitsPerUser: whole(flags, 'circuitsPerUser'),
    latencyMs: whole(flags, 'latencyMs'),
    ceilings: flags.ceiling === undefined ? defaultCircuits.ceilings : ceilingsOf(flags.ceiling),
    seed: whole(flags, 'seed'),
    patienceMs: whole(flags, 'patienceMs'),
    resume: flags.resume ?? false,
    database: databaseOf(flags),
  };
}

/** Known words get another answer than misspelt ones: that the part is not built yet. */
function refuseWhatIsMissing({ provider }: CircuitsFlags): void {
  const source = asOneOf(provider, 'provider', ['stub', 'emulated', 'anthropic', 'ollama'], 'stub');
  if (source !== 'stub') refuseField('provider', `${source} is not built yet; stub is`);
}

function scalesOf(text: string): number[] {
  const parts = text.split(',');
  if (parts.length > bounds.scales)
    refuseField('scale', `may name ${bounds.scales} scales at most`);
  return parts.map((part) => wholeOf(part, 'scale', bounds.scale));
}

function ceilingsOf(text: string): { readonly name: string; readonly ceiling: number }[] {
  const parts = text.split(',');
  if (parts.length > bounds.providers) {
    refuseField('ceiling', `may name ${bounds.providers} providers at most`);
  }
  const names = new Set<string>();
  return parts.map((part) => {
    const at = part.lastIndexOf('=');
    if (at < 1) refuseField('ceiling', 'must be names with numbers, as in a=120,b=120');
    const name = checkName(part.slice(0, at).trim(), 'ceiling');
    if (names.has(name)) refuseField('ceiling', `names ${name} twice`);
    names.add(name);
    return { name, ceiling: wholeOf(part.slice(at + 1), 'ceiling', bounds.ceiling) };
  });
}

function whole(
  flags: CircuitsFlags,
  name: 'circuitsPerUser' | 'latencyMs' | 'seed' | 'patienceMs',
): number {
  const text = flags[name];
  return text === undefined ? defaultCircuits[name] : wholeOf(text, name, bounds[name]);
}

export function wholeOf(
  text: string,
  field: string,
  { min, max }: { readonly min: number; readonly max: number },
): number {
  // `Number` also reads '', '1e3' and '0x10', which nobody means here.
  if (!/^\s*\d+\s*$/.test(text)) refuseField(field, 'must be a whole number');
  return asWhole(Number(text), field, { min, max, fallback: min });
}
