/** A length of time in a test: milliseconds, or a number with its unit. */
import { refuseField } from '../../domain/field.ts';
import { limits } from '../../domain/limits.ts';

/** Milliseconds, or a text such as `'250ms'`, `'30s'`, `'5m'`, `'2h'`, `'3d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/**
 * Throws `invalid-field` for a value that is no length of time, is negative, or longer than ten
 * years.
 */
export function durationMs(given: Duration, field: string): number {
  const ms = typeof given === 'string' ? textMs(given) : given;
  if (typeof ms !== 'number' || !(ms >= 0 && ms <= limits.delayMsMax)) {
    refuseField(field, "must be milliseconds or a text such as '30s', '5m' or '3d', up to 3650d");
  }
  return ms;
}

function textMs(text: string): number {
  const [, count = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  return unit === '' ? Number.NaN : Number(count) * unitMs[unit as keyof typeof unitMs];
}
