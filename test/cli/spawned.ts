/** The command line as a user has it: a process of its own, with the streams that it wrote. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { closeAfterTest } from '../support/closing.ts';
import { compiled } from '../support/compiled.ts';

const main = await compiled('src/cli/main.ts');
const root = fileURLToPath(new URL('../../', import.meta.url));

export type Ended = {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
};

export type Spawned = {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
};

/** One process, without a wrapper in between: a signal reaches heddle itself. */
export const heddle = (...args: readonly string[]): Spawned => heddleIn({}, ...args);

export function heddleIn(
  at: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> },
  ...args: readonly string[]
): Spawned {
  const { DATABASE_URL: _, ...env } = process.env;
  const child = spawn(process.execPath, [main, ...args], {
    cwd: at.cwd ?? root,
    env: { ...env, ...at.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // A test that fails halfway leaves no process behind.
  closeAfterTest(() => child.kill('SIGKILL'));
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (part: string) => (text[name] += part));
  }
  const ended = once(child, 'close').then(([code]) => {
    return { code: code as number | null, ...text };
  });
  return { child, ended };
}

export function linesOf<Line>(stdout: string): Line[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}
