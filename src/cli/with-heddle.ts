/**
 * Opens heddle for the commands that are about a database and not about what the API gives. It is no replica: one
 * would take over shards, and with them runs whose agents are unknown here.
 */
import type { Heddle } from '../heddle.ts';
import { databaseOf, type DatabaseFlags } from './database-flags.ts';

export async function withHeddle<Result>(
  flags: DatabaseFlags,
  work: (heddle: Heddle) => Promise<Result>,
): Promise<Result> {
  const { createHeddle } = await import('../heddle.ts');
  const heddle = await createHeddle({ ...databaseOf(flags), replica: false });
  try {
    return await work(heddle);
  } finally {
    await heddle.close();
  }
}
