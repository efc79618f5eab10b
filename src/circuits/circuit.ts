/**
 * A circuit: three agents that are started together, and the rows that they leave. The name of its
 * tenant tells the mode and scale, so that a process which did not start the circuit can finish and
 * audit it.
 */
import type { StartOptions } from '../index.ts';
import { editor } from '../../machines/agents/editor.ts';
import { evaluator } from '../../machines/agents/evaluator.ts';
import { researcher } from '../../machines/agents/researcher.ts';
import {
  toolLoopEditor,
  toolLoopEvaluator,
  toolLoopResearcher,
} from '../../machines/agents/tool-loop-circuit.ts';

/** Who does the steps: the charts, or the model through tools. */
export const modes = ['statechart', 'tool-loop'] as const;
export type CircuitMode = (typeof modes)[number];

/**
 * Versioned by hand: the text of a function, and with it the hash that would be the version, differs
 * between tsx and a build, and what the one began the other must be able to finish. It goes up when
 * one of the charts changes.
 */
const version = '1';

/** Researcher, editor and evaluator of each mode. */
const machines = {
  statechart: [researcher, editor, evaluator],
  'tool-loop': [toolLoopResearcher, toolLoopEditor, toolLoopEvaluator],
} as const;

/** Those of both modes: what is resumed may be of either. */
export const agents = modes.flatMap((mode) =>
  machines[mode].map((machine) => ({ machine, version })),
);

/** What one circuit leaves in the database, in either mode. */
export const leaves = {
  runs: 3,
  channels: 2,
  messages: 2,
  subscriptions: 2,
  memoryEntries: 2,
  memoryVersions: 3,
  evaluations: 1,
} as const;

/**
 * A circuit's model calls, and those of them that must wait for one another. In a tool loop editor and
 * evaluator make the call that asks to receive at once, and the one that only ends waits for nobody.
 */
export const modelCalls = {
  statechart: { inAll: 3, inARow: 3 },
  'tool-loop': { inAll: 15, inARow: 11 },
} as const;

export const tenantPrefix = 'circuits/';

/** Start ids sort by age (UUID version 7), so tenants do too, behind their mode and scale. */
export function tenantOf(mode: CircuitMode, scale: number, startId: string): string {
  return `${tenantPrefix}${mode === 'statechart' ? '' : `${mode}/`}${scale}-${startId}`;
}

/** Null for a tenant that only begins like one of these. */
export function fromTenant(
  tenant: string,
): { readonly mode: CircuitMode; readonly scale: number; readonly startId: string } | null {
  const [, of, scale, startId] = /^circuits\/(tool-loop\/)?(\d{1,7})-(.+)$/.exec(tenant) ?? [];
  if (scale === undefined || startId === undefined) return null;
  return { mode: of === undefined ? 'statechart' : 'tool-loop', scale: Number(scale), startId };
}

export type CircuitStart = { readonly agent: string } & StartOptions;

/** The three starts of circuit `n`, the first of which is 1; accepted together or not at all. */
export function startsOf(
  n: number,
  {
    mode,
    tenant,
    circuitsPerUser,
  }: {
    readonly mode: CircuitMode;
    readonly tenant: string;
    readonly circuitsPerUser: number;
  },
): CircuitStart[] {
  const owner = {
    tenant,
    user: `u${Math.ceil(n / circuitsPerUser)}`,
    pipeline: `c${n}`,
  };
  const question = `What does the heddle of a loom do? (circuit ${n})`;
  const [first, second, third] = machines[mode];
  return [
    { ...owner, agent: first.id, input: { circuit: n, question } },
    { ...owner, agent: second.id, input: { circuit: n } },
    { ...owner, agent: third.id, input: { circuit: n } },
  ];
}
