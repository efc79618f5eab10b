/** Tags of a run: short words by which people find it again. */
import { refuseField } from '../../domain/field.ts';
import { isSafeText } from '../../domain/json.ts';
import { limits } from '../../domain/limits.ts';
import { asList } from '../../domain/options.ts';

/** A line break or a comma would end a tag where it is written among others. */
const separates = (letter: string): boolean =>
  letter < ' ' || letter === '\u007F' || letter === ',';

export function asTag(given: unknown, field: string): string {
  if (typeof given !== 'string' || given.length === 0)
    refuseField(field, 'must be a text that is not empty');
  if (given.length > limits.tagCharsMax)
    refuseField(field, `is longer than ${limits.tagCharsMax} characters`);
  if (Array.from(given).some(separates) || !isSafeText(given)) {
    refuseField(field, 'holds a comma, a control character or a lone surrogate');
  }
  return given;
}

/** In order and each once, so that the same tags are the same list. */
export function asTags(given: unknown, field: string): readonly string[] {
  const list = asList(given, field, { max: limits.tagsMax, what: 'tags' });
  return [...new Set(list.map((tag, i) => asTag(tag, `${field}[${i}]`)))].sort();
}
