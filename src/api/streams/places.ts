/**
 * The ids of a stream's frames: where each of its logs stands. A stream of one log has the turn or the message's
 * number itself; one of several has all of them, in the order of its topics, such as `12.-.7`, with `-` for what
 * has no place yet. So any replica can go on from an id alone.
 */
import { refuseField } from '../../domain/field.ts';

/** Null: not begun. */
export type Places = readonly (number | null)[];

export function idOf(places: Places): string {
  return places.map((place) => place ?? '-').join('.');
}

/** Throws when it is no id of a stream with so many logs. */
export function placesOf(id: string, logs: number): Places {
  const parts = id.trim().split('.');
  const places = parts.map((part) => (part === '-' ? null : Number(part)));
  const fits = places.every((place, i) =>
    place === null ? true : /^\d{1,15}$/.test(parts[i] ?? '') && Number.isSafeInteger(place),
  );
  if (fits && parts.length === logs) return places;
  return refuseField('lastEventId', 'is not an id of this stream');
}
