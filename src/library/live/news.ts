/**
 * What can be followed, and the word that comes of it. Word is a hint about rows that are committed already, or
 * about what only memory knows; it may be lost and may come twice. Who follows a log reads the rows.
 */
import type { RunId } from '../../domain/ids.ts';
import type { Place, RunPhase } from '../../domain/calls/phase.ts';
import type { CallDelta } from '../../runtime/calls/texts.ts';
import type { RunStatus } from '../../../machines/run.ts';

export type Interest =
  /** The turns of one run. */
  | { readonly kind: 'run'; readonly tenant: string; readonly runId: RunId }
  /** Text, reasoning and tool calls of one run's models, as they come. */
  | { readonly kind: 'text'; readonly tenant: string; readonly runId: RunId }
  | { readonly kind: 'channel'; readonly tenant: string; readonly channel: string }
  /** Every change of every run. */
  | { readonly kind: 'runs' }
  /** Rows of gates that were written. */
  | { readonly kind: 'gates' };

/** `row`: its row has changed; else only the phase of its calls has. */
export type RunNews = RunPhase & {
  readonly kind: 'run';
  readonly tenant: string;
  readonly runId: RunId;
  readonly turn: number;
  readonly status: RunStatus;
  readonly ended: boolean;
  readonly row: boolean;
  /** Null in word of many runs. */
  readonly place: Place | null;
};
/** Pieces of this call's answer were left out: there was no room for them. */
type TextLeft = Pick<CallDelta, 'runId' | 'invocationId'> & { readonly left: true };

export type News =
  | RunNews
  | { readonly kind: 'gates' }
  | { readonly kind: 'text'; readonly tenant: string; readonly delta: CallDelta | TextLeft }
  | { readonly kind: 'channel'; readonly tenant: string; readonly channel: string };

/** Names hold no NUL, so no two interests have the same key. */
export function interestKey(interest: Interest): string {
  if (interest.kind === 'runs' || interest.kind === 'gates') return interest.kind;
  const what = interest.kind === 'channel' ? interest.channel : interest.runId;
  return [interest.kind, interest.tenant, what].join('\u0000');
}

/** The keys of the interests that this is word for. */
export function keysOf(news: News): readonly string[] {
  if (news.kind === 'gates') return ['gates'];
  const { kind, tenant } = news;
  if (kind === 'channel') return [[kind, tenant, news.channel].join('\u0000')];
  if (kind === 'text') return [[kind, tenant, news.delta.runId].join('\u0000')];
  return [[kind, tenant, news.runId].join('\u0000'), 'runs'];
}
