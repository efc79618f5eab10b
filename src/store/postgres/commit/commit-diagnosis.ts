/**
 * After a guard has ended a commit: finds the parts of the batch that do not fit what is stored. It
 * judges the parts in their order, each as if the parts before it were applied. So the outcomes are the
 * same as if the parts were applied one by one.
 */
import { heddleError } from '../../../domain/errors.ts';
import type {
  Batch,
  GroupCursorMove,
  MemoryInsert,
  StatusChange,
  TurnCommit,
} from '../../batch.ts';
import type { FateOf, Fates } from '../../fates.ts';
import { isSpent, judgeMarked, markedParts } from '../../requests/request-port.ts';
import { diagnoseBudgets } from './budget-diagnosis.ts';
import { cursorKey, LeftOut, memoryKey, newFates, runKey } from './commit-fates.ts';
import type { Results } from '../link/link.ts';
import type { Pool } from '../link/pool.ts';
import { questionsNow, type QuestionKey } from '../tables/question-writes.ts';
import { knownRequests } from '../tables/requests.ts';
import { diagnoseStarts } from './start-keys.ts';
import {
  column,
  rowStatement,
  runColumns,
  statement,
  type Call,
  type Fields,
} from '../link/statement.ts';

const shardsNowStatement = statement(
  'diagnose_shards',
  [],
  `select shard, epoch, replica_id from heddle.shards`,
);

/** A run that is to be created is also looked for by its idempotency key. */
const runsNowStatement = rowStatement<AnyRun>(
  'diagnose_runs',
  [...runColumns, column.text((run) => run.key)],
  `select r.turn, r.shard, r.ended_at is not null, coalesce((
        select true from heddle.runs k
        where k.tenant = i.tenant and k.idempotency_key = i.idempotency_key limit 1), false)
    from unnest($1::text[], $2::uuid[], $3::text[]) with ordinality
      as i(tenant, run_id, idempotency_key, place)
    left join lateral (
      select * from heddle.runs r where r.tenant = i.tenant and r.run_id = i.run_id offset 0
    ) r on true
    order by i.place`,
);

const memoryNowStatement = rowStatement<MemoryInsert>(
  'diagnose_memory',
  [
    column.text((insert) => insert.tenant),
    column.text((insert) => insert.scope),
    column.text((insert) => insert.owner),
    column.text((insert) => insert.key),
  ],
  `select coalesce((
        select m.version from heddle.memory_versions m
        where m.tenant = i.tenant and m.scope = i.scope and m.owner = i.owner and m.key = i.key
        order by m.version desc limit 1), 0)
    from unnest($1::text[], $2::text[], $3::text[], $4::text[]) with ordinality
      as i(tenant, scope, owner, key, place)
    order by i.place`,
);

const cursorsNowStatement = rowStatement<Group>(
  'diagnose_cursors',
  [
    column.text((row) => row.tenant),
    column.text((row) => row.move.channel),
    column.text((row) => row.move.group),
  ],
  `select g.cursor
    from unnest($1::text[], $2::text[], $3::text[]) with ordinality
      as i(tenant, channel, consumer_group, place)
    left join lateral (
      select g.cursor from heddle.consumer_groups g
      where g.tenant = i.tenant and g.channel = i.channel and g.consumer_group = i.consumer_group
      offset 0
    ) g on true
    order by i.place`,
);

type AnyRun = { readonly tenant: string; readonly runId: string; readonly key: string | null };
type Group = { readonly tenant: string; readonly move: GroupCursorMove };
type RunNow = { readonly turn: number; readonly shard: number; readonly open: boolean };

/** The rows as they are stored. `diagnose` changes them as each part that fits would. */
type Facts = {
  readonly shards: ReadonlyMap<number, { readonly epoch: number; readonly owner: string | null }>;
  readonly runs: Map<string, RunNow>;
  /** Used idempotency keys, by tenant. */
  readonly keys: Set<string>;
  readonly newest: Map<string, number>;
  readonly cursors: Map<string, number>;
  /** Answered questions, among those that turns close without taking an answer. */
  readonly answered: ReadonlySet<string>;
};

/**
 * Gives each part its fate anew, except parts that are poison. It may find no part that does not fit:
 * the transaction that was in the way may have been rolled back. Then the same batch is tried again.
 */
export async function diagnose(pool: Pool, batch: Batch, fates: Fates): Promise<void> {
  const facts = await factsOf(pool, batch);
  const given = newFates(batch);
  const left = new LeftOut();
  batch.turns.forEach((turn, index) => {
    const fate = given.of('turns', index) ?? judgeTurn(batch, facts, turn, left);
    const isPoison = fates.of('turns', index)?.kind === 'poison' && fate === null;
    if (!isPoison) fates.put('turns', index, fate);
    if (fate === null && !isPoison) apply(facts, turn);
    else left.add(turn);
  });
  const fence = (shard: number): { readonly kind: 'fenced' } | null =>
    isHeld(batch, facts, shard) ? null : { kind: 'fenced' };
  batch.statusChanges.forEach((change, index) => {
    if (fates.of('statusChanges', index)?.kind === 'poison') return;
    const stale = isAt(facts.runs.get(runKey(change)), change)
      ? null
      : ({ kind: 'stale' } as const);
    fates.put('statusChanges', index, fence(change.shard) ?? stale);
  });
  batch.results.forEach(({ shard }, index) => {
    if (fates.of('results', index)?.kind !== 'poison') fates.put('results', index, fence(shard));
  });
  batch.slots.forEach(({ call }, index) => {
    fates.put('slots', index, call === null ? null : fence(call.shard));
  });
  batch.charges?.settled.forEach(({ shard }, index) => fates.put('settled', index, fence(shard)));
  await diagnoseBudgets(pool, batch, fates);
  await diagnoseRequests(pool, batch, fates);
  await diagnoseStarts(pool, batch, fates);
  diagnoseMemory(batch, facts, fates);
}

/** Parts whose requests were asked before. They keep their fates, and no later part stands on them. */
async function diagnoseRequests(pool: Pool, { arrivals }: Batch, fates: Fates): Promise<void> {
  const marked = markedParts(arrivals);
  const keys = marked.map(({ tenant, request: { key } }) => ({ tenant, key }));
  const known = await knownRequests(pool, keys);
  const rows = new Map(marked.map((part, index) => [part, known[index] ?? null]));
  judgeMarked(arrivals, marked, fates, (part) => rows.get(part) ?? null);
}

function diagnoseMemory({ arrivals }: Batch, { newest }: Facts, fates: Fates): void {
  arrivals.memory.forEach((insert, index) => {
    const before = fates.of('memory', index);
    if (before?.kind === 'refused' && before.error.code === 'store-poison') return;
    if (isSpent(before)) return;
    const actual = newest.get(memoryKey(insert)) ?? 0;
    const version = actual + 1;
    if (insert.version === version) fates.put('memory', index, null);
    else if (insert.onAny === true) fates.put('memory', index, { kind: 'renumbered', version });
    else return fates.put('memory', index, refusal(insert, actual));
    newest.set(memoryKey(insert), version);
  });
}

function refusal({ key, version }: MemoryInsert, actual: number): FateOf['memory'] {
  const detail = { key, actual, expected: version - 1 };
  return { kind: 'refused', error: heddleError('memory-conflict', detail).toJSON() };
}

function isHeld(batch: Batch, facts: Facts, shard: number): boolean {
  const now = facts.shards.get(shard);
  return now?.owner === batch.replicaId && now.epoch === batch.epochs.get(shard);
}

function isAt(run: RunNow | undefined, at: TurnCommit | StatusChange): boolean {
  return run?.open === true && run.turn === at.expectedTurn && run.shard === at.shard;
}

function judgeTurn(
  batch: Batch,
  facts: Facts,
  turn: TurnCommit,
  left: LeftOut,
): FateOf['turns'] | null {
  if (!isHeld(batch, facts, turn.shard)) return { kind: 'fenced' };
  const run = facts.runs.get(runKey(turn));
  const free =
    run === undefined && turn.expectedTurn === 0 && !facts.keys.has(idempotencyKey(turn) ?? '');
  if (turn.create === null ? !isAt(run, turn) : !free) return { kind: 'stale' };
  const loose = left.conflict(turn);
  if (loose !== null) return loose;
  const what = memoryConflict(facts, turn) ?? cursorConflict(facts, turn);
  if (what !== null) return { kind: 'conflict', what };
  const passed = passedQuestions(turn).find((key) => facts.answered.has(questionKey(key)));
  return passed === undefined ? null : { kind: 'answered', invocationId: passed.invocationId };
}

const questionKey = (key: QuestionKey): string => `${runKey(key)}\u0000${key.invocationId}`;

/** Questions that a turn closes without taking an answer. */
function passedQuestions({ tenant, runId, closeQuestions }: TurnCommit): QuestionKey[] {
  return closeQuestions.flatMap(({ invocationId, takesAnswer }) =>
    takesAnswer ? [] : [{ tenant, runId, invocationId }],
  );
}

function idempotencyKey(turn: TurnCommit): string | null {
  const key = turn.create?.idempotencyKey ?? null;
  return key === null ? null : `${turn.tenant}\u0000${key}`;
}

function memoryConflict(facts: Facts, { memory }: TurnCommit): string | null {
  const own = new Map<string, number>();
  for (const insert of memory) {
    const key = memoryKey(insert);
    const actual = own.get(key) ?? facts.newest.get(key) ?? 0;
    if (insert.version !== actual + 1) {
      return `memory ${insert.key} is at version ${actual}, not ${insert.version - 1}`;
    }
    own.set(key, insert.version);
  }
  return null;
}

function cursorConflict(facts: Facts, { tenant, groupCursors }: TurnCommit): string | null {
  const own = new Map<string, number>();
  for (const move of groupCursors) {
    const key = cursorKey(tenant, move);
    const at = own.get(key) ?? facts.cursors.get(key) ?? null;
    if (at !== move.from) {
      return `group ${move.group} of ${move.channel} is at ${at ?? 'no cursor'}, not ${move.from}`;
    }
    own.set(key, move.to);
  }
  return null;
}

function apply(facts: Facts, turn: TurnCommit): void {
  const { shard, expectedTurn, ended } = turn;
  facts.runs.set(runKey(turn), { turn: expectedTurn + 1, shard, open: ended === null });
  facts.keys.add(idempotencyKey(turn) ?? '');
  facts.keys.delete('');
  for (const insert of turn.memory) facts.newest.set(memoryKey(insert), insert.version);
  for (const move of turn.groupCursors) facts.cursors.set(cursorKey(turn.tenant, move), move.to);
}

function rowsOf(results: Results, call: Call): readonly Fields[] {
  return results.get(call) ?? [];
}

async function factsOf(pool: Pool, batch: Batch): Promise<Facts> {
  const runs: AnyRun[] = [
    ...batch.turns.map((turn) => ({ ...turn, key: turn.create?.idempotencyKey ?? null })),
    ...batch.statusChanges.map((change) => ({ ...change, key: null })),
  ];
  const inserts = [...batch.turns.flatMap((turn) => turn.memory), ...batch.arrivals.memory];
  const groups = batch.turns.flatMap(({ tenant, groupCursors }) =>
    groupCursors.map((move) => ({ tenant, move })),
  );
  const shardsCall: Call = shardsNowStatement();
  const runsCall = runsNowStatement(runs);
  const memoryCall = memoryNowStatement(inserts);
  const cursorsCall = cursorsNowStatement(groups);
  const passed = batch.turns.flatMap(passedQuestions);
  const questionsCall = questionsNow(passed);
  const calls = [shardsCall, runsCall, memoryCall, cursorsCall, questionsCall];
  const results = await pool.read(calls);
  const answered = rowsOf(results, questionsCall);
  const rows = (call: Call): readonly Fields[] => rowsOf(results, call);
  const facts: Facts = {
    shards: new Map(
      rows(shardsCall).map(([shard, epoch, owner]) => [
        Number(shard),
        { epoch: Number(epoch), owner: owner ?? null },
      ]),
    ),
    runs: new Map(),
    keys: new Set(),
    newest: new Map(
      inserts.map((insert, i) => [memoryKey(insert), Number(rows(memoryCall)[i]?.[0])]),
    ),
    cursors: new Map(),
    answered: new Set(
      passed.filter((_, i) => answered[i]?.[0] === 't').map((key) => questionKey(key)),
    ),
  };
  rows(runsCall).forEach(([turn, shard, ended, used], index) => {
    const run = runs[index];
    if (run === undefined) return;
    if (used === 't') facts.keys.add(`${run.tenant}\u0000${run.key}`);
    if (!turn) return;
    facts.runs.set(runKey(run), { turn: Number(turn), shard: Number(shard), open: ended === 'f' });
  });
  rows(cursorsCall).forEach(([cursor], index) => {
    const group = groups[index];
    if (group !== undefined && cursor) {
      facts.cursors.set(cursorKey(group.tenant, group.move), Number(cursor));
    }
  });
  return facts;
}
