/**
 * Whether heddle can be asked: a question every few seconds while the page is seen, and at once when something was not
 * answered. Nothing else says that heddle is away: all pages say the same when it is, and ask anew when it is back.
 */
import { signal } from '@preact/signals';
import { apiAt } from '../base.ts';

const everyMs = 3_000;
const patienceMs = 5_000;
/** One answer that does not come may be an accident. */
const missesMin = 2;

export type Away = {
  readonly sinceMs: number;
  /** The process does not answer; or it does, and its database does not answer it, or it stops. */
  readonly what: 'process' | 'unready';
};

/** Null: it answers. */
export const away = signal<Away | null>(null);
/** Grows when it answers again. */
export const returns = signal(0);

let misses = 0;
let isAsking = false;

/** Something was not answered: heddle is asked whether it is there, and no second miss is waited for. */
export function suspectAbsence(): void {
  misses = Math.max(misses, missesMin - 1);
  void feelPulse();
}

export async function feelPulse(): Promise<void> {
  if (isAsking) return;
  isAsking = true;
  const begunMs = Date.now();
  const what = await missing();
  isAsking = false;
  if (what === null) {
    misses = 0;
    if (away.peek() === null) return;
    away.value = null;
    returns.value += 1;
    return;
  }
  misses += 1;
  if (misses < missesMin) return;
  const sinceMs = away.peek()?.sinceMs ?? begunMs - everyMs;
  if (away.peek()?.what !== what) away.value = { sinceMs, what };
}

async function missing(): Promise<Away['what'] | null> {
  try {
    const signalOf = AbortSignal.timeout(patienceMs);
    const { status } = await fetch(`${apiAt}/readyz`, { signal: signalOf, cache: 'no-store' });
    // A proxy answers so for a process that is not there.
    if (status === 502 || status === 504) return 'process';
    return status === 503 ? 'unready' : null;
  } catch {
    return 'process';
  }
}

setInterval(() => {
  if (!document.hidden) void feelPulse();
}, everyMs);
