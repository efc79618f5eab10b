/** Makes runs in memory of their rows, for turns to start from. */
import { toErrorRecord } from '../../domain/errors.ts';
import { noSchemas, type Agent, type Kernel } from '../../kernel/port.ts';
import type { LoadedRun, RunRow } from '../../store/rows.ts';
import type { Agents } from '../agents.ts';
import { heldFromText } from './held.ts';
import type { HotRun } from './hot-run.ts';

export type Loaded =
  | { readonly kind: 'hot'; readonly hot: HotRun }
  /**
   * No chart here has the run's version, or fits what the run holds: the run waits as `stalled` and says
   * why.
   */
  | { readonly kind: 'no-chart'; readonly reason: string }
  | { readonly kind: 'gone' };

export function loadRun(kernel: Kernel, agents: Agents, row: RunRow): Loaded {
  if (row.endedAtMs !== null) return { kind: 'gone' };
  const agent = agents.find(row.agent, row.version);
  if (agent === undefined) {
    const reason = `version ${row.version} of agent ${row.agent} is not registered`;
    return { kind: 'no-chart', reason };
  }
  // An error here is a fault of heddle's, and says nothing about the chart.
  const held = heldFromText(row.heldText);
  try {
    return { kind: 'hot', hot: heat(kernel, agent, row, held) };
  } catch (error) {
    return { kind: 'no-chart', reason: toErrorRecord(error).message };
  }
}

function heat(kernel: Kernel, agent: Agent, row: RunRow, held: HotRun['held']): HotRun {
  const { chartText, runId, build } = row;
  const state = chartText === null ? null : kernel.restore(agent, chartText, runId, build);
  return hotRun(agent, row, state, held);
}

function hotRun(agent: Agent, row: RunRow, state: HotRun['state'], held: HotRun['held']): HotRun {
  const { status, reason, turn, build, chartText } = row;
  const run = newRunOf(row);
  return { run, agent, status, reason, turn, build, state, chartText, held, fresh: false };
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
  return {
    name,
    version,
    authored: null,
    structure: '',
    build: '',
    formerVersion: version,
    formerStructures: [],
    adopts: [],
    schemas: noSchemas,
    definition: null,
    warnings: [],
    advice: [],
    declares: () => true,
    sourceOf: () => null,
    taskLogic: () => undefined,
  };
}

/** The row of a run that no chart here fits, so that a turn can end the run. */
export function rowAsHot(agent: Agent, { run }: LoadedRun): HotRun {
  return hotRun(agent, run, null, heldFromText(run.heldText));
}
