/** The contract's harness on Postgres: one database, emptied before each test. */
import pg from 'pg';
import { openPostgresStore } from '../../../src/store/postgres/postgres-store.ts';
import type { Store } from '../../../src/store/port.ts';
import type { Harness } from '../contract/fixture.ts';

/** Every moment that the store keeps: to let its clock go on, they are moved back. */
const moments = {
  runs: ['created_at', 'ended_at'],
  journal: ['at'],
  messages: ['published_at'],
  delayed_messages: ['due_at'],
  deliveries: ['lease_until'],
  subscription_channels: ['waiting_since'],
  memory_versions: ['created_at'],
  evaluations: ['created_at'],
  timers: ['due_at'],
  replicas: ['lease_until'],
  commits: ['at'],
} as const;

const empty = `truncate ${[
  ...Object.keys(moments),
  'inbox',
  'channels',
  'consumer_groups',
  'subscriptions',
  'provider_slots',
]
  .map((table) => `heddle.${table}`)
  .join(', ')}; update heddle.shards set epoch = 0, replica_id = null`;

export async function withClient<Result>(
  url: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Opens the store over an emptied database. The store stays open over the tests of a file. */
export function harnessOn(url: string): { open(): Promise<Harness>; close(): Promise<void> } {
  let store: Promise<Store> | null = null;
  return {
    async open() {
      store ??= openPostgresStore({ connectionString: url });
      const opened = await store;
      await withClient(url, (client) => client.query(empty));
      return {
        store: opened,
        advance: (ms) => withClient(url, (client) => advance(client, ms)),
        crash: () => withClient(url, terminateOthers),
      };
    },
    async close() {
      await (await store)?.close();
    },
  };
}

async function advance(client: pg.Client, ms: number): Promise<void> {
  for (const [table, columns] of Object.entries(moments)) {
    const sets = columns.map((column) => `${column} = ${column} - interval '${ms} ms'`);
    await client.query(`update heddle.${table} set ${sets.join(', ')}`);
  }
}

export async function terminateOthers(client: pg.Client): Promise<void> {
  await client.query(`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()`);
}
