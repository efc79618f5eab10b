/**
 * The settings of a run of circuits. The command line fills them in; see
 * `src/cli/circuits/circuits-flags.ts`.
 */
import type { OutageKind } from '../emulators/script.ts';

/** The mode of a circuit: the charts do the steps, or the model does them through tools. */
export const modes = ['statechart', 'tool-loop'] as const;
export type CircuitMode = (typeof modes)[number];

/** The emulated providers are named by the protocols that they speak. */
export const emulatedNames = ['anthropic', 'ollama', 'openai'] as const;
export type EmulatedName = (typeof emulatedNames)[number];

export type EmulatedOutage = {
  readonly name: string;
  readonly kind: OutageKind;
  /** Counted from the begin of each scale. */
  readonly inMs: number;
  readonly forMs: number;
};

export type Emulated = {
  readonly kind: 'emulated';
  /** The share of all replies that are a 429, at random. */
  readonly rateLimitedShare: number;
  readonly outages: readonly EmulatedOutage[];
};

export type ProviderSettings =
  /** In this process, to measure heddle alone. */
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
  /** The scales run one after the other; the circuits of one scale are all open at once. */
  readonly scales: readonly number[];
  readonly mode: CircuitMode;
  readonly circuitsPerUser: number;
  /** The duration of each model call; a real provider takes its own time. */
  readonly latencyMs: number;
  readonly provider: ProviderSettings;
  /** The number of calls that each provider truly takes at once. */
  readonly ceilings: readonly { readonly name: string; readonly ceiling: number }[];
  /** False: heddle has to learn the ceilings from refusals. */
  readonly told: boolean;
  readonly seed: number;
  /** Starts nothing, but finishes and audits the circuits in the database. */
  readonly resume: boolean;
  /** When nothing has moved for so long, the open runs count as stuck. */
  readonly patienceMs: number;
  readonly database: { readonly databaseUrl?: string | null; readonly directory?: string };
};

/** What circuits on a heddle behind HTTP are told; its providers and its database are its own. */
export type ScaleSettings = Pick<
  CircuitsSettings,
  'scales' | 'mode' | 'circuitsPerUser' | 'patienceMs'
>;

export const defaultCircuits = {
  scales: [10, 50, 100, 300, 1_000],
  mode: 'statechart',
  circuitsPerUser: 10,
  latencyMs: 200,
  seed: 1,
  patienceMs: 60_000,
} as const;
