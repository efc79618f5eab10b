import { describe, expect, it } from 'vitest';
import { auditCircuits } from '../../src/circuits/audit.ts';
import type { AuditFacts } from '../../src/store/caller-port.ts';

const clean: AuditFacts = {
  runs: { completed: 30 },
  channels: 20,
  messages: 20,
  subscriptions: { delivered: 20 },
  memoryEntries: 20,
  memoryVersions: 30,
  evaluations: 10,
  unconsumedMessages: 0,
  doubledMessages: 0,
  channelGaps: 0,
  memoryGaps: 0,
  doubledEvaluations: 0,
  orphanedSubscriptions: 0,
  journalGaps: 0,
  slotsInUse: 0,
};

const allZero = {
  lost_messages: 0,
  doubled_messages: 0,
  lost_memory_versions: 0,
  doubled_evaluations: 0,
  orphaned_subscriptions: 0,
  stuck_runs: 0,
  slots_in_use: 0,
};

it('finds nothing in what ten circuits leave', () => {
  expect(auditCircuits(clean, 10)).toEqual({
    audit: allZero,
    entities: {
      runs: 30,
      channels: 20,
      messages: 20,
      subscriptions: 20,
      memory_entries: 20,
      memory_versions: 30,
      evaluations: 10,
    },
    differences: [],
  });
});

type Damage = {
  readonly name: string;
  readonly facts: Partial<AuditFacts>;
  readonly audit?: Partial<typeof allZero>;
  readonly named: readonly string[];
};

const damages: readonly Damage[] = [
  {
    name: 'a message that is gone',
    facts: { messages: 19, channelGaps: 1 },
    audit: { lost_messages: 1 },
    named: ['messages', 'lost messages'],
  },
  {
    name: 'a message that was never published',
    facts: { messages: 19, channels: 19 },
    audit: { lost_messages: 1 },
    named: ['channels', 'messages', 'lost messages'],
  },
  {
    name: 'a message that reached nobody',
    facts: { unconsumedMessages: 1 },
    audit: { lost_messages: 1 },
    named: ['lost messages'],
  },
  {
    name: 'a message that was published twice and taken twice',
    facts: { messages: 21, doubledMessages: 0 },
    audit: { doubled_messages: 1 },
    named: ['messages', 'doubled messages'],
  },
  {
    name: 'a message that was taken twice',
    facts: { doubledMessages: 2 },
    audit: { doubled_messages: 2 },
    named: ['doubled messages'],
  },
  {
    name: 'a version that is gone',
    facts: { memoryVersions: 29, memoryGaps: 1 },
    audit: { lost_memory_versions: 1 },
    named: ['memory versions', 'lost memory versions'],
  },
  { name: 'a version too many', facts: { memoryVersions: 31 }, named: ['memory versions'] },
  {
    name: 'an evaluation that came twice',
    facts: { evaluations: 11, doubledEvaluations: 1 },
    audit: { doubled_evaluations: 1 },
    named: ['evaluations', 'doubled evaluations'],
  },
  { name: 'an evaluation that is gone', facts: { evaluations: 9 }, named: ['evaluations'] },
  {
    name: 'a subscription that outlived its run',
    facts: { subscriptions: { delivered: 20, waiting: 1 }, orphanedSubscriptions: 1 },
    audit: { orphaned_subscriptions: 1 },
    named: ['subscriptions', 'orphaned subscriptions'],
  },
  {
    name: 'a run that is stuck',
    facts: { runs: { completed: 29, 'waiting-on-channel': 1 } },
    audit: { stuck_runs: 1 },
    named: ['completed runs', 'stuck runs'],
  },
  {
    name: 'a run that is gone',
    facts: { runs: { completed: 29 } },
    named: ['runs', 'completed runs'],
  },
  {
    name: 'a run that failed',
    facts: { runs: { completed: 29, failed: 1 } },
    named: ['completed runs'],
  },
  {
    name: 'a slot that holds a call of nobody',
    facts: { slotsInUse: 1 },
    audit: { slots_in_use: 1 },
    named: ['slots in use'],
  },
  {
    name: 'a turn without its journal',
    facts: { journalGaps: 3 },
    named: ['journal rows that are missing'],
  },
];

describe('it names', () => {
  it.each(damages)('$name', ({ facts, audit, named }) => {
    const result = auditCircuits({ ...clean, ...facts }, 10);
    expect(result.audit).toEqual({ ...allZero, ...audit });
    expect(result.differences.map(({ what }) => what)).toEqual(named);
  });
});
