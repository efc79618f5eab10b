/** What a run waits for, in the few lines of a tip: its place in line, and the runs of its pipeline that stand before it. */
import type { Why } from '../../../client/index.ts';
import { duration } from '../../look/duration.ts';

const hopsMax = 4;

type Place = {
  readonly length: number;
  readonly aheadOfSameUser: number;
  readonly estimateMs: number | null;
};

/** Empty for a run that waits for nothing that can be told. */
export function tipLines({ waits, chain, unknown }: Why): readonly string[] {
  const lines: string[] = [];
  for (const wait of waits) {
    const { place, reason } = wait as { readonly place?: Place | null; readonly reason?: string };
    if (place !== null && place !== undefined) lines.push(placeLine(place));
    else if (typeof reason === 'string' && reason !== '') lines.push(reason);
    else if (wait.kind === 'channel') lines.push(`for a message on ${channelsOf(wait)}`);
  }
  for (const { agent, runId, words } of chain.hops.slice(0, hopsMax)) {
    lines.push(`of ${agent} …${runId.slice(-6)}: ${words}`);
  }
  const left = chain.hops.length - hopsMax;
  if (left > 0 || chain.isCut) lines.push(left > 0 ? `and ${left} more runs` : 'and more runs');
  if (chain.circle.length > 0) lines.push('These runs wait for one another: none can go on.');
  for (const { channels } of chain.nobodyOpen) {
    lines.push(`No open run can publish on ${channels.join(', ')} any more.`);
  }
  if (unknown !== null) lines.push(unknown);
  return lines;
}

function placeLine({ length, aheadOfSameUser, estimateMs }: Place): string {
  if (length <= 1) return 'nobody else waits in its line';
  const own = aheadOfSameUser === 0 ? 'none of its user' : `${aheadOfSameUser} of its user`;
  const when = estimateMs === null ? '' : `, its turn in about ${duration(estimateMs)}`;
  return `${length} wait in its line, ${own} before it${when}`;
}

function channelsOf(wait: Why['waits'][number]): string {
  const { channels } = wait as { readonly channels?: readonly string[] };
  return (channels ?? []).join(', ');
}
