/**
 * Numbers of a JSON text that would be kept as other ones. JSON has any number of digits, and JavaScript reads each into
 * a double without a word: the id 9007199254740993 becomes 9007199254740992, and 1e400 no number at all.
 *
 * 1. A whole number is kept if what `JSON.stringify` writes of it has the same value.
 * 2. A fraction is rounded to the nearest double, as in every reader of JSON: programs write 0.1 as 0.10000000000000001 too.
 *    It is lost only where nothing is left of it.
 * 3. -0 is 0.
 * 4. It takes time in proportion to the text: a body has up to 4 MiB.
 */

/** `path`: where the number stands, its keys and places behind the root's name, with dots. */
type LostNumber = { readonly path: string; readonly written: string; readonly kept: string };

/** Fifteen digits are exact in any double, so a number that may be lost is longer, or has an exponent. */
const mayBeLost = /[\d.]{16}|\d[eE]/;

const token = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*|[{}[\],:]/g;

/** The first number of the text that would not be kept as it is; null when there is none. The text is valid JSON. */
export function lostNumber(text: string, root: string): LostNumber | null {
  if (!mayBeLost.test(text)) return null;
  const path: (string | number)[] = [];
  let string = '""';
  for (const [part] of text.matchAll(token)) {
    const last = path.length - 1;
    if (part === '{') path.push('');
    else if (part === '[') path.push(0);
    else if (part === '}' || part === ']') path.pop();
    else if (part === ',') {
      const at = path[last];
      if (typeof at === 'number') path[last] = at + 1;
    } else if (part === ':') path[last] = JSON.parse(string) as string;
    else if (part.startsWith('"')) string = part;
    else {
      const kept = JSON.stringify(Number(part));
      if (!isSame(part, kept)) return { path: [root, ...path].join('.'), written: part, kept };
    }
  }
  return null;
}

/** What to do about it. */
export const lostWords = ({ written, kept }: LostNumber): string =>
  kept === 'null'
    ? `is ${short(written)}, which is larger than any number that can be kept; send it as a text`
    : `is ${short(written)} and would be kept as ${kept}; send it as a text`;

const short = (number: string): string => (number.length > 40 ? `${number.slice(0, 40)}…` : number);

function isSame(written: string, kept: string): boolean {
  if (kept === 'null') return false;
  const [value, left] = [plainOf(written), plainOf(kept)];
  if (left.digits === '') return value.digits === '';
  return value.power < 0 || (value.digits === left.digits && value.power === left.power);
}

/** The digits from the first to the last that is not 0, and the power of ten of the last: below 0 for a fraction. */
function plainOf(number: string): { readonly digits: string; readonly power: number } {
  const [, whole = '', part = '', exponent = '0'] =
    /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(number) ?? [];
  const all = `${whole}${part}`;
  let [first, end] = [0, all.length];
  // Not by /0+$/, which takes the square of the length where a 0 stands before the last digit.
  while (end > 0 && all[end - 1] === '0') end -= 1;
  while (first < end && all[first] === '0') first += 1;
  return {
    digits: all.slice(first, end),
    power: Number(exponent) - part.length + all.length - end,
  };
}
