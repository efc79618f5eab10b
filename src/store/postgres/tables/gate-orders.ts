/** Orders of a person for gates: see gate-orders-port.ts. They stand in the gates' rows, beside what replicas write. */
import type { Answer } from '../../port.ts';
import type { GateOrder } from '../../../domain/calls/gate-order.ts';
import { notifyGates } from '../link/listen.ts';
import type { Pool } from '../link/pool.ts';
import { bool, statement, text } from '../link/statement.ts';

/** The rows change as `statusAfter` says. Locks: the gates by name, as those who write them do. */
const orderStatement = statement(
  'gates_order',
  [text, text, bool, text],
  `with told as materialized (
      select gate, cool_until > clock_timestamp() and not $3::bool as cools
      from heddle.providers
      where gate = $1::text or starts_with(gate, $1::text || '/')
      order by gate for update
    )
    update heddle.providers p set order_number = coalesce(p.order_number, 0) + 1,
      ordered_at = clock_timestamp(), order_kind = $2::text, order_ends_cooling = $3::bool,
      ordered_by = $4::text, probe_at = least(p.probe_at, clock_timestamp()),
      cool_until = case when $3::bool then least(p.cool_until, clock_timestamp())
        else p.cool_until end,
      failed_probes = case when $2::text = 'reopen' then 0 else p.failed_probes end,
      status = case
        when $2::text = 'probe' then case p.status when 'parked' then 'stalled' else p.status end
        when t.cools then 'cooling' else 'open' end
    from told t where p.gate = t.gate
    returning p.gate`,
);

export async function orderGates(
  pool: Pool,
  provider: string,
  { kind, endsCooling, by }: GateOrder,
): Promise<readonly string[]> {
  const order = orderStatement(provider, kind, endsCooling, by);
  const results = await pool.read([order, notifyGates()]);
  return (results.get(order) ?? []).map(([gate]) => gate ?? '').sort();
}

const ordersStatement = statement(
  'gates_orders',
  [],
  `select gate, order_number, order_kind, order_ends_cooling, ordered_by,
      ceil(extract(epoch from clock_timestamp() - ordered_at) * 1000)::text
    from heddle.providers where order_number is not null order by gate`,
);

export async function readGateOrders(pool: Pool): Promise<Answer<'gateOrders'>> {
  const rows = await pool.rows(ordersStatement());
  return rows.map(([gate, number, kind, endsCooling, by, ago]) => ({
    gate: gate ?? '',
    number: Number(number),
    kind: kind as GateOrder['kind'],
    endsCooling: endsCooling === 't',
    by: by ?? '',
    agoMs: Math.max(0, Number(ago)),
  }));
}
