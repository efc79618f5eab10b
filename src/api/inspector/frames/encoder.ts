/**
 * Frames of the inspector's protocols. A client names the version that it speaks; each stands in a file of its own.
 *
 * What is not of a protocol are heddle's own words to the client: their types begin with `@heddle.`, and they have no
 * `_version`, so that receivers of that protocol pass them over.
 */
import { encoder072 } from './encoder-0-7-2.ts';
import type { Encoder } from './encoder-port.ts';

const all: readonly Encoder[] = [encoder072];

export const encoderVersions: readonly string[] = all.map(({ version }) => version);

/** The newest when none is named. */
export function encoderOf(version: string | undefined): Encoder | undefined {
  return version === undefined ? all.at(-1) : all.find((one) => one.version === version);
}
