/**
 * The audit of one tenant of circuits: it compares the counts of the tenant's rows with the counts
 * that so many circuits leave. It uses the rows alone, and nothing that this process remembers.
 */
import type { AuditFacts } from '../store/caller-port.ts';
import { leaves } from './circuit.ts';

/** The figures of an audit. All are zero when the audit is clean. */
export type Audit = {
  readonly lost_messages: number;
  readonly doubled_messages: number;
  readonly lost_memory_versions: number;
  readonly doubled_evaluations: number;
  readonly orphaned_subscriptions: number;
  readonly stuck_runs: number;
  readonly slots_in_use: number;
};

export type Entities = {
  readonly runs: number;
  readonly channels: number;
  readonly messages: number;
  readonly subscriptions: number;
  readonly memory_entries: number;
  readonly memory_versions: number;
  readonly evaluations: number;
};

/** A count that differs from what the circuits should have left. */
export type Difference = {
  readonly what: string;
  readonly expected: number;
  readonly found: number;
};

export type AuditResult = {
  readonly audit: Audit;
  readonly entities: Entities;
  /** Empty when the audit is clean. It names more counts than the audit's seven figures. */
  readonly differences: readonly Difference[];
};

/** A run in one of these statuses has ended and will never move again. */
const ends = ['completed', 'failed', 'cancelled'];

export function auditCircuits(facts: AuditFacts, circuits: number): AuditResult {
  const { runs, subscriptions } = facts;
  const messagesMax = circuits * leaves.messages;
  const versionsMax = circuits * leaves.memoryVersions;
  const taken = facts.messages - facts.unconsumedMessages;
  const stuck = sum(
    Object.entries(runs).flatMap(([status, n]) => (ends.includes(status) ? [] : n)),
  );
  const audit: Audit = {
    // A message is lost when it is missing, and also when it exists and no run has taken it.
    lost_messages: Math.max(messagesMax - taken, facts.channelGaps + facts.unconsumedMessages, 0),
    doubled_messages: facts.doubledMessages + Math.max(facts.messages - messagesMax, 0),
    lost_memory_versions: Math.max(versionsMax - facts.memoryVersions, facts.memoryGaps, 0),
    doubled_evaluations: Math.max(
      facts.doubledEvaluations,
      facts.evaluations - circuits * leaves.evaluations,
      0,
    ),
    orphaned_subscriptions: facts.orphanedSubscriptions,
    stuck_runs: stuck,
    slots_in_use: facts.slotsInUse,
  };
  const entities: Entities = {
    runs: sum(Object.values(runs)),
    channels: facts.channels,
    messages: facts.messages,
    subscriptions: sum(Object.values(subscriptions)),
    memory_entries: facts.memoryEntries,
    memory_versions: facts.memoryVersions,
    evaluations: facts.evaluations,
  };
  return { audit, entities, differences: differencesOf(facts, { audit, entities }, circuits) };
}

function differencesOf(
  facts: AuditFacts,
  { audit, entities }: Pick<AuditResult, 'audit' | 'entities'>,
  circuits: number,
): Difference[] {
  const expected: readonly (readonly [what: string, expected: number, found: number])[] = [
    ['runs', circuits * leaves.runs, entities.runs],
    ['completed runs', circuits * leaves.runs, facts.runs['completed'] ?? 0],
    ['channels', circuits * leaves.channels, entities.channels],
    ['messages', circuits * leaves.messages, entities.messages],
    ['subscriptions', circuits * leaves.subscriptions, entities.subscriptions],
    [
      'delivered subscriptions',
      circuits * leaves.subscriptions,
      facts.subscriptions['delivered'] ?? 0,
    ],
    ['memory entries', circuits * leaves.memoryEntries, entities.memory_entries],
    ['memory versions', circuits * leaves.memoryVersions, entities.memory_versions],
    ['evaluations', circuits * leaves.evaluations, entities.evaluations],
    ['journal rows that are missing', 0, facts.journalGaps],
    ...Object.entries(audit).map(([name, found]): [string, number, number] => [
      name.replaceAll('_', ' '),
      0,
      found,
    ]),
  ];
  return expected
    .filter(([, wanted, found]) => wanted !== found)
    .map(([what, wanted, found]) => ({ what, expected: wanted, found }));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
