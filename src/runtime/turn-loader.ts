/** Rows as runs in memory: what a turn starts from. */
import type { Agent, Kernel } from '../kernel/port.ts';
import type { LoadedRun, RunRow } from '../store/rows.ts';
import type { Agents } from './agents.ts';
import { heldFromText } from './turn/held.ts';
import type { HotRun } from './turn/hot-run.ts';

export type Loaded =
  | { readonly kind: 'hot'; readonly hot: HotRun }
  /** Its version is not registered here: it waits, visibly (design §4). */
  | { readonly kind: 'version-missing' }
  | { readonly kind: 'gone' };

export function loadRun(kernel: Kernel, agents: Agents, row: RunRow): Loaded {
  if (row.endedAtMs !== null) return { kind: 'gone' };
  const agent = agents.find(row.agent, row.version);
  if (agent === undefined) return { kind: 'version-missing' };
  return { kind: 'hot', hot: heat(kernel, agent, row) };
}

function heat(kernel: Kernel, agent: Agent, row: RunRow): HotRun {
  return {
    run: newRunOf(row),
    agent,
    status: row.status,
    reason: row.reason,
    turn: row.turn,
    state: row.chartText === null ? null : kernel.restore(agent, row.chartText, row.runId),
    chartText: row.chartText,
    held: heldFromText(row.heldText),
    fresh: false,
  };
}

function newRunOf(row: RunRow): HotRun['run'] {
  const { tenant, runId, shard, agent, version, user, pipeline, parent } = row;
  const { inputText, idempotencyKey, priority } = row;
  return {
    tenant,
    runId,
    shard,
    agent,
    version,
    user,
    pipeline,
    parent,
    inputText,
    idempotencyKey,
    priority,
  };
}

/** Stands in for an agent that is not registered here, in a turn that only ends its run. */
export function absentAgent({ agent: name, version }: RunRow): Agent {
  return { name, version, definition: null, warnings: [], taskLogic: () => undefined };
}

/** The row of a run whose chart cannot be restored, or is not here: so that it can be ended. */
export function rowAsHot(agent: Agent, { run }: LoadedRun): HotRun {
  return {
    run: newRunOf(run),
    agent,
    status: run.status,
    reason: run.reason,
    turn: run.turn,
    state: null,
    chartText: run.chartText,
    held: heldFromText(run.heldText),
    fresh: false,
  };
}
