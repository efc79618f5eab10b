/** The bounds of one attempt: the defaults, and what a provider's options may set instead. */
import { asWhole, refuseField } from '../../domain/field.ts';

/** The bounds of one attempt at a provider over HTTP. */
export type WireLimits = {
  /** From the request to the first header. Long, because a local model may have to be loaded. */
  readonly firstByteMsMax: number;
  /** Without a byte in the middle of an answer. */
  readonly idleMsMax: number;
  /** From the request to the last byte. */
  readonly deadlineMsMax: number;
  /** Of one answer as it comes, with its frames. */
  readonly responseBytesMax: number;
  /** Of one line of an answer, because a line is held until it is complete. */
  readonly lineBytesMax: number;
};

const defaults: WireLimits = {
  firstByteMsMax: 90_000,
  idleMsMax: 90_000,
  deadlineMsMax: 600_000,
  responseBytesMax: 67_108_864,
  lineBytesMax: 4_194_304,
};

/** A timer can hold a little less than 25 days. */
const max = 2_000_000_000;

/** Throws `invalid-field` and names the option, also for an unknown option, which may be misspelt. */
export function resolveWireLimits(
  given: Partial<WireLimits>,
  own: Partial<WireLimits> = {},
): WireLimits {
  for (const key in given) if (!Object.hasOwn(defaults, key)) refuseField(key, 'is unknown');
  const of = (key: keyof WireLimits): number =>
    asWhole(given[key], key, { min: 1, max, fallback: own[key] ?? defaults[key] });
  return {
    firstByteMsMax: of('firstByteMsMax'),
    idleMsMax: of('idleMsMax'),
    deadlineMsMax: of('deadlineMsMax'),
    responseBytesMax: of('responseBytesMax'),
    lineBytesMax: of('lineBytesMax'),
  };
}
