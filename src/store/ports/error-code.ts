/**
 * The code of a stored error as lists know it: as it stands in the JSON text, and no more of it than an index takes.
 * An author's code may be of any length.
 */
const charsMax = 256;

export const storedCode = (code: string): string =>
  JSON.stringify(code).slice(1, -1).slice(0, charsMax);

/** Back to what people read. One that was cut may end within an escape. */
export function codeText(stored: string): string {
  const whole = stored.replace(/(?<!\\)((?:\\\\)*)\\(?:u[0-9a-f]{0,3})?$/i, '$1');
  return JSON.parse(`"${whole}"`) as string;
}
