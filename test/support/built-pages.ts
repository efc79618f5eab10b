/** The pages as a package has them, built once in a run of the tests: a second build would empty the folder of the first. */
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { withStartLock } from '../../src/store/embedded/start-lock.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = join(root, '.compiled');

export async function builtPages(): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { HEDDLE_TEST_RUN = '' } = process.env;
  const mark = join(folder, 'pages');
  await withStartLock(folder, async () => {
    if ((await readFile(mark, 'utf8').catch(() => undefined)) === HEDDLE_TEST_RUN) return;
    await promisify(execFile)('npm', ['run', '--silent', 'build:ui'], { cwd: root });
    await writeFile(mark, HEDDLE_TEST_RUN);
  });
}
