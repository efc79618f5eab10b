/**
 * The flags of `heddle circuits` that choose the providers. The keys and addresses of real
 * providers come from a flag or from the environment, which no code below the command line reads
 * for them.
 */
import { asOneOf, asText, refuseField } from '../domain/field.ts';
import { checkName } from '../domain/ids.ts';
import { outageKinds } from '../emulators/script.ts';
import {
  emulatedNames,
  type CircuitsSettings,
  type EmulatedOutage,
  type ProviderSettings,
} from '../circuits/settings.ts';
import { wholeOf } from './whole.ts';

export type ProviderFlags = {
  readonly provider?: string;
  readonly ceiling?: string;
  readonly ceilings?: string;
  readonly fault429Share?: string;
  readonly outage?: string;
  readonly model?: string;
  readonly apiKey?: string;
  readonly anthropicUrl?: string;
  readonly ollamaUrl?: string;
};

export type Environment = Readonly<Record<string, string | undefined>>;

type Ceilings = CircuitsSettings['ceilings'];
type Chosen = Pick<CircuitsSettings, 'provider' | 'ceilings' | 'told'>;

const kinds = ['emulated', 'stub', 'anthropic', 'ollama'] as const;

const bounds = {
  ceiling: { min: 1, max: 100_000 },
  /** Sockets of the adapters, which open one for each call. */
  sockets: { min: 1, max: 2_500 },
  providers: 100,
  outages: 100,
  outageMs: { min: 0, max: 86_400_000 },
} as const;

const both = { a: 120, b: 120 };

export function providerOf(flags: ProviderFlags, environment: Environment): Chosen {
  const kind = asOneOf(flags.provider, 'provider', kinds, 'emulated');
  refuseOthers(flags, kind);
  const told = asOneOf(flags.ceilings, 'ceilings', ['told', 'learned'], 'told') === 'told';
  const given = flags.ceiling === undefined ? null : ceilingsOf(flags.ceiling);
  switch (kind) {
    case 'stub':
      return { provider: { kind }, told, ceilings: given ?? listed(both) };
    case 'emulated': {
      const [ceilings, names] = emulatedCeilings(given ?? listed(both));
      const outages = flags.outage === undefined ? [] : outagesOf(flags.outage, names);
      const provider = { kind, rateLimitedShare: shareOf(flags.fault429Share), outages };
      return { provider, told, ceilings };
    }
    case 'anthropic':
      return { provider: realAnthropic(flags, environment), told, ceilings: only(kind, given, 50) };
    case 'ollama':
      return { provider: realOllama(flags, environment), told, ceilings: only(kind, given, 4) };
  }
}

/** Refuses a flag that would have no effect, because its user would believe that it has one. */
function refuseOthers(flags: ProviderFlags, kind: (typeof kinds)[number]): void {
  const only = {
    fault429Share: ['emulated'],
    outage: ['emulated'],
    ceilings: ['emulated', 'stub'],
    model: ['anthropic', 'ollama'],
    apiKey: ['anthropic'],
    anthropicUrl: ['anthropic'],
    ollamaUrl: ['ollama'],
  } as const;
  for (const [field, of] of Object.entries(only)) {
    if (flags[field as keyof typeof only] === undefined) continue;
    if (!of.some((name) => name === kind)) {
      refuseField(field, `is for --provider ${of.join(' or ')}`);
    }
  }
}

function listed(ceilings: Readonly<Record<string, number>>): Ceilings {
  return Object.entries(ceilings).map(([name, ceiling]) => ({ name, ceiling }));
}

function ceilingsOf(text: string): Ceilings {
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

/**
 * Assigns the ceilings to the emulated providers by name; any other name, such as a or b, gets the
 * next provider that is left.
 */
function emulatedCeilings(given: Ceilings): readonly [Ceilings, ReadonlyMap<string, string>] {
  if (given.length > emulatedNames.length) {
    refuseField('ceiling', `may name ${emulatedNames.length} emulated providers at most`);
  }
  const isOwn = (name: string): boolean => emulatedNames.some((own) => own === name);
  const left = emulatedNames.filter((own) => !given.some(({ name }) => name === own));
  const names = new Map<string, string>();
  for (const { name } of given) names.set(name, isOwn(name) ? name : (left.shift() ?? name));
  const ceilings = given.map(({ name, ceiling }) => {
    return { name: names.get(name) ?? name, ceiling: socketsOf(ceiling) };
  });
  return [ceilings, names];
}

function only(kind: string, given: Ceilings | null, ceiling: number): Ceilings {
  if (given !== null && given.length > 1) refuseField('ceiling', `may name ${kind} alone`);
  return [{ name: kind, ceiling: socketsOf(given?.[0]?.ceiling ?? ceiling) }];
}

function socketsOf(ceiling: number): number {
  const { max } = bounds.sockets;
  if (ceiling > max) refuseField('ceiling', `must be from 1 to ${max}, a socket for each call`);
  return ceiling;
}

function shareOf(text: string | undefined): number {
  if (text === undefined) return 0;
  const share = /^\s*(0|1|0?\.\d+|1\.0+)\s*$/.test(text) ? Number(text) : Number.NaN;
  if (!(share >= 0 && share < 1)) {
    refuseField('fault429Share', 'must be a share of all replies, such as 0.15');
  }
  return share;
}

/**
 * `a=30000@10000` is 30 s from the tenth second of each scale on; `:hang` and the like give the
 * kind.
 */
function outagesOf(text: string, names: ReadonlyMap<string, string>): EmulatedOutage[] {
  const parts = text.split(',');
  if (parts.length > bounds.outages) refuseField('outage', `may name ${bounds.outages} at most`);
  return parts.map((part) => {
    const [, given = '', forMs, inMs, kind] =
      /^\s*([^=\s]+)=(\d+)@(\d+)(?::([a-z-]+))?\s*$/.exec(part) ?? [];
    if (forMs === undefined || inMs === undefined) {
      refuseField('outage', 'must be as in a=30000@10000: provider, length and begin in ms');
    }
    const known = [...names.values()];
    const name = names.get(given) ?? known.find((one) => one === given);
    if (name === undefined) {
      refuseField('outage', `names ${given}, which is none of ${known.join(', ')}`);
    }
    return {
      name,
      kind: asOneOf(kind, 'outage', outageKinds, 'refuse'),
      inMs: wholeOf(inMs, 'outage', bounds.outageMs),
      forMs: wholeOf(forMs, 'outage', bounds.outageMs),
    };
  });
}

function realAnthropic(flags: ProviderFlags, environment: Environment): ProviderSettings {
  const apiKey = given(flags.apiKey) ?? given(environment['ANTHROPIC_API_KEY']);
  if (apiKey === undefined) refuseField('apiKey', 'must be given, or stand in ANTHROPIC_API_KEY');
  const baseUrl = given(flags.anthropicUrl);
  const model = modelOf(flags);
  return { kind: 'anthropic', apiKey, model, ...(baseUrl === undefined ? {} : { baseUrl }) };
}

function realOllama(flags: ProviderFlags, environment: Environment): ProviderSettings {
  const address = given(flags.ollamaUrl) ?? given(environment['OLLAMA_HOST']);
  const model = modelOf(flags);
  return { kind: 'ollama', model, ...(address === undefined ? {} : { baseUrl: asUrl(address) }) };
}

/** An empty variable counts as not set. */
function given(text: string | undefined): string | undefined {
  const trimmed = text?.trim();
  return trimmed === '' ? undefined : trimmed;
}

function modelOf({ model }: ProviderFlags): string {
  if (model === undefined) refuseField('model', 'must be given for a real provider');
  return asText(model, 'model');
}

/** Ollama's own variable may hold a host, a port or both, without a scheme. */
function asUrl(address: string): string {
  if (/^https?:\/\//.test(address)) return address;
  const withHost = address.startsWith(':') ? `127.0.0.1${address}` : address;
  return /:\d+$/.test(withHost) ? `http://${withHost}` : `http://${withHost}:11434`;
}
