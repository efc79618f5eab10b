/** The words of a page's path. A path comes from anywhere: what is no URL encoding stands for itself. */
import { pathWord } from '../../../client/records/path-word.ts';

const decoded = (word: string): string => {
  try {
    return decodeURIComponent(word);
  } catch {
    return word;
  }
};

/** Those behind `at`, where the pages stand: of `/ui/runs/0197` they are `runs` and `0197`. */
export function wordsOf(pathname: string, at: string): readonly string[] {
  return pathname
    .slice(at.length)
    .split('/')
    .filter((word) => word !== '')
    .map(decoded)
    .map((word) => (/^~+\.{1,2}$/.test(word) ? word.slice(1) : word));
}

export const pathOf = (at: string, words: readonly string[]): string =>
  [at, ...words.map(pathWord)].join('/');
