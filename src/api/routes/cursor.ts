/** Cursors of lists: opaque to clients, so that what they stand for may change. */
import { refuseField } from '../../domain/field.ts';

const mark = '1:';

export const cursorOf = (position: string): string =>
  Buffer.from(mark + position).toString('base64url');

export function positionOf(cursor: string, field = 'query.cursor'): string {
  const text = Buffer.from(cursor, 'base64url').toString();
  if (!text.startsWith(mark)) refuseField(field, 'is none that a list has given');
  return text.slice(mark.length);
}
