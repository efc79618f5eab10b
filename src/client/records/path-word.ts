/**
 * A name as one word of a path. `.` and `..` mean places in a path however they are encoded, so that no browser and no
 * `fetch` keeps them: they are written with a `~` before them, and a name that looks so already gets one more.
 */
export const pathWord = (name: string): string =>
  encodeURIComponent(/^~*\.{1,2}$/.test(name) ? `~${name}` : name);
