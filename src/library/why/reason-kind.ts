/**
 * What a row's reason is about. The run's owner writes reasons in words (`wait-status.ts`, `call-trouble.ts`,
 * `turn-loader.ts`, `held-back.ts`); test/library/waits.test.ts plays each of them and looks at its kind here.
 */
import type { RunRow } from '../../store/rows.ts';
import { inLineReasons } from '../../runtime/turn/lifecycle.ts';

export type ReasonKind =
  'version' | 'build' | 'fault' | 'line' | 'backoff' | 'stalled' | 'parked' | 'budget';

/** The gates that the reason of a call in trouble is about: not those whose names a fault's words happen to hold. */
export function gatesNamed(reason: string): ReadonlySet<string> {
  const [, names = ''] =
    /^call .*?: provider (.*?) (?:failed|does not answer|refused key or spend)/s.exec(reason) ?? [];
  return new Set(names.split(', '));
}

export function reasonKind({ status, reason }: Pick<RunRow, 'status' | 'reason'>): ReasonKind {
  const words = reason ?? '';
  if (status === 'backoff') return 'backoff';
  if (status === 'running-task') return words.startsWith('task ') ? 'backoff' : 'line';
  if (words === inLineReasons.all || words === inLineReasons.some) return 'line';
  if (/^version .* of agent .* is not registered$/.test(words)) return 'version';
  if (words.startsWith('its next step threw under build ')) return 'build';
  if (/^call .*: .* refused key or spend/.test(words)) return 'parked';
  if (/^call .*: /.test(words)) return 'stalled';
  if (/budget/.test(words)) return 'budget';
  return 'fault';
}
