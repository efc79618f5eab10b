/** Fields of events that come from a socket: each is checked before it is used. */
import { BrokenAnswer } from '../wire/faults/broken-answer.ts';

export type Fields = Readonly<Record<string, unknown>>;

export const nameCharsMax = 256;

export function asFields(value: unknown): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw unreadable('an event lacks a part that it must have');
}

export function asText(value: unknown, field: string): string {
  if (typeof value === 'string') return value;
  throw unreadable(`an event's ${field} is no text`);
}

export function asIndex(event: Fields): number {
  const { index } = event;
  if (Number.isSafeInteger(index)) return Number(index);
  throw unreadable("an event's index is no whole number");
}

export function unreadable(message: string): BrokenAnswer {
  return new BrokenAnswer('unreadable', message);
}
