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
import { modes, type CircuitMode } from './settings.ts';

/**
 * The version is set by hand. The default version is a hash that includes the text of functions,
 * and this text differs between tsx and a build, while each must be able to finish the runs that
 * the other began. Raise it when one of the charts changes.
 */
const version = '1';

/** Researcher, editor and evaluator of each mode. */
const machines = {
  statechart: [researcher, editor, evaluator],
  'tool-loop': [toolLoopResearcher, toolLoopEditor, toolLoopEvaluator],
} as const;

/** The agents of both modes, because a resumed circuit may be of either. */
export const agents = modes.flatMap((mode) =>
  machines[mode].map((machine) => ({ machine, version })),
);

/** The rows that one circuit leaves in the database, in either mode. */
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
 * The number of a circuit's model calls, and the most of them that wait for one another in a row.
 * In a tool loop the editor and the evaluator make their call that asks to receive at once, and no
 * other agent waits for the call that only ends a loop.
 */
export const modelCalls = {
  statechart: { inAll: 3, inARow: 3 },
  'tool-loop': { inAll: 15, inARow: 11 },
} as const;

export const tenantPrefix = 'circuits/';

/**
 * The tenant of a circuit. Start ids sort by age (UUID version 7), so tenants of one mode and scale do
 * too.
 */
export function tenantOf(mode: CircuitMode, scale: number, startId: string): string {
  return `${tenantPrefix}${mode === 'statechart' ? '' : `${mode}/`}${scale}-${startId}`;
}

/** Reads a tenant's name; null if the name only begins like that of a circuit's tenant. */
export function fromTenant(
  tenant: string,
): { readonly mode: CircuitMode; readonly scale: number; readonly startId: string } | null {
  const [, of, scale, startId] = /^circuits\/(tool-loop\/)?(\d{1,7})-(.+)$/.exec(tenant) ?? [];
  if (scale === undefined || startId === undefined) return null;
  return { mode: of === undefined ? 'statechart' : 'tool-loop', scale: Number(scale), startId };
}

export type CircuitStart = { readonly agent: string } & StartOptions;

/** The three starts of circuit `n`, counted from 1. All of them are accepted, or none is. */
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
