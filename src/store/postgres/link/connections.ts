/** The connections of all pools together. */
import type { Connections } from '../../ports/operations-port.ts';
import type { Pool } from './pool.ts';

export function connectionsOf(pools: readonly Pick<Pool, 'connections'>[]): Connections {
  const sum = { total: 0, idle: 0, waiting: 0 };
  for (const { connections } of pools) {
    sum.total += connections.total;
    sum.idle += connections.idle;
    sum.waiting += connections.waiting;
  }
  return sum;
}
