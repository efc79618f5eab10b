/** Where simulated authors and providers throw what has no text: the world that is played hears of it. */
export const throwingPlaces = [
  'guard',
  'assign',
  'delay',
  'context',
  'input',
  'output',
  'enqueueActions',
  'async guard',
  'action',
  'task',
  'rejecting task',
  'provider',
  'odd answer',
] as const;
export type ThrowingPlace = (typeof throwingPlaces)[number];

let hear: (place: ThrowingPlace) => void = () => undefined;

export function throwsAreHeardBy(next: (place: ThrowingPlace) => void): void {
  hear = next;
}

export function throwOddly(place: ThrowingPlace): never {
  hear(place);
  throw Object.create(null);
}

/** A promise that rejects with it when its place has long been left. */
export async function rejectOddly(place: ThrowingPlace): Promise<never> {
  hear(place);
  await Promise.resolve();
  throw Object.create(null);
}

/** In the place of an answer. */
export function oddAnswer(): never {
  hear('odd answer');
  return Object.create(null) as never;
}
