/** The count of what is going on costs what open runs cost: it does not look at those that have ended. */
import { expect, it } from 'vitest';
import { statements } from '../../../src/store/postgres/link/statement.ts';
import { openPostgresStore } from '../../../src/store/postgres/postgres-store.ts';
import { replicaId } from '../contract/fixture.ts';
import { testDatabase } from '../../support/postgres.ts';
import { withClient } from './database.ts';

const url = await testDatabase();

it('open runs are found by their own index, among ten times as many that have ended', async () => {
  const store = await openPostgresStore({ connectionString: url });
  await store.renew({ replicaId: replicaId(1), leaseMs: 600_000 });
  await withClient(url, async (client) => {
    const runs = (ended: string, count: number) =>
      client.query(`insert into heddle.runs (run_id, shard, tenant, agent, version, user_name, pipeline,
          input, turn, status, reason, chart, held, ended_at)
        select gen_random_uuid(), n % 32, 'acme', 'a', '1', 'user-' || n % 70, 'p', '{}', 1, 'queued', '',
          repeat('x', 300), '', ${ended}
        from generate_series(1, ${count}) n`);
    await runs('now()', 40_000);
    await runs('null', 4_000);
    await client.query('analyze heddle.runs');
    await client.query('set plan_cache_mode = force_custom_plan');
    const text = statements.get('activity_note')?.text ?? '';
    await client.query(`prepare note (uuid, int) as ${text}`);
    const { rows } = await client.query(`explain execute note ('${replicaId(1)}', 1)`);
    const plan = JSON.stringify(rows);
    expect(plan).toContain('runs_open');
    expect(plan).not.toMatch(/runs_ended|Seq Scan on runs/);
  });
  const epoch = 1;
  const { counted } = await store.noteActivity({ replicaId: replicaId(1), epoch });
  expect(counted).toEqual({ queued: 4_000 });
  const all = { fromMs: 0, toMs: 8e12, keptStepMs: 5_000, stepMs: 5_000, limit: 9 };
  expect((await store.activityHistory(all))[0]?.statuses).toEqual({ queued: 4_000 });
  await store.close();
});
