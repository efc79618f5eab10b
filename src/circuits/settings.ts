import type { CircuitMode } from './circuit.ts';

/** What a run of circuits can be told. The command line fills it in; see `src/cli/circuits-flags.ts`. */
export type CircuitsSettings = {
  /** One after the other; the circuits of one scale are all open at once. */
  readonly scales: readonly number[];
  readonly mode: CircuitMode;
  readonly circuitsPerUser: number;
  /** Of each model call. */
  readonly latencyMs: number;
  readonly ceilings: readonly { readonly name: string; readonly ceiling: number }[];
  readonly seed: number;
  /** Starts nothing: finishes and audits what the database holds. */
  readonly resume: boolean;
  /** When nothing has moved for so long, the rest counts as stuck. */
  readonly patienceMs: number;
  readonly database: { readonly databaseUrl?: string; readonly directory?: string };
};

export const defaultCircuits = {
  scales: [10, 50, 100, 300, 1_000],
  mode: 'statechart',
  circuitsPerUser: 10,
  latencyMs: 200,
  ceilings: [
    { name: 'a', ceiling: 120 },
    { name: 'b', ceiling: 120 },
  ],
  seed: 1,
  patienceMs: 60_000,
} as const;
