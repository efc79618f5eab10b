/** What runs of each version of an agent stand on. It owns that table; it reads which runs are open. */
import { openCountMax, type AgentStructure, type StructureInUse } from '../port.ts';
import type { Database } from './database.ts';
import { join } from './table.ts';

export function keepStructures(
  db: Database,
  asked: readonly AgentStructure[],
): readonly StructureInUse[] {
  const { runs, structures } = db.tables;
  const inUse: StructureInUse[] = [];
  for (const { agent, version, structure, replaces } of asked) {
    const known = structures.get(join(agent, version));
    if (replaces || known === undefined || known.structure === structure) continue;
    const open = runs
      .all()
      .filter(
        (run) => run.endedAtMs === null && run.agent === agent && run.version === version,
      ).length;
    if (open > 0) inUse.push({ agent, version, open: Math.min(open, openCountMax) });
  }
  if (inUse.length > 0) return inUse;
  for (const { agent, version, structure } of asked) structures.put({ agent, version, structure });
  return [];
}
