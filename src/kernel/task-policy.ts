/**
 * The policy of a task's attempts, as an author gives it; wrong fields are refused where the task
 * is made.
 */
import { asWhole } from '../domain/field.ts';
import { limits } from '../domain/limits.ts';
import { asOptions } from '../domain/options.ts';

/**
 * How often and for how long a task is tried. Fields that are left out come from the runtime's
 * settings.
 */
export type TaskPolicy = {
  /**
   * 1 to 10,000. Default 1. An attempt whose process has ended is made again and does not count:
   * ten times at most, or `attempts` times if that is more. Then the task fails with `task-lost`.
   */
  readonly attempts?: number;
  /**
   * The pause before the second attempt; it doubles before each further one, up to an hour. Default
   * 1,000.
   */
  readonly backoffMs?: number;
  /**
   * The time from the commit of the turn that asks to the result, over all attempts and the pauses
   * between them, also over restarts. After it the task fails with `invocation-timeout`. Default:
   * no limit.
   */
  readonly timeoutMs?: number;
  /**
   * The time of each attempt, from its beginning. An attempt that takes longer has failed. Default:
   * no limit.
   */
  readonly attemptTimeoutMs?: number;
};

const attemptsMax = 10_000;

export function checkTaskPolicy(given: TaskPolicy, field: string): TaskPolicy {
  const policy = asOptions(given, field, [
    'attempts',
    'backoffMs',
    'timeoutMs',
    'attemptTimeoutMs',
  ]);
  const whole = (name: keyof TaskPolicy, min: number, max: number): void => {
    asWhole(policy[name], `${field}.${name}`, { min, max, fallback: null });
  };
  whole('attempts', 1, attemptsMax);
  whole('backoffMs', 0, limits.backoffMsMax);
  whole('timeoutMs', 1, limits.delayMsMax);
  whole('attemptTimeoutMs', 1, limits.delayMsMax);
  return Object.freeze(policy);
}
