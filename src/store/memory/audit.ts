/**
 * Counts a tenant's rows: nothing may be lost, doubled, orphaned or stuck. Every figure is computed from
 * the rows and none is kept along the way, so that a figure cannot repeat a mistake of the code that
 * wrote the rows.
 */
import type { AskedIn, AuditFacts } from '../caller-port.ts';
import type { Database } from './database.ts';
import { runKey, type StoredSubscription } from './stored-rows.ts';
import { join } from './table.ts';

export function audit(db: Database, tenant: string): AuditFacts {
  const runs = db.tables.runs.by('tenant', tenant);
  const channels = db.tables.channels.by('tenant', tenant);
  const messages = db.tables.messages.by('tenant', tenant);
  const subscriptions = db.tables.subscriptions.by('tenant', tenant);
  const entries = db.tables.entries.by('tenant', tenant);
  const versions = db.tables.versions.by('tenant', tenant);
  const evaluations = db.tables.evaluations.by('tenant', tenant);
  const judged = evaluations.filter((row) => row.evaluatorRunId !== '');
  const deliveries = subscriptions.flatMap(deliveriesOf);
  const taken = new Set(deliveries.map((delivery) => delivery.message));
  const turns = sum(runs.map((run) => run.turn));
  const journalRows = sum(runs.map((run) => db.tables.journal.count('run', runKey(run))));
  return {
    runs: countBy(runs.map((run) => run.status)),
    channels: channels.length,
    messages: messages.length,
    subscriptions: countBy(subscriptions.map((subscription) => subscription.status)),
    memoryEntries: entries.length,
    memoryVersions: versions.length,
    evaluations: evaluations.length,
    unconsumedMessages: messages.filter((row) => !taken.has(join(row.channel, row.seq))).length,
    doubledMessages: repeated(deliveries.map((delivery) => delivery.byWhom)),
    channelGaps: sum(channels.map((row) => row.head - row.pruned)) - messages.length,
    memoryGaps: sum(entries.map((entry) => entry.newest)) - versions.length,
    doubledEvaluations:
      judged.length - new Set(judged.map((row) => join(row.evaluatorRunId, row.subjectRunId))).size,
    orphanedSubscriptions: subscriptions.filter((row) => isOrphan(db, row)).length,
    journalGaps: turns - journalRows,
    slotsInUse: db.tables.slots.all().filter((slot) => slot.call?.tenant === tenant).length,
  };
}

export function auditRows(db: Database, { tenant, max }: AskedIn<'auditRows'>): number {
  const { runs, journal, channels, messages, subscriptions, versions, evaluations } = db.tables;
  const turns = sum(runs.by('tenant', tenant).map((run) => journal.count('run', runKey(run))));
  const others = [runs, channels, messages, subscriptions, versions, evaluations];
  const counts = [turns, ...others.map((table) => table.count('tenant', tenant))];
  return sum(counts.map((count) => Math.min(count, max + 1)));
}

/** Each message that a subscription took, and the group or run that took it. */
function deliveriesOf(row: StoredSubscription): { message: string; byWhom: string }[] {
  return row.delivered.map(({ channel, seq }) => {
    const group = row.channels.find((at) => at.channel === channel)?.group ?? null;
    const whom = group === null ? join('run', row.runId) : join('group', group);
    return { message: join(channel, seq), byWhom: join(channel, seq, whom) };
  });
}

function isOrphan(db: Database, row: StoredSubscription): boolean {
  if (row.status !== 'waiting' && row.status !== 'registering') return false;
  return db.tables.runs.get(runKey(row))?.endedAtMs !== null;
}

function countBy(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

/** How many different words occur more than once. */
function repeated(words: readonly string[]): number {
  return Object.values(countBy(words)).filter((count) => count > 1).length;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
