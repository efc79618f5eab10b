/** The bars of a call's attempts: when each request was out, how it ended, and how long the call was held back after it. */
import type { Attempt } from '../../../client/index.ts';
import type { Look } from '../../look/states.ts';
import type { Bar } from './bar.ts';

/** A request that is out now. Its start is not kept anywhere: `sinceMs` is when this page first saw it. */
export type OutNow = {
  readonly invocationId: string;
  readonly provider: string;
  readonly attempt: number;
  readonly sinceMs: number;
};

type Ends = {
  /** When an incarnation of the call ended, or the end of the picture. */
  readonly untilOf: (incarnation: number) => number;
  readonly isOut: OutNow | undefined;
  readonly toMs: number;
};

export function attemptBars(
  attempts: readonly Attempt[],
  { untilOf, isOut, toMs }: Ends,
): readonly Bar[] {
  const inOrder = attempts.toSorted((a, b) => a.sentAtMs - b.sentAtMs);
  const bars = inOrder.flatMap((attempt, at): Bar[] => {
    const next = inOrder[at + 1];
    const goesOn = next?.incarnation === attempt.incarnation ? next.sentAtMs : null;
    const until = goesOn ?? Math.min(isOut?.sinceMs ?? toMs, untilOf(attempt.incarnation));
    return [barOf(attempt), ...heldBack(attempt, until, goesOn !== null)];
  });
  if (isOut === undefined) return bars;
  const { provider, attempt, sinceMs } = isOut;
  const words = `attempt ${attempt} is out at ${provider}, seen since`;
  return [
    ...bars,
    { kind: 'out', from: Math.min(sinceMs, toMs), to: toMs, look: 'slot', label: '', words },
  ];
}

function barOf({ how, provider, fault, count, sentAtMs, endedAtMs }: Attempt): Bar {
  const label = labelOf(how, fault);
  return {
    kind: 'attempt',
    from: sentAtMs,
    to: endedAtMs,
    look: lookOfEnd(how),
    label: count > 1 ? `${count} × ${label}` : label,
    words: `${provider} ${how}${fault === undefined ? '' : `: ${fault.slice(0, 200)}`},`,
  };
}

function labelOf(how: Attempt['how'], fault = ''): string {
  if (how === 'answered') return '';
  if (how === 'rate-limited') return '429';
  return /\b[45]\d\d\b/.exec(fault)?.[0] ?? '×';
}

function lookOfEnd(how: Attempt['how']): Look {
  if (how === 'answered') return 'slot';
  if (how === 'rate-limited') return 'backoff';
  return how === 'failed' || how === 'refused' ? 'failed' : 'stalled';
}

/** As long as the provider asked to wait; where it did not say, until the call was tried again. */
function heldBack(
  { how, endedAtMs, waitMs }: Attempt,
  until: number,
  isTriedAgain: boolean,
): readonly Bar[] {
  if (how === 'answered' || how === 'failed' || how === 'aborted') return [];
  if (waitMs === undefined && !isTriedAgain) return [];
  const to = Math.min(endedAtMs + (waitMs ?? Infinity), until);
  if (to <= endedAtMs) return [];
  const words = waitMs === undefined ? 'until it was tried again' : 'the provider asked to wait';
  return [{ kind: 'held-back', from: endedAtMs, to, look: 'backoff', label: '', words }];
}
