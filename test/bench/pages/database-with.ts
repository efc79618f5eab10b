/** A database of its own on the benchmark's server, with heddle's tables and what a measure puts into them. */
import pg from 'pg';
import { serverProcess } from '../service/server-process.ts';

export async function databaseWith(
  databaseUrl: string,
  fill: (client: pg.Client) => Promise<void>,
): Promise<string> {
  const name = `pages_${Date.now()}`;
  await asked(databaseUrl, async (client) => void (await client.query(`create database ${name}`)));
  // No URL that Node would read: its host may be a folder.
  const url = databaseUrl.replace(/^(\w+:\/\/[^/]*\/)[^?]*/, `$1${name}`);
  // A server that has begun once has made the tables.
  await (await serverProcess(url, { latencyMs: 0 })).close();
  await asked(url, fill);
  return url;
}

async function asked(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
