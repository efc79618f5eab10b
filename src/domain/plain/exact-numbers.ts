/**
 * Numbers of a JSON text that would be kept as other ones. JSON has any number of digits, and JavaScript reads each into
 * a double without a word: 9007199254740993 becomes 9007199254740992, and 1e400 no number at all.
 *
 * 1. A number is exact if what `JSON.stringify` writes of it has the same value. So each number that a program has
 *    written of a double is exact, however many digits it has.
 */

/** `path`: where the number stands, its keys and places behind the root's name, with dots. */
type LostNumber = { readonly path: string; readonly written: string; readonly kept: string };

/** Fifteen digits are exact in any double, so a number that may be lost is longer, or has an exponent, or is -0. */
const mayBeLost = /[\d.]{16}|\d[eE]|(?:^|[:,[\s])-0/;

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
  if (kept === 'null' || Object.is(Number(written), -0)) return false;
  return written === kept || plainOf(written) === plainOf(kept);
}

/** The same text for all texts of one value: its digits from the first to the last that is not 0, and their place. */
function plainOf(number: string): string {
  const [, sign = '', whole = '', part = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(number) ?? [];
  const digits = `${whole}${part}`.replace(/^0+/, '');
  const bare = digits.replace(/0+$/, '');
  if (bare === '') return '0';
  return `${sign}${bare}e${Number(exponent) - part.length + digits.length - bare.length}`;
}
