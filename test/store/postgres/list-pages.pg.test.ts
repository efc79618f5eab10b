/** Pages of lists that are longer than one look: they give each run that matches, wherever a look ends. */
import { expect, it } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import { openPostgresStore } from '../../../src/store/postgres/postgres-store.ts';
import type { RunFilter, RunPlace } from '../../../src/store/ports/listing-port.ts';
import { testDatabase } from '../../support/postgres.ts';
import { withClient } from './database.ts';

const url = await testDatabase();
const store = await openPostgresStore({ connectionString: url });
/** How many rows of an index one walk of a page looks at: see lists.ts. */
const look = 5_000;

/**
 * Runs of two kinds, dense along their agent and along their user, and two runs that are of both: one is the last row
 * that the first look sees, and one stands a few rows behind it.
 */
const fill = (tenant: string, isOpen: boolean): string => `
  insert into heddle.runs (tenant, run_id, shard, agent, version, user_name, pipeline, input, priority, status,
      turn, reason, chart, held, build, ended_at, tags)
    select '${tenant}', ('00000000-0000-7000-8000-' || lpad(to_hex(100000 - n), 12, '0'))::uuid, 3,
      case when kind <> 'user' then 'x' else 'w' end, '1', case when kind <> 'agent' then 'y' else 'z' end, 'p', '',
      'normal', ${isOpen ? "'queued'" : "'completed'"}, 1, '', '', '', '',
      ${isOpen ? 'null' : "now() - n * interval '1 ms'"}, array['both']
    from generate_series(1, ${2 * look + 40}) as i(n)
    cross join lateral (select case when n in (${2 * look - 1}, ${2 * look + 20}) then 'both'
      when n % 2 = 0 then 'agent' else 'user' end) as k(kind);
  insert into heddle.run_tags (tenant, tag, run_id)
    select tenant, unnest(tags), run_id from heddle.runs where tenant = '${tenant}';`;

await withClient(url, async (client) => {
  await client.query(fill('ended', false));
  await client.query(fill('open', true));
  await client.query('analyze heddle.runs');
});

const none: RunFilter = {
  statuses: null,
  agent: null,
  user: null,
  pipeline: null,
  parent: null,
  code: null,
  tags: [],
  from: null,
  below: null,
  endedFromMs: null,
  endedBelowMs: null,
};
const idOf = (n: number): string =>
  `00000000-0000-7000-8000-${(100_000 - n).toString(16).padStart(12, '0')}`;
const both = [2 * look - 1, 2 * look + 20].map(idOf);

async function idsOf(tenant: string, parts: Partial<RunFilter>): Promise<string[]> {
  const ids: string[] = [];
  for (let after: RunPlace | null = null, pages = 0; pages < 20; pages++) {
    const query = { ...none, ...parts, order: 'newest', after, limit: 10 } as const;
    const page = await store.list(oneTenant(tenant), query);
    ids.push(...page.runs.map(({ runId }) => runId));
    if (page.next === null) return ids;
    after = page.next;
  }
  throw new Error('the list has no end');
}

it('a run at which a look ends is given, and so are those behind it', async () => {
  expect(await idsOf('ended', { agent: 'x', user: 'y' })).toEqual(both);
  expect(await idsOf('open', { agent: 'x', user: 'y' })).toEqual(both);
  expect(await idsOf('ended', { agent: 'x', user: 'y', endedFromMs: 0 })).toEqual(both);
});

it('a tag without its run, as an earlier release leaves it, hides no run behind it', async () => {
  await withClient(url, (client) =>
    client.query(`delete from heddle.runs where tenant = 'ended' and run_id = '${idOf(7)}'`),
  );
  expect(await idsOf('ended', { tags: ['both'], agent: 'x', user: 'y' })).toEqual(both);
});
