import type { CircuitMode } from './circuit.ts';

/** What a run of circuits can be told. The command line fills it in; see `src/cli/circuits-flags.ts`. */
import type { OutageKind } from '../emulators/script.ts';

/** The emulated providers are named by the protocols that they speak. */
export const emulatedNames = ['anthropic', 'ollama'] as const;
export type EmulatedName = (typeof emulatedNames)[number];

export type EmulatedOutage = {
  readonly name: string;
  readonly kind: OutageKind;
  /** From the begin of each scale. */
  readonly inMs: number;
  readonly forMs: number;
};

export type Emulated = {
  readonly kind: 'emulated';
  /** Of all replies, at random: 429. */
  readonly rateLimitedShare: number;
  readonly outages: readonly EmulatedOutage[];
};

export type ProviderSettings =
  /** In process, for measuring heddle alone. */
  | { readonly kind: 'stub' }
  | Emulated
  | {
      readonly kind: 'anthropic';
      readonly apiKey: string;
      readonly model: string;
      readonly baseUrl?: string;
    }
  | { readonly kind: 'ollama'; readonly model: string; readonly baseUrl?: string };

export type CircuitsSettings = {
  /** One after the other; the circuits of one scale are all open at once. */
  readonly scales: readonly number[];
  readonly mode: CircuitMode;
  readonly circuitsPerUser: number;
  /** Of each model call; the real thing takes the time that it takes. */
  readonly latencyMs: number;
  readonly provider: ProviderSettings;
  /** What the providers truly take at once. */
  readonly ceilings: readonly { readonly name: string; readonly ceiling: number }[];
  /** False: heddle has to learn the ceilings from refusals. */
  readonly told: boolean;
  readonly seed: number;
  /** Starts nothing: finishes and audits what the database holds. */
  readonly resume: boolean;
  /** When nothing has moved for so long, the rest counts as stuck. */
  readonly patienceMs: number;
  readonly database: { readonly databaseUrl?: string | null; readonly directory?: string };
};

export const defaultCircuits = {
  scales: [10, 50, 100, 300, 1_000],
  mode: 'statechart',
  circuitsPerUser: 10,
  latencyMs: 200,
  seed: 1,
  patienceMs: 60_000,
} as const;
