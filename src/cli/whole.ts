/** Reads a whole number from a flag, which is a text. */
import { asWhole, refuseField } from '../domain/field.ts';

export function wholeOf(
  text: string,
  field: string,
  { min, max }: { readonly min: number; readonly max: number },
): number {
  // `Number` also reads '', '1e3' and '0x10', which are mistakes in a flag.
  if (!/^\s*\d+\s*$/.test(text)) refuseField(field, 'must be a whole number');
  return asWhole(Number(text), field, { min, max, fallback: min });
}
