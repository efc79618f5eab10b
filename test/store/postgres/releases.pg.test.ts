/** Replicas of earlier releases, which note no release, beside those of this one. */
import { expect, it } from 'vitest';
import { openPostgresStore } from '../../../src/store/postgres/postgres-store.ts';
import { replicaId } from '../contract/fixture.ts';
import { testDatabase } from '../../support/postgres.ts';
import { withClient } from './database.ts';

const url = await testDatabase({ empty: true });
const older = replicaId(9);

/** The heartbeat of a replica that knows no releases. */
async function olderBeats(untilMs: number): Promise<void> {
  await withClient(url, (client) =>
    client.query(
      `insert into heddle.replicas (replica_id, renewed_at, lease_until, server_began_us)
        values ($1, now(), now() + $2 * interval '1 ms', 0)
        on conflict (replica_id) do update set lease_until = excluded.lease_until`,
      [older, untilMs],
    ),
  );
}

/** One that has been at work since before the migration. */
async function olderIsThere(untilMs: number): Promise<void> {
  await withClient(url, (client) =>
    client.query(
      `set session_replication_role = 'replica';
       delete from heddle.replicas where replica_id = '${older}';
       insert into heddle.replicas (replica_id, renewed_at, lease_until, server_began_us)
        values ('${older}', now(), now() + ${untilMs} * interval '1 ms', 0)`,
    ),
  );
}

it('are seen while they live and a minute longer, and do not come back after their lease', async () => {
  const store = await openPostgresStore({ connectionString: url });
  const beat = () => store.renew({ replicaId: replicaId(1), leaseMs: 60_000 });
  try {
    expect(await beat()).toMatchObject({ hasOlder: false });
    await expect(olderBeats(60_000)).rejects.toThrow(/earlier release than the database/);
    await olderIsThere(60_000);
    await olderBeats(60_000);
    expect(await beat()).toMatchObject({ hasOlder: true, liveReplicas: 2 });
    await olderIsThere(-1_000);
    expect(await beat()).toMatchObject({ hasOlder: true, liveReplicas: 1 });
    await expect(olderBeats(60_000)).rejects.toThrow(/earlier release than the database/);
    await olderIsThere(-61_000);
    expect(await beat()).toMatchObject({ hasOlder: false });
  } finally {
    await store.close();
  }
});
