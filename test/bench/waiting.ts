/** What a call that waits far back in its line costs in memory, by how many of them wait. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startEmbeddedPostgres } from '../../src/store/embedded/embedded-postgres.ts';
import { printTable } from './report.ts';

const timeoutMs = 3_600_000;

/** In a database of their own: nobody else is to take these runs up. */
async function bytesPerCall(calls: number): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'heddle-waiting-'));
  const server = await startEmbeddedPostgres({ directory });
  try {
    const script = fileURLToPath(new URL('waiting-child.js', import.meta.url));
    const args = ['--expose-gc', script, server.databaseUrl, String(calls)];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: timeoutMs });
    return (JSON.parse(stdout) as { readonly bytesPerCall: number }).bytesPerCall;
  } finally {
    await server.close();
    await rm(directory, { recursive: true, force: true });
  }
}

export async function waiting({ quick }: { readonly quick: boolean }): Promise<void> {
  const rows: string[][] = [['calls that wait, each with a prompt of 10 KB', 'KB of heap each']];
  for (const calls of quick ? [10_000] : [10_000, 100_000]) {
    rows.push([String(calls), ((await bytesPerCall(calls)) / 1_000).toFixed(2)]);
  }
  printTable('Calls that wait for a slot', rows);
}
