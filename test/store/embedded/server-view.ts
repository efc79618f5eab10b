/** Looks at a server from outside: by its connections and by its process. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { lookUp } from '../../../src/store/embedded/process-record.ts';

export async function ask(
  connectionString: string,
  sql: string,
): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** The pid of the server whose data are under this directory, or home. */
export async function serverProcess(directory: string, home = 'postgres'): Promise<number> {
  return Number.parseInt(await readFile(join(directory, home, 'data/postmaster.pid'), 'utf8'), 10);
}

export async function lives(pid: number): Promise<boolean> {
  return (await lookUp(pid)) !== undefined;
}
