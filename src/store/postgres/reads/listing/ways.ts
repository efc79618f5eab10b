/**
 * Which walks find the runs that a filter means. Each way is a set of walks that together meet all of them; of
 * several ways the sparsest is taken, which is found by a look at a few hundred entries of each index.
 */
import { storedCode } from '../../../ports/error-code.ts';
import { isEnded, type RunFilter } from '../../../ports/listing-port.ts';
import type { Pool } from '../../link/pool.ts';
import type { Call } from '../../link/statement.ts';
import { probeCall, type Walk, type Way } from './walks.ts';

const outcomes = ['completed', 'failed', 'cancelled'] as const;
const openWay: Way = { kind: 'open', keys: [] };
/** How many entries tell how dense an index is. */
const probeRows = 300;

/** Open runs are read first: a run that ends meanwhile is met twice, and never missed. */
export function waysOf(filter: RunFilter): readonly (readonly Way[])[] {
  const { statuses, agent, user, pipeline, parent, code, tags } = filter;
  if (statuses !== null && !statuses.some(isEnded))
    return statuses.length === 0 ? [[]] : [[openWay]];
  const before = statuses === null || !statuses.every(isEnded) ? [openWay] : [];
  const ended = outcomes.filter((outcome) => statuses === null || statuses.includes(outcome));
  const byOutcome = (kind: 'agent' | 'user', key: string): Way[] => [
    ...before,
    ...ended.map((outcome) => ({ kind, keys: [key, outcome] })),
  ];
  const ways: (readonly Way[])[] = tags.map((tag) => [{ kind: 'tag', keys: [tag] }]);
  if (parent !== null) ways.push([{ kind: 'parent', keys: [parent] }]);
  if (code !== null) ways.push([{ kind: 'code', keys: [storedCode(code)] }]);
  if (pipeline !== null) ways.push([...before, { kind: 'pipeline', keys: [pipeline] }]);
  if (user !== null) ways.push(byOutcome('user', user));
  if (agent !== null) ways.push(byOutcome('agent', agent));
  if (ways.length > 0) return ways;
  if (statuses === null) return [[{ kind: 'all', keys: [] }]];
  return [[...before, ...ended.map((outcome): Way => ({ kind: 'outcome', keys: [outcome] }))]];
}

export async function sparsest(
  pool: Pool,
  ways: readonly (readonly Way[])[],
  walk: Walk,
): Promise<readonly Way[]> {
  const [first = [], ...others] = ways;
  if (others.length === 0) return first;
  const probes = ways.map((way) =>
    way.map((one) => probeCall(one, walk, probeRows)).filter((call): call is Call => call !== null),
  );
  const results = await pool.read(probes.flat());
  const { order, low, high } = walk;
  const end = order === 'newest' ? low : high;
  // How far a way gets is how far the densest of its walks gets.
  const reach = probes.map((calls) => {
    const found = calls.map((call) => results.get(call)?.[0]?.[0] ?? end).toSorted();
    return (order === 'newest' ? found.at(-1) : found[0]) ?? end;
  });
  const far = reach.reduce((a, b) => (a < b === (order === 'newest') ? a : b));
  return ways[reach.indexOf(far)] ?? first;
}
