/** The flags that say which runs are meant: the same for lists, counts and commands to many. */
import type { Command } from 'commander';
import type { RunsFilter, RunStatus } from '../../client/index.ts';
import { asOneOf, refuseField } from '../../domain/field.ts';
import { runStatuses } from '../../library/runs-query.ts';

export type FilterFlags = {
  readonly status?: string;
  readonly agent?: string;
  readonly user?: string;
  readonly pipeline?: string;
  readonly parent?: string;
  readonly code?: string;
  readonly tag?: string;
  readonly id?: string;
  readonly startedAfter?: string;
  readonly startedBefore?: string;
  readonly endedAfter?: string;
  readonly endedBefore?: string;
};

export function withFilterFlags(command: Command): Command {
  return command
    .option('--status <list>', 'only with one of these statuses, as in failed,stalled')
    .option('--agent <name>', 'only of this agent')
    .option('--user <name>', 'only of this user')
    .option('--pipeline <name>', 'only of this pipeline')
    .option('--parent <id>', 'only children of this run')
    .option('--code <text>', 'only those that ended with this error')
    .option('--tag <list>', 'only with all of these tags, as in red,urgent')
    .option('--id <prefix>', 'only those whose id begins so')
    .option('--started-after <time>', 'a time, as 2026-11-29T12:00Z, or an age, as 30m, 2h, 7d')
    .option('--started-before <time>', 'the same')
    .option('--ended-after <time>', 'the same')
    .option('--ended-before <time>', 'the same');
}

export function filterOf(flags: FilterFlags): RunsFilter {
  const { status, agent, user, pipeline, parent, code, tag, id } = flags;
  const { startedAfter, startedBefore, endedAfter, endedBefore } = flags;
  const statuses = status
    ?.split(',')
    .map((one): RunStatus => asOneOf(one.trim(), 'status', runStatuses));
  return {
    ...(statuses === undefined ? {} : { status: statuses }),
    ...(agent === undefined ? {} : { agent }),
    ...(user === undefined ? {} : { user }),
    ...(pipeline === undefined ? {} : { pipeline }),
    ...(parent === undefined ? {} : { parent }),
    ...(code === undefined ? {} : { code }),
    ...(tag === undefined ? {} : { tag: tag.split(',').map((one) => one.trim()) }),
    ...(id === undefined ? {} : { idPrefix: id }),
    ...(startedAfter === undefined ? {} : { startedFromMs: timeOf(startedAfter, 'startedAfter') }),
    ...(startedBefore === undefined
      ? {}
      : { startedBelowMs: timeOf(startedBefore, 'startedBefore') }),
    ...(endedAfter === undefined ? {} : { endedFromMs: timeOf(endedAfter, 'endedAfter') }),
    ...(endedBefore === undefined ? {} : { endedBelowMs: timeOf(endedBefore, 'endedBefore') }),
  };
}

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** In ms since 1970. */
export function timeOf(text: string, field: string): number {
  const [, number, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const ms =
    number === undefined
      ? Date.parse(text)
      : Date.now() - Number(number) * unitMs[unit as keyof typeof unitMs];
  if (!Number.isInteger(ms) || ms < 0) {
    refuseField(field, 'must be a time, as 2026-11-29T12:00Z, or an age, as 30m, 2h, 7d');
  }
  return ms;
}
