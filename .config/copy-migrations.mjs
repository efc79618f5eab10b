// The second half of each build: tsc emits no .sql, and the migration runner reads them from beside its
// own compiled file. Takes the folder of the build.
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const [build = 'dist'] = process.argv.slice(2);
const folder = 'src/store/postgres/migrations';

const files = readdirSync(`${root}${folder}`).filter((name) => name.endsWith('.sql'));
if (files.length === 0)
  throw new Error(`no migration in ${folder}: the package would have no schema`);
// What an earlier build has left there may have another name by now.
rmSync(`${root}${build}/${folder}`, { recursive: true, force: true });
for (const name of files) cpSync(`${root}${folder}/${name}`, `${root}${build}/${folder}/${name}`);
