/** What runs of each version stand on, kept by the database before a replica takes any of them up. */
import { heddleError } from '../domain/errors.ts';
import type { Agent } from '../kernel/port.ts';
import type { Store } from '../store/port.ts';

/** Throws `structure-changed` when runs of another structure are open under one of the versions. */
export async function keepStructures(store: Store, agents: readonly Agent[]): Promise<void> {
  const asked = agents.map(({ name, version, structure, adopts }) => ({
    agent: name,
    version,
    structure,
    replaces: adopts.includes(version),
  }));
  const [inUse] = await store.keepStructures(asked);
  if (inUse !== undefined) throw heddleError('structure-changed', { ...inUse });
}
