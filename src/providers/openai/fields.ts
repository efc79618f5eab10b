/** Fields of what came from a socket: nothing of it may be taken for granted. */
import { BrokenAnswer } from '../wire/faults/broken-answer.ts';

export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Throws a `BrokenAnswer` for anything but an object. */
export function asFields(value: unknown): Fields {
  if (isFields(value)) return value;
  throw new BrokenAnswer('unreadable', 'a chunk of the answer lacks a part that it must have');
}

/** The text; empty for anything else. */
export function textIn(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The count; null for anything else. */
export function countIn(value: unknown): number | null {
  return Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : null;
}
