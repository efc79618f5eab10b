/** After a guard has ended a commit: looks up which parts of the batch do not fit what is stored. */
import type { Batch, GroupCursorMove, MemoryInsert, TurnOutcome } from '../batch.ts';
import {
  cursorConflict,
  cursorKey,
  memoryConflict,
  memoryKey,
  memoryRefusal,
  type Fates,
} from './commit-fates.ts';
import type { Pool } from './pool.ts';
import {
  callWith,
  runColumns,
  textColumn,
  type Call,
  type Column,
  type Fields,
  type Statement,
} from './statement.ts';

export const shardsNowStatement: Statement = {
  name: 'diagnose_shards',
  text: `select shard, epoch, replica_id from heddle.shards`,
};

/** A run that is to be created is looked for by its idempotency key as well. */
export const runsNowStatement: Statement = {
  name: 'diagnose_runs',
  text: `select r.turn, r.shard, r.ended_at is not null, exists (
        select from heddle.runs k
        where k.tenant = i.tenant and k.idempotency_key = i.idempotency_key)
    from unnest($1::text[], $2::uuid[], $3::text[]) with ordinality
      as i(tenant, run_id, idempotency_key, place)
    left join heddle.runs r on r.tenant = i.tenant and r.run_id = i.run_id
    order by i.place`,
};

export const memoryNowStatement: Statement = {
  name: 'diagnose_memory',
  text: `select coalesce((
        select m.version from heddle.memory_versions m
        where m.tenant = i.tenant and m.scope = i.scope and m.owner = i.owner and m.key = i.key
        order by m.version desc limit 1), 0)
    from unnest($1::text[], $2::text[], $3::text[], $4::text[]) with ordinality
      as i(tenant, scope, owner, key, place)
    order by i.place`,
};

export const cursorsNowStatement: Statement = {
  name: 'diagnose_cursors',
  text: `select g.cursor
    from unnest($1::text[], $2::text[], $3::text[]) with ordinality
      as i(tenant, channel, consumer_group, place)
    left join heddle.consumer_groups g on g.tenant = i.tenant and g.channel = i.channel
      and g.consumer_group = i.consumer_group
    order by i.place`,
};

type AnyRun = { readonly tenant: string; readonly runId: string; readonly key: string | null };
const keyColumn: Column<AnyRun> = textColumn((run) => run.key);
const entryColumns: readonly Column<MemoryInsert>[] = [
  textColumn((insert) => insert.tenant),
  textColumn((insert) => insert.scope),
  textColumn((insert) => insert.owner),
  textColumn((insert) => insert.key),
];

type Group = { readonly tenant: string; readonly move: GroupCursorMove };
const groupColumns: readonly Column<Group>[] = [
  textColumn((row) => row.tenant),
  textColumn((row) => row.move.channel),
  textColumn((row) => row.move.group),
];

/**
 * Gives a fate to every part that does not fit. None may be found: what was in the way may have
 * been rolled back, or may be committed only now; then the same batch simply goes again.
 */
export async function diagnose(pool: Pool, batch: Batch, fates: Fates): Promise<void> {
  const runs: AnyRun[] = [
    ...batch.turns.map((turn) => ({ ...turn, key: turn.create?.idempotencyKey ?? null })),
    ...batch.statusChanges.map((change) => ({ ...change, key: null })),
  ];
  const inserts = [...batch.turns.flatMap((turn) => turn.memory), ...batch.arrivals.memory];
  const groups = batch.turns.flatMap(({ tenant, groupCursors }) =>
    groupCursors.map((move) => ({ tenant, move })),
  );
  const shardsCall: Call = { statement: shardsNowStatement, params: [] };
  const runsCall = callWith(runsNowStatement, [...runColumns, keyColumn], runs);
  const memoryCall = callWith(memoryNowStatement, entryColumns, inserts);
  const cursorsCall = callWith(cursorsNowStatement, groupColumns, groups);
  const results = await pool.read([shardsCall, runsCall, memoryCall, cursorsCall]);
  const rows = (call: Call): readonly Fields[] => results.get(call) ?? [];
  judgeRuns(batch, fates, rows(shardsCall), rows(runsCall));
  judgeWrites(
    batch,
    fates,
    newestOf(inserts, rows(memoryCall)),
    cursorsOf(groups, rows(cursorsCall)),
  );
}

function judgeRuns(
  batch: Batch,
  fates: Fates,
  shards: readonly Fields[],
  runs: readonly Fields[],
): void {
  const owners = new Map(shards.map(([shard, epoch, owner]) => [Number(shard), { epoch, owner }]));
  const held = (shard: number): boolean => {
    const now = owners.get(shard);
    return now?.owner === batch.replicaId && Number(now.epoch) === batch.epochs.get(shard);
  };
  const isAt = (run: Fields, at: { shard: number; expectedTurn: number }): boolean =>
    Number(run[0] ?? -1) === at.expectedTurn && Number(run[1]) === at.shard && run[2] === 'f';
  const fate = (fits: boolean, shard: number): TurnOutcome | null =>
    !held(shard) ? { kind: 'fenced' } : fits ? null : { kind: 'stale' };
  batch.turns.forEach((turn, index) => {
    const run = runs[index] ?? [];
    const fits = turn.create === null ? isAt(run, turn) : run[0] === null && run[3] === 'f';
    fates.turns[index] ??= fate(fits, turn.shard);
  });
  batch.statusChanges.forEach((change, index) => {
    const run = runs[batch.turns.length + index] ?? [];
    fates.statusChanges[index] ??= fate(isAt(run, change), change.shard);
  });
}

/** The first of a chain must stand on what is stored; what follows is `settleChains`'s. */
function judgeWrites(
  batch: Batch,
  fates: Fates,
  newest: ReadonlyMap<MemoryInsert, number>,
  cursors: ReadonlyMap<GroupCursorMove, number | null>,
): void {
  const versions = new Set<string>();
  const isFirst = (key: string): boolean => !versions.has(key) && versions.add(key).has(key);
  batch.turns.forEach((turn, index) => {
    if (fates.turns[index] !== null) return;
    for (const insert of turn.memory) {
      const actual = newest.get(insert) ?? 0;
      if (isFirst(memoryKey(insert)) && insert.version !== actual + 1) {
        fates.turns[index] ??= memoryConflict(insert, actual);
      }
    }
    for (const move of turn.groupCursors) {
      const actual = cursors.get(move) ?? null;
      if (isFirst(`cursor ${cursorKey(turn.tenant, move)}`) && actual !== move.from) {
        fates.turns[index] ??= cursorConflict(move, actual);
      }
    }
  });
  batch.arrivals.memory.forEach((insert, index) => {
    if (fates.memory[index] !== null) return;
    const actual = newest.get(insert) ?? 0;
    if (isFirst(memoryKey(insert)) && insert.version !== actual + 1) {
      fates.memory[index] = memoryRefusal(insert, actual);
    }
  });
}

function newestOf(inserts: readonly MemoryInsert[], rows: readonly Fields[]) {
  return new Map(inserts.map((insert, index) => [insert, Number(rows[index]?.[0] ?? 0)]));
}

function cursorsOf(groups: readonly Group[], rows: readonly Fields[]) {
  return new Map(
    groups.map(({ move }, index) => {
      const cursor = rows[index]?.[0] ?? null;
      return [move, cursor === null ? null : Number(cursor)];
    }),
  );
}
