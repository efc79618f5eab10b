/**
 * The versions of agents that replicas have registered. It owns that table; it reads which runs are open.
 *
 * 1. A list is registered wholly or not at all.
 */
import {
  openCountMax,
  type AgentRegistration,
  type Answer,
  type Asked,
  type StructureInUse,
} from '../port.ts';
import type { AnswerIn } from '../caller-port.ts';
import type { AgentRow, RunRow } from '../rows.ts';
import type { Database } from './database.ts';
import type { StoredAgent } from './stored-rows.ts';
import { join, own } from './table.ts';

export function registerAgents(
  db: Database,
  asked: readonly AgentRegistration[],
): readonly StructureInUse[] {
  const { agents, runs } = db.tables;
  const inUse: StructureInUse[] = [];
  for (const { agent, version, structure, replaces } of asked) {
    const known = agents.get(join(agent, version));
    if (replaces || known === undefined || known.structure === structure) continue;
    const open = runs
      .all()
      .filter((run) => isOpen(run) && run.agent === agent && run.version === version).length;
    const kept = { agent, version, structure: known.structure };
    if (open > 0) inUse.push({ ...kept, open: Math.min(open, openCountMax) });
  }
  if (inUse.length > 0) return inUse;
  asked.forEach((one, place) => {
    const { replaces: _, ...row } = one;
    agents.put(own({ ...row, place, registeredAtMs: db.now() }));
  });
  return [];
}

const isOpen = ({ endedAtMs }: RunRow): boolean => endedAtMs === null;

function rowOf(stored: StoredAgent): AgentRow {
  const { place: _, ...row } = stored;
  return row;
}

const isAbove = (a: AgentRow, b: { agent: string; version: string }): boolean =>
  a.agent === b.agent ? a.version > b.version : a.agent > b.agent;

export function listAgents(db: Database, query: Asked<'agents'>): Answer<'agents'> {
  const { agent, after, limit } = query;
  return db.tables.agents
    .all()
    .filter((row) => (agent === null || row.agent === agent) && (!after || isAbove(row, after)))
    .sort((a, b) => (isAbove(a, b) ? 1 : -1))
    .slice(0, limit)
    .map(rowOf);
}

export function oneAgent(db: Database, name: string, version: string | null): AgentRow | null {
  const { agents } = db.tables;
  if (version !== null) {
    const row = agents.get(join(name, version));
    return row === undefined ? null : rowOf(row);
  }
  const [newest] = agents
    .all()
    .filter((row) => row.agent === name)
    .sort((a, b) => b.registeredAtMs - a.registeredAtMs || b.place - a.place);
  return newest === undefined ? null : rowOf(newest);
}

export function openRunsByVersion(
  db: Database,
  tenant: string | null,
): AnswerIn<'openRunsByVersion'> {
  const all = db.tables.runs
    .all()
    .filter((run) => isOpen(run) && (tenant === null || run.tenant === tenant));
  const counts = new Map<string, { agent: string; version: string; open: number }>();
  for (const { agent, version } of all.slice(0, openCountMax)) {
    const key = join(agent, version);
    const before = counts.get(key)?.open ?? 0;
    counts.set(key, { agent, version, open: before + 1 });
  }
  const sorted = [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, count]) => count);
  return { counts: sorted, isWhole: all.length <= openCountMax };
}
