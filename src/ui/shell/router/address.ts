/** The words of a page's path. A path comes from anywhere: what is no URL encoding stands for itself. */

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
    .map(decoded);
}

export const pathOf = (at: string, words: readonly string[]): string =>
  [at, ...words.map(encodeURIComponent)].join('/');
