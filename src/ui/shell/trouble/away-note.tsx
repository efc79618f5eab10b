/** heddle cannot be asked: since when, what that means, and a way to ask at once. */
import type { JSX } from 'preact';
import { duration, instant, nowMs } from '../../look/time.ts';
import { away, feelPulse } from './pulse.ts';

export function AwayNote(): JSX.Element | null {
  const of = away.value;
  if (of === null) return null;
  const { sinceMs, what } = of;
  return (
    <div class="note bad away" role="alert">
      <b>
        {what === 'process'
          ? `heddle has not answered since ${instant(sinceMs)}.`
          : `heddle has not been ready since ${instant(sinceMs)}: its database does not answer it, or it stops.`}
      </b>{' '}
      {what === 'process'
        ? 'Runs go on where other replicas serve; else they wait, and nothing of them is lost.'
        : 'Nothing begins until it does. What was accepted is kept.'}{' '}
      What you see is {duration(nowMs.value - sinceMs)} old. The page asks again by itself.{' '}
      <button class="button small" type="button" onClick={() => void feelPulse()}>
        Ask now
      </button>
    </div>
  );
}
