import { readFile } from 'node:fs/promises';

/**
 * Reads the version of the nearest package above: src/api and dist/src/api lie at different depths.
 */
export async function packageVersion(from: string): Promise<string> {
  for (let folder = new URL('.', from); ;) {
    const text = await readFile(new URL('package.json', folder), 'utf8').catch(() => null);
    if (text !== null) return (JSON.parse(text) as { readonly version: string }).version;
    const above = new URL('..', folder);
    if (above.href === folder.href) throw new Error(`no package.json above ${from}`);
    folder = above;
  }
}
