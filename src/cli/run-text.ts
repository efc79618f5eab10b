/** Runs as text and as JSON lines. */
import Table from 'cli-table3';
import type { Json } from '../domain/json.ts';
import type { Heddle } from '../heddle.ts';
import type { OpenQuestion } from '../index.ts';
import { runView } from '../library/run-view.ts';
import type { Beside } from '../library/why/beside.ts';

type RunRow = Awaited<ReturnType<Heddle['runs']>>[number];

/** A run's row with its timers and the invocations for which it waits. */
type WholeRun = {
  readonly row: RunRow;
  readonly timers: Beside['timers'];
  readonly waitsFor: string | null;
};

const iso = (ms: number): string => new Date(ms).toISOString();
const parsed = (text: string | null): Json => (text === null ? null : (JSON.parse(text) as Json));

/** The fields of a row, without the two texts that only heddle reads. */
export function runJson(row: RunRow): Readonly<Record<string, Json>> {
  return {
    id: row.runId,
    tenant: row.tenant,
    agent: row.agent,
    version: row.version,
    status: row.status,
    reason: row.reason,
    turn: row.turn,
    user: row.user,
    pipeline: row.pipeline,
    priority: row.priority,
    parent: row.parent === null ? null : row.parent.runId,
    createdAt: iso(row.createdAtMs),
    endedAt: row.endedAtMs === null ? null : iso(row.endedAtMs),
    input: parsed(row.inputText),
    output: parsed(row.outputText),
    error: row.error === null ? null : { ...row.error, detail: row.error.detail ?? null },
  };
}

/**
 * One run in full: with the state of its chart, and with its open timers and invocations while it
 * has not ended.
 */
export function wholeRunJson({ row, timers, waitsFor }: WholeRun): Readonly<Record<string, Json>> {
  const view = runView(row, timers);
  const waits = waitsFor === null ? {} : { waitsFor };
  if (view === null) return { ...runJson(row), ...waits };
  const { state, context } = view;
  const nowMs = Date.now();
  const dueAt = ({ dueInMs, ...rest }: { readonly dueInMs?: number | undefined }) =>
    ({ ...rest, ...(dueInMs === undefined ? {} : { dueAt: iso(nowMs + dueInMs) }) }) as Json;
  const wait =
    row.endedAtMs === null ? { open: view.open.map(dueAt), timers: view.timers.map(dueAt) } : {};
  return { ...runJson(row), ...waits, state, context, ...wait };
}

export function runTable(rows: readonly RunRow[]): string {
  const table = new Table({
    head: ['run', 'agent', 'status', 'turn', 'user', 'pipeline', 'created'],
    style: { head: [], border: [] },
  });
  for (const row of rows) {
    const { runId, agent, status, turn, user, pipeline } = row;
    table.push([runId, agent, status, turn, user, pipeline, iso(row.createdAtMs)]);
  }
  return table.toString();
}

export function questionList(questions: readonly OpenQuestion[]): string {
  return questions
    .map(({ askId, runId, question, schema, data, assignee, askedAtMs }) => {
      const lines = [question, `  run    ${runId}`, `  askId  ${askId}`];
      if (assignee !== null) lines.push(`  for    ${assignee}`);
      if (data !== null) lines.push(`  about  ${JSON.stringify(data)}`);
      if (schema !== null) lines.push(`  schema ${JSON.stringify(schema)}`);
      return [...lines, `  asked  ${iso(askedAtMs)}`].join('\n');
    })
    .join('\n');
}

export function runDetails(run: WholeRun): string {
  const shown = Object.entries(wholeRunJson(run)).filter(([, value]) => value !== null);
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown
    .map(([name, value]) => {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      return `${name.padEnd(width)}  ${text}`;
    })
    .join('\n');
}
