/**
 * Guards the host's log once, where it comes in. What the log throws or rejects with is dropped, because
 * there is no place left to report it.
 */
import { refuseField } from '../../domain/field.ts';
import { callOutside } from './host-code.ts';
import type { Log } from '../ports.ts';

export function hostLog(log: Log): Log {
  return {
    info: (message, facts) => callOutside(() => log.info(message, facts), dropped),
    warn: (message, facts) => callOutside(() => log.warn(message, facts), dropped),
  };
}

function dropped(): void {}

/** Refuses a value that is no log, by the field that is missing, before anything is opened. */
export function checkLog(value: unknown): Log {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) {
    refuseField('log', 'must be an object with the methods info and warn');
  }
  for (const name of ['info', 'warn'] as const) {
    if (typeof methodOf(value, name) !== 'function') {
      refuseField(`log.${name}`, 'must be a function');
    }
  }
  return value as Log;
}

function methodOf(log: object, name: 'info' | 'warn'): unknown {
  try {
    return (log as Readonly<Record<string, unknown>>)[name];
  } catch {
    return undefined;
  }
}
