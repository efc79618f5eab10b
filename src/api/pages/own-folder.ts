/**
 * Where heddle's package lies: the nearest above this file, from a checkout and from `dist` alike. In an application that
 * is bundled it is the one that is installed where the application runs, if there is one.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Null: heddle's package is not there. */
export async function ownFolder(): Promise<URL | null> {
  // It is undefined in a bundle that is no module.
  const here: string | undefined = import.meta.url;
  return (here === undefined ? null : await nearestAbove(here)) ?? (await installed());
}

async function nearestAbove(from: string): Promise<URL | null> {
  for (let folder = new URL('.', from); ;) {
    const name = await packageIn(folder);
    if (name !== null) return name === 'heddle' ? folder : null;
    const above = new URL('..', folder);
    if (above.href === folder.href) return null;
    folder = above;
  }
}

async function installed(): Promise<URL | null> {
  try {
    const file = createRequire(join(process.cwd(), 'any')).resolve('heddle/package.json');
    return new URL('.', pathToFileURL(file));
  } catch {
    return null;
  }
}

/** The name of the package whose folder it is; null: of none. */
async function packageIn(folder: URL): Promise<string | null> {
  const text = await readFile(new URL('package.json', folder), 'utf8').catch(() => null);
  if (text === null) return null;
  try {
    const { name } = JSON.parse(text) as { readonly name?: string };
    return name ?? '';
  } catch {
    return '';
  }
}
