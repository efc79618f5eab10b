/** Statements that read runs and the inbox rows that wait for them. They take no locks. */
import { asRunId } from '../../../domain/ids.ts';
import type { ErrorRecord } from '../../../domain/errors.ts';
import { limits } from '../../../domain/limits.ts';
import type { Priority } from '../../../domain/priority.ts';
import type { Asked, Answer, PendingRun } from '../../port.ts';
import {
  commandKinds,
  urgentInboxKinds,
  type InboxKind,
  type InboxRow,
  type LoadedRun,
  type ParentAddress,
  type RunAddress,
  type RunRow,
} from '../../rows.ts';
import type { RunStatus } from '../../../../machines/run.ts';
import type { Pool } from '../link/pool.ts';
import {
  bigint,
  int,
  ints,
  rowStatement,
  runColumns,
  statement,
  texts,
  uuid,
  type Fields,
} from '../link/statement.ts';

/** Milliseconds since 1970, as a text that `Number` reads exactly. */
export const epochMs = (column: string): string =>
  `trunc(extract(epoch from ${column}) * 1000)::text`;

export const runFields = `r.tenant, r.run_id, r.shard, r.agent, r.version, r.user_name, r.pipeline,
  r.parent, r.input, r.idempotency_key, r.priority, r.status, r.reason, r.turn, r.chart, r.held, r.output,
  r.error, ${epochMs('r.created_at')}, ${epochMs('r.ended_at')}, r.build,
  array_to_string(r.tags, E'\\n')`;

export function runRow(fields: Fields): RunRow {
  const [tenant, runId, shard, agent, version, user, pipeline, parent, input, key] = fields;
  const [
    priority,
    status,
    reason,
    turn,
    chart,
    held,
    output,
    error,
    createdAt,
    endedAt,
    build,
    tags,
  ] = fields.slice(10);
  return {
    tenant: tenant ?? '',
    runId: asRunId(runId ?? ''),
    shard: Number(shard),
    agent: agent ?? '',
    version: version ?? '',
    user: user ?? '',
    pipeline: pipeline ?? '',
    parent: parent ? (JSON.parse(parent) as ParentAddress) : null,
    inputText: input ?? '',
    idempotencyKey: key ?? null,
    priority: priority as Priority,
    status: status as RunStatus,
    reason: orNull(reason),
    turn: Number(turn),
    build: orNull(build),
    chartText: orNull(chart),
    heldText: orNull(held),
    outputText: output ?? null,
    error: error ? (JSON.parse(error) as ErrorRecord) : null,
    createdAtMs: Number(createdAt),
    endedAtMs: endedAt ? Number(endedAt) : null,
    ...(tags ? { tags: tags.split('\n') } : {}),
  };
}

/** In columns that change often '' stands for null: see the first migration. */
const orNull = (value: string | null | undefined): string | null => value || null;

const loadRunsStatement = rowStatement(
  'runs_load',
  runColumns,
  `select ${runFields}
    from unnest($1::text[], $2::uuid[]) as i(tenant, run_id)
    cross join lateral (
      select * from heddle.runs r where r.tenant = i.tenant and r.run_id = i.run_id offset 0
    ) r`,
);

const listed = (kinds: readonly InboxKind[]): string => kinds.map((kind) => `'${kind}'`).join(', ');

const urgent = listed(urgentInboxKinds);
const commands = listed(commandKinds);

const loadInboxStatement = rowStatement(
  'inbox_load',
  runColumns,
  `select b.tenant, b.run_id, b.shard, b.kind, b.ref, b.payload, b.key, b.seq, b.sent_by
    from unnest($1::text[], $2::uuid[]) as i(tenant, run_id)
    cross join lateral (
      select * from heddle.inbox b
      where b.tenant = i.tenant and b.run_id = i.run_id
      order by b.kind in (${urgent}) desc, b.seq limit ${limits.turnEventsMax}
    ) b`,
);

/** Answers to runs whose inbox rows fill a page: an answer may stand behind that page. */
const loadAnswersStatement = rowStatement(
  'inbox_load_answers',
  runColumns,
  `select b.tenant, b.run_id, b.shard, b.kind, b.ref, b.payload, b.key, b.seq, b.sent_by
    from unnest($1::text[], $2::uuid[]) as i(tenant, run_id)
    cross join lateral (
      select * from heddle.inbox b
      where b.tenant = i.tenant and b.run_id = i.run_id and b.key >= '=answer:' and b.key < '=answer;'
      order by b.seq limit ${limits.turnEventsMax * 2}
    ) b`,
);

/**
 * The two statements see two snapshots. If a turn is committed between them, the loaded run is stale,
 * and the commit refuses a turn that is computed from it; the result is never wrong.
 */
export async function loadRuns(
  pool: Pool,
  runs: readonly RunAddress[],
): Promise<(LoadedRun | null)[]> {
  if (runs.length === 0) return [];
  const rows = loadRunsStatement(runs);
  const inbox = loadInboxStatement(runs);
  const results = await pool.read([rows, inbox]);
  const found = new Map<string, Found>();
  for (const fields of results.get(rows) ?? []) {
    const run = runRow(fields);
    found.set(`${run.tenant} ${run.runId}`, { run, inbox: [], laterAnswers: [] });
  }
  const seen = new Set<string>();
  for (const fields of results.get(inbox) ?? []) {
    const row = inboxRow(fields);
    // A run that was asked for twice has its inbox rows here twice.
    if (seen.has(row.seq)) continue;
    seen.add(row.seq);
    found.get(`${row.tenant} ${row.runId}`)?.inbox.push(row);
  }
  await loadAnswers(pool, found);
  return runs.map((run) => found.get(`${run.tenant} ${run.runId}`) ?? null);
}

type Found = { run: RunRow; inbox: InboxRow[]; laterAnswers: InboxRow[] };

async function loadAnswers(pool: Pool, found: ReadonlyMap<string, Found>): Promise<void> {
  const full = [...found.values()].filter(({ inbox }) => inbox.length >= limits.turnEventsMax);
  if (full.length === 0) return;
  const call = loadAnswersStatement(full.map(({ run }) => run));
  for (const fields of await pool.rows(call)) {
    const row = inboxRow(fields);
    const of = found.get(`${row.tenant} ${row.runId}`);
    const isKnown = of?.inbox.some(({ seq }) => seq === row.seq) === true;
    if (of === undefined || isKnown || of.laterAnswers.length >= limits.turnEventsMax) continue;
    of.laterAnswers.push(row);
  }
}

function inboxRow(fields: Fields): InboxRow {
  const [tenant, runId, shard, kind, ref, payload, key, seq, by] = fields;
  return {
    tenant: tenant ?? '',
    runId: asRunId(runId ?? ''),
    shard: Number(shard),
    kind: kind as InboxKind,
    ref: ref ?? null,
    payloadText: payload ?? null,
    key: key?.startsWith('=') === true ? key.slice(1) : null,
    seq: seq ?? '',
    ...(by ? { by } : {}),
  };
}

/**
 * Reads each shard's oldest rows through its own range of the index, then the oldest of all: with
 * `shard = any(…)` Postgres would sort the whole inbox for every page.
 */
const pendingStatement = statement(
  'inbox_pending',
  [ints, bigint, int],
  `select b.seq, r.tenant, r.run_id, r.shard, r.user_name, r.pipeline, r.priority,
      r.status, ${epochMs('r.created_at')}, b.kind in (${commands})
    from unnest($1::int[]) as i(shard)
    cross join lateral (
      select b.seq, b.tenant, b.run_id, b.kind from heddle.inbox b
      where b.shard = i.shard and b.seq > $2::bigint
      order by b.seq limit $3::int
    ) b
    cross join lateral (
      select * from heddle.runs r where r.tenant = b.tenant and r.run_id = b.run_id offset 0
    ) r
    where r.ended_at is null
    order by b.seq limit $3::int`,
);

export async function pendingRuns(pool: Pool, query: Asked<'pending'>): Promise<Answer<'pending'>> {
  const rows = await pool.rows(pendingStatement(query.shards, query.afterSeq ?? '0', query.limit));
  const runs = new Map<string, PendingRun>();
  for (const fields of rows) {
    const [, tenant, runId, shard, user, pipeline, priority, status, createdAt] = fields;
    const key = `${tenant} ${runId}`;
    const known = runs.get(key);
    const hasCommand = fields.at(-1) === 't' || known?.hasCommand === true;
    if (known?.hasCommand === hasCommand) continue;
    runs.set(key, {
      tenant: tenant ?? '',
      runId: asRunId(runId ?? ''),
      shard: Number(shard),
      user: user ?? '',
      pipeline: pipeline ?? '',
      priority: priority as Priority,
      status: status as RunStatus,
      createdAtMs: Number(createdAt),
      hasCommand,
    });
  }
  const last = rows.at(-1)?.[0] ?? null;
  return { runs: [...runs.values()], nextSeq: rows.length < query.limit ? null : last };
}

const openRunsStatement = statement(
  'runs_open',
  [ints, texts, uuid, int],
  `select ${runFields}, exists (
      select from heddle.inbox b where b.tenant = r.tenant and b.run_id = r.run_id)
    from heddle.runs r
    where r.shard = any($1::int[]) and r.ended_at is null and r.status = any($2::text[])
      and r.run_id > $3::uuid
    order by r.run_id limit $4::int`,
);

export async function openRuns(pool: Pool, query: Asked<'open'>): Promise<Answer<'open'>> {
  const after = query.afterRunId ?? '00000000-0000-0000-0000-000000000000';
  const rows = await pool.rows(openRunsStatement(query.shards, query.statuses, after, query.limit));
  return rows.map((fields) => ({ ...runRow(fields), hasInbox: fields.at(-1) === 't' }));
}
