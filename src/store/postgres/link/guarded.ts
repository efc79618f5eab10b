import type { guard } from './failure.ts';

type GuardCode = (typeof guard)[keyof typeof guard];

/**
 * Wraps a statement that must touch exactly `$1` rows: if it touches fewer, the whole transaction ends
 * with the guard's code. So the COMMIT can be sent along with everything before it, and a turn needs
 * one round trip. Only after a failure commit-diagnosis.ts looks up what failed.
 */
export function guarded(code: GuardCode, sql: string): string {
  return `with done as (${sql} returning 1) ${guardedCount(code)}`;
}

/** The same, at the end of a statement whose rows `done` returns. */
export function guardedCount(code: GuardCode): string {
  return `select heddle.refuse('${code}')
    from (select count(*) as n from done) counted where n <> $1::int`;
}
