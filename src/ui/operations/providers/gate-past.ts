/** What a gate went through lately, as far as the activity history tells: when its status or its limit changed. */
import type { ActivityCount } from '../../../client/index.ts';

export type GateChange = {
  readonly atMs: number;
  readonly kind: 'status' | 'limit';
  readonly from: string;
  readonly to: string;
};

const changesMax = 12;

/** The newest first. Between two counts it may have gone through more. */
export function gateChanges(counts: readonly ActivityCount[], gate: string): readonly GateChange[] {
  const changes: GateChange[] = [];
  let before: ActivityCount['gates'][number] | undefined;
  for (const { atMs, gates } of counts) {
    const now = gates.find((one) => one.gate === gate);
    if (now === undefined) continue;
    if (before !== undefined && before.status !== now.status) {
      changes.push({ atMs, kind: 'status', from: before.status, to: now.status });
    }
    if (before !== undefined && before.limit !== now.limit) {
      changes.push({ atMs, kind: 'limit', from: String(before.limit), to: String(now.limit) });
    }
    before = now;
  }
  return changes.toReversed().slice(0, changesMax);
}
