/** A task that ends its process, in real processes that are started again and again. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { compiled } from '../support/compiled.ts';
import { testDatabase } from '../support/postgres.ts';

const script = await compiled('test/crash/ending-child.ts');
const databaseUrl = await testDatabase();

async function life(): Promise<string> {
  const child = spawn(process.execPath, [script, databaseUrl], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const late = setTimeout(() => child.kill('SIGKILL'), 60_000);
  const [said] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  clearTimeout(late);
  return said;
}

it(
  'promise 3: a task that ends its process is begun ten times and given up; its neighbour goes on',
  { timeout: 300_000 },
  async () => {
    const said: string[] = [];
    while (said.length < 15 && !said.at(-1)?.includes('over')) said.push(await life());
    expect(said.slice(0, -1)).toEqual(Array.from({ length: 10 }, () => 'begun\n'));
    expect(said.at(-1)).toBe('over ["none","task-lost"]\n');
  },
);
