/** The package that this file belongs to: src/api and dist/src/api lie at different depths of it. */
import { readFile } from 'node:fs/promises';

/** Reads the version of the nearest package above. */
export async function packageVersion(from: string): Promise<string> {
  const text = await readFile(new URL('package.json', await packageFolder(from)), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}

/** The nearest folder above that holds a package.json. */
export async function packageFolder(from: string): Promise<URL> {
  for (let folder = new URL('.', from); ;) {
    const text = await readFile(new URL('package.json', folder), 'utf8').catch(() => null);
    if (text !== null) return folder;
    const above = new URL('..', folder);
    if (above.href === folder.href) throw new Error(`no package.json above ${from}`);
    folder = above;
  }
}
