/** Databases of failed test files, which the end of the run must not take away. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export async function wreckageIn(directory: string): Promise<readonly string[]> {
  return readdir(join(directory, 'wreckage')).catch(() => []);
}

/** Notes a database in the directory of this run's server; a lent server keeps it anyway. */
export async function keepWreckage(database: string): Promise<void> {
  console.warn(`The database ${database} of this failed test file is kept.`);
  const directory = process.env['HEDDLE_TEST_DIRECTORY'];
  if (directory === undefined) return;
  await mkdir(join(directory, 'wreckage'), { recursive: true });
  await writeFile(join(directory, 'wreckage', database), '');
}
