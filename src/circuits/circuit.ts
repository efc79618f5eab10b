/**
 * What a circuit is (design §8): three agents that are started together, and what they leave. Its
 * tenant's name says of what scale it is, so that a process which knows nothing of the start can
 * finish and audit it.
 */
import type { StartOptions } from '../index.ts';
import { editor } from '../../machines/agents/editor.ts';
import { evaluator } from '../../machines/agents/evaluator.ts';
import { researcher } from '../../machines/agents/researcher.ts';

/**
 * Versioned by hand: the text of a function, and with it the hash that would be the version, differs
 * between tsx and a build, and what the one began the other must be able to finish. It goes up when
 * one of the charts changes.
 */
const version = '1';

export const agents = [researcher, editor, evaluator].map((machine) => ({ machine, version }));

/** What one circuit leaves in the database. */
export const leaves = {
  runs: 3,
  channels: 2,
  messages: 2,
  subscriptions: 2,
  memoryEntries: 2,
  memoryVersions: 3,
  evaluations: 1,
} as const;

/** Its model calls, each of which waits for the one before. */
export const callsInARow = 3;

export const tenantPrefix = 'circuits/';

/** Start ids sort by age (UUID version 7), so tenants do too, behind their scale. */
export function tenantOf(scale: number, startId: string): string {
  return `${tenantPrefix}${scale}-${startId}`;
}

/** Null for a tenant that only begins like one of these. */
export function fromTenant(
  tenant: string,
): { readonly scale: number; readonly startId: string } | null {
  const [, scale, startId] = /^circuits\/(\d{1,7})-(.+)$/.exec(tenant) ?? [];
  if (scale === undefined || startId === undefined) return null;
  return { scale: Number(scale), startId };
}

export type CircuitStart = { readonly agent: string } & StartOptions;

/** The three starts of circuit `n`, the first of which is 1; accepted together or not at all. */
export function startsOf(
  n: number,
  { tenant, circuitsPerUser }: { readonly tenant: string; readonly circuitsPerUser: number },
): CircuitStart[] {
  const owner = {
    tenant,
    user: `u${Math.ceil(n / circuitsPerUser)}`,
    pipeline: `c${n}`,
  };
  const question = `What does the heddle of a loom do? (circuit ${n})`;
  return [
    { ...owner, agent: researcher.id, input: { circuit: n, question } },
    { ...owner, agent: editor.id, input: { circuit: n } },
    { ...owner, agent: evaluator.id, input: { circuit: n } },
  ];
}
