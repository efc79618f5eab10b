/**
 * Budgets and open reservations (charges.ts). They come last in a commit, after the slots. A tenant's
 * budget is one row for all its calls, so it must be locked for as short a time as possible.
 */
import {
  budgetKey,
  budgetUnder,
  budgetsOf,
  type Amount,
  type BudgetAddress,
  type BudgetLimits,
  type BudgetRow,
  type Charges,
  type Reservation,
  type Settlement,
} from '../../charges.ts';
import type { AnswerIn, AskedIn } from '../../caller-port.ts';
import { nameAfterPrefix } from '../../ports/records.ts';
import { guard } from '../link/failure.ts';
import type { Pool } from '../link/pool.ts';
import {
  column,
  int,
  paramsOf,
  rowStatement,
  runColumns,
  statement,
  text,
  within,
  type Call,
  type Column,
} from '../link/statement.ts';

const dayOf = (instant: string): string => `(${instant} at time zone 'utc')::date`;
const scopes = (run: string, user: string): string =>
  `(values ('run', ${run}::text), ('user', ${user}), ('tenant', '')) as s(scope, owner)`;
/** For a budget per day, spending of earlier days does not count. */
const spentNow = (column: string): string =>
  `case when t.per_day and ${dayOf('t.spent_at')} < ${dayOf('now()')} then 0 else t.${column} end`;
const isBudget = (of: string): string => `exists (
      select from heddle.budgets x
      where x.tenant = ${of}.tenant and x.scope = ${of}.scope and x.owner = ${of}.owner offset 0)`;

const addressColumns: readonly Column<BudgetAddress>[] = [
  column.text((at) => at.tenant),
  column.text((at) => at.scope),
  column.text((at) => at.owner),
];

/** Locks: the budgets of all charges of the commit, in the order of their keys. */
const lockBudgetsStatement = rowStatement<BudgetAddress>(
  'budgets_lock',
  addressColumns,
  `select 1 from unnest($1::text[], $2::text[], $3::text[]) as i(tenant, scope, owner)
    cross join lateral (
      select from heddle.budgets x
      where x.tenant = i.tenant and x.scope = i.scope and x.owner = i.owner offset 0 for update
    ) x`,
);

/**
 * Ends reservations. A reservation that is not open changes nothing, so a settlement may be sent
 * twice. Locks: the reservations, which only their run's owner writes; their budgets are locked
 * already.
 */
const settleStatement = rowStatement<Settlement>(
  'charges_settle',
  [
    ...runColumns,
    column.text((row) => row.call),
    column.bigint((row) => row.spent?.tokens ?? null),
    column.bigint((row) => row.spent?.micros ?? null),
  ],
  `with i as materialized (
      select * from unnest($1::text[], $2::uuid[], $3::text[], $4::bigint[], $5::bigint[])
        as i(tenant, run_id, call, tokens, micros)
    ), gone as (
      delete from heddle.reservations r using i
      cross join lateral (
        select x.ctid as row from heddle.reservations x
        where x.tenant = i.tenant and x.run_id = i.run_id
          and x.call = coalesce(i.call, x.call) offset 0
      ) x
      where r.ctid = x.row
      returning r.tenant, r.run_id, r.user_name, r.tokens as held_tokens, r.micros as held_micros,
        coalesce(i.tokens, r.tokens) as tokens, coalesce(i.micros, r.micros) as micros
    ), b as (
      select g.tenant, s.scope, s.owner, sum(g.tokens)::bigint as tokens,
        sum(g.micros)::bigint as micros, sum(g.held_tokens)::bigint as held_tokens,
        sum(g.held_micros)::bigint as held_micros
      from gone g cross join lateral ${scopes('g.run_id', 'g.user_name')}
      group by g.tenant, s.scope, s.owner
    )
    insert into heddle.budgets as t (tenant, scope, owner, per_day, is_set, spent_tokens,
      spent_micros, reserved_tokens, reserved_micros)
    select tenant, scope, owner, false, false, tokens, micros, -held_tokens, -held_micros from b
    where ${isBudget('b')}
    order by tenant, scope, owner
    on conflict (tenant, scope, owner) do update set
      spent_tokens = ${spentNow('spent_tokens')} + excluded.spent_tokens,
      spent_micros = ${spentNow('spent_micros')} + excluded.spent_micros,
      reserved_tokens = t.reserved_tokens + excluded.reserved_tokens,
      reserved_micros = t.reserved_micros + excluded.reserved_micros, spent_at = now()`,
);

/** Reserves what a call may cost under each of its budgets, or ends the transaction. Locks: as above. */
const reserveStatement = rowStatement<Reservation>(
  'charges_reserve',
  [
    ...runColumns,
    column.text((row) => row.call),
    column.text((row) => row.user),
    column.bigint((row) => row.amount.tokens),
    column.bigint((row) => row.amount.micros),
  ],
  `with i as materialized (
      select * from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::bigint[],
        $6::bigint[]) as i(tenant, run_id, call, user_name, tokens, micros)
    ), kept as (
      insert into heddle.reservations (tenant, run_id, call, user_name, tokens, micros)
      select * from i
    ), b as (
      select i.tenant, s.scope, s.owner, sum(i.tokens)::bigint as tokens,
        sum(i.micros)::bigint as micros
      from i cross join lateral ${scopes('i.run_id', 'i.user_name')}
      group by i.tenant, s.scope, s.owner
    ), d as materialized (
      select * from unnest($7::text[], $8::bigint[], $9::bigint[], $10::bool[])
        as d(scope, tokens_max, micros_max, per_day)
    ), done as (
      insert into heddle.budgets as t (tenant, scope, owner, tokens_max, micros_max, per_day, is_set,
        spent_tokens, spent_micros, reserved_tokens, reserved_micros)
      select b.tenant, b.scope, b.owner, d.tokens_max, d.micros_max, coalesce(d.per_day, false),
        false, 0, 0, b.tokens, b.micros
      from b left join d on d.scope = b.scope
      where d.scope is not null or ${isBudget('b')}
      order by b.tenant, b.scope, b.owner
      on conflict (tenant, scope, owner) do update set
        tokens_max = case when t.is_set or excluded.scope <> all($7::text[]) then t.tokens_max
          else excluded.tokens_max end,
        micros_max = case when t.is_set or excluded.scope <> all($7::text[]) then t.micros_max
          else excluded.micros_max end,
        per_day = case when t.is_set or excluded.scope <> all($7::text[]) then t.per_day
          else excluded.per_day end,
        spent_tokens = ${spentNow('spent_tokens')}, spent_micros = ${spentNow('spent_micros')},
        reserved_tokens = t.reserved_tokens + excluded.reserved_tokens,
        reserved_micros = t.reserved_micros + excluded.reserved_micros, spent_at = now()
      returning t.spent_tokens + t.reserved_tokens > coalesce(t.tokens_max, 9223372036854775807)
        or t.spent_micros + t.reserved_micros > coalesce(t.micros_max, 9223372036854775807) as over
    )
    select heddle.refuse('${guard.budget}') from done where over limit 1`,
);

const limitColumns: readonly Column<BudgetLimits>[] = [
  column.bigint((limits) => limits.tokensMax),
  column.bigint((limits) => limits.microsMax),
  column.bool((limits) => limits.perDay),
];

const defaultColumns: readonly Column<readonly [string, BudgetLimits]>[] = [
  column.text(([scope]) => scope),
  ...within(([, limits]: readonly [string, BudgetLimits]) => limits, limitColumns),
];

export function writeCharges({ settled, reserved, defaults }: Charges): Call[] {
  if (settled.length + reserved.length === 0) return [];
  const lock = lockBudgetsStatement(addressesOf(settled, reserved));
  const unused: Amount = { tokens: 0, micros: 0 };
  const settlements = [
    ...settled,
    ...reserved.map((row) => ({ ...row, spent: row.before === 'spent' ? null : unused })),
  ];
  // A settlement of a whole run ends all its open reservations, so it comes after those of single
  // calls.
  const single = settlements.filter(({ call }) => call !== null);
  const whole = settlements.filter(({ call }) => call === null);
  const calls = [lock];
  for (const rows of [single, whole]) {
    if (rows.length > 0) calls.push(settleStatement(rows));
  }
  if (reserved.length > 0) {
    calls.push(reserveStatement(reserved, ...paramsOf(defaultColumns, Object.entries(defaults))));
  }
  return calls;
}

function addressesOf(...sets: readonly (readonly (Reservation | Settlement)[])[]): BudgetAddress[] {
  const found = new Map<string, BudgetAddress>();
  for (const at of sets.flat().flatMap(budgetsOf)) {
    found.set(budgetKey(at), at);
  }
  const keys = [...found.keys()].sort();
  return keys.flatMap((key) => found.get(key) ?? []);
}

const storedColumns = `t.tokens_max, t.micros_max, t.per_day, ${spentNow('spent_tokens')},
      ${spentNow('spent_micros')}, t.reserved_tokens, t.reserved_micros, t.is_set`;

const readBudgetsStatement = rowStatement<BudgetAddress>(
  'budgets_read',
  addressColumns,
  `select ${storedColumns}
    from unnest($1::text[], $2::text[], $3::text[]) with ordinality as i(tenant, scope, owner, place)
    left join lateral (
      select * from heddle.budgets x
      where x.tenant = i.tenant and x.scope = i.scope and x.owner = i.owner offset 0
    ) t on true
    order by i.place`,
);

/** `isSet`: a person set it. Otherwise it holds the defaults of the replica that reserved last. */
type StoredBudget = BudgetRow & { readonly isSet: boolean };

export async function readBudgets(
  pool: Pool,
  at: readonly BudgetAddress[],
): Promise<(StoredBudget | null)[]> {
  if (at.length === 0) return [];
  const rows = await pool.rows(readBudgetsStatement(at));
  return at.map((one, index) => storedOf(one, rows[index] ?? []));
}

function storedOf(
  { tenant, scope, owner }: BudgetAddress,
  row: readonly (string | null)[],
): StoredBudget | null {
  const [tokensMax, microsMax, perDay, tokens, micros, heldTokens, heldMicros, isSet] = row;
  if (!perDay) return null;
  return {
    tenant,
    scope,
    owner,
    tokensMax: tokensMax ? Number(tokensMax) : null,
    microsMax: microsMax ? Number(microsMax) : null,
    perDay: perDay === 't',
    spent: { tokens: Number(tokens), micros: Number(micros) },
    reserved: { tokens: Number(heldTokens), micros: Number(heldMicros) },
    isSet: isSet === 't',
  };
}

/** A range of the primary key: see reads/names.ts. */
const userBudgetsStatement = statement(
  'budgets_users',
  [text, text, text, text, int],
  `select ${storedColumns}, t.owner from heddle.budgets t
    where t.tenant = $1::text and t.scope = 'user' and t.owner >= $2::text
      and ($3::text is null or t.owner < $3::text) and ($4::text is null or t.owner > $4::text)
    order by t.owner limit $5::int`,
);

export async function listUserBudgets(
  pool: Pool,
  { tenant, prefix, after, limit }: AskedIn<'userBudgets'>,
): Promise<AnswerIn<'userBudgets'>> {
  const end = nameAfterPrefix(prefix);
  const rows = await pool.rows(userBudgetsStatement(tenant, prefix, end, after, limit));
  return rows.flatMap((row) => {
    const at = { tenant, scope: 'user', owner: row.at(-1) ?? '' } as const;
    return budgetUnder({}, at, storedOf(at, row)) ?? [];
  });
}

/** Locks: the one row. Spending of earlier days is kept, unless the budget was per day. */
const setBudgetStatement = rowStatement<BudgetAddress & BudgetLimits>(
  'budgets_set',
  [...addressColumns, ...limitColumns],
  `insert into heddle.budgets as t (tenant, scope, owner, tokens_max, micros_max, per_day, is_set,
      spent_tokens, spent_micros, reserved_tokens, reserved_micros)
    select i.*, true, 0, 0, 0, 0 from unnest($1::text[], $2::text[], $3::text[], $4::bigint[],
      $5::bigint[], $6::bool[]) as i
    on conflict (tenant, scope, owner) do update set tokens_max = excluded.tokens_max,
      micros_max = excluded.micros_max, per_day = excluded.per_day, is_set = true,
      spent_tokens = ${spentNow('spent_tokens')}, spent_micros = ${spentNow('spent_micros')},
      spent_at = now()`,
);

export async function setBudget(
  pool: Pool,
  at: BudgetAddress,
  limits: BudgetLimits,
): Promise<void> {
  await pool.rows(setBudgetStatement([{ ...at, ...limits }]));
}

const hasBudgetsStatement = statement('usage_budgets', [], `select 1 from heddle.budgets limit 1`);

export async function hasBudgets(pool: Pool): Promise<boolean> {
  return (await pool.rows(hasBudgetsStatement())).length > 0;
}
