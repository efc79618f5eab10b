/** `heddle activity`: what was going on, step by step. */
import type { Command } from 'commander';
import type { ActivityCount } from '../client/index.ts';
import { apiCommand, withJsonFlags, type ApiFlags } from './api/api-flags.ts';
import { iso, printList, tableOf } from './api/printed.ts';
import { withClient } from './api/with-client.ts';
import { timeOf } from './runs/filter-flags.ts';
import type { Streams } from './streams.ts';
import { wholeOf } from './whole.ts';

type ActivityFlags = ApiFlags & {
  readonly from?: string;
  readonly to?: string;
  readonly step?: string;
};

export function addActivityCommand(program: Command, streams: Streams): void {
  const command = apiCommand(program, 'activity')
    .description(
      'show what was going on: open runs by status, calls in slots, gates that are not open',
    )
    .option('--from <time>', 'a time, as 2026-11-29T12:00Z, or an age, as 30m, 2h (default: 1h)')
    .option('--to <time>', 'the same (default: now)')
    .option('--step <seconds>', 'one count for each: 5, or a multiple of it');
  withJsonFlags(command, 'the counts').action(async (flags: ActivityFlags) => {
    const { from, to, step } = flags;
    const { counts } = await withClient(flags, ({ operator }) =>
      operator.activity({
        ...(from === undefined ? {} : { from: timeOf(from, 'from') }),
        ...(to === undefined ? {} : { to: timeOf(to, 'to') }),
        ...(step === undefined
          ? {}
          : { step: wholeOf(step, 'step', { min: 5, max: 604_800 }) * 1_000 }),
      }),
    );
    const none = 'Nothing was counted in that time.';
    printList(streams, flags, counts, { text: activityTable, none });
  });
}

/** A column for each status that any count has. */
function activityTable(counts: readonly ActivityCount[]): string {
  const open = counts.map(({ statuses }) => new Map(Object.entries(statuses)));
  const names = [...new Set(open.flatMap((one) => [...one.keys()]))].toSorted();
  const rows = counts.map(({ atMs, inSlots, isWhole, gates }, at) => {
    const by = names.map((name) => open[at]?.get(name) ?? 0);
    const total = by.reduce((sum, n) => sum + n, 0);
    const shut = gates.filter(({ status }) => status !== 'open');
    return [
      iso(atMs),
      isWhole ? total : `${total}+`,
      ...by,
      inSlots,
      shut.map(({ gate, status }) => `${gate} ${status}`).join(', '),
    ];
  });
  return tableOf(['at', 'open', ...names, 'in slots', 'gates'], rows);
}
