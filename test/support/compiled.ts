/**
 * The files that tests start as processes of their own, compiled as users get them. Through tsx each
 * such start would take more than twice as long, and a suite that kills starts hundreds.
 *
 * It owns `.compiled` in the checkout, which the first test file of a run that needs it brings up to
 * date, under a lock, while others wait. What has not changed since the run before is not emitted anew.
 */
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { withStartLock } from '../../src/store/embedded/start-lock.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = join(root, '.compiled');
const tsc = join(root, 'node_modules/typescript/bin/tsc');
const run = (...args: readonly string[]) =>
  promisify(execFile)(process.execPath, args, { cwd: root, timeout: 120_000 });

/** The path of `test/crash/child.ts`, say, as JavaScript. */
export async function compiled(file: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  await withStartLock(folder, async () => {
    const { HEDDLE_TEST_RUN = '' } = process.env;
    const mark = join(folder, 'run');
    if ((await readFile(mark, 'utf8').catch(() => undefined)) === HEDDLE_TEST_RUN) return;
    await run(tsc, '-p', '.config/tsconfig.processes.json');
    await writeFile(mark, HEDDLE_TEST_RUN);
  });
  return join(folder, file.replace(/\.ts$/, '.js'));
}
