/** Databases of the tests' server: made and dropped by one statement each. */
import pg from 'pg';

/** The URL of another database of a server. */
export function databaseAt(server: string, name: string): string {
  return server.replace(/^(\w+:\/\/[^/]*)\/[^?]*/, `$1/${name}`);
}

export async function onServer(connectionString: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
