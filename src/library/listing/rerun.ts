/** A run once more: the same agent, user, pipeline, class and tags, with the same input or another. */
import type { RunId } from '../../domain/ids.ts';
import { limits } from '../../domain/limits.ts';
import { inputFromText } from '../../domain/input-text.ts';
import { asOptions } from '../../domain/options.ts';
import type { RunRow } from '../../store/rows.ts';
import type { Start } from '../agents/starts.ts';

/** How a run is begun once more. */
export type RerunOptions = {
  /** The tenant. Default `default`. */
  readonly tenant?: string;
  /** Its input in place of that of the run before. */
  readonly input?: unknown;
  /** A second rerun with the same key gives the first one's run. */
  readonly idempotencyKey?: string;
};

const mark = 'rerun-of:';

/** The tag that a rerun has: the list of runs with it is the list of reruns. */
const rerunTag = (runId: RunId): string => `${mark}${runId}`;

/** Where the run before is. The options are read once more by `rerunOf`. */
export function tenantOnly(given: RerunOptions): { readonly tenant?: string } {
  const { tenant } = asOptions(given, 'rerun', rerunKeys);
  return tenant === undefined ? {} : { tenant };
}

const rerunKeys = ['tenant', 'input', 'idempotencyKey'] as const;

/** The newest version of the agent is meant: a rerun often follows a mend. */
export function rerunOf(row: RunRow, given: RerunOptions): Start {
  const options = asOptions(given, 'rerun', rerunKeys);
  const { runId, agent, tenant, user, pipeline, priority, tags = [] } = row;
  const input = 'input' in options ? options.input : inputFromText(row.inputText);
  // The mark has its place even where the run has as many tags as it may have.
  const kept = tags.filter((tag) => !tag.startsWith(mark)).slice(0, limits.tagsMax - 1);
  const key = options.idempotencyKey;
  return {
    agent,
    tenant,
    user,
    priority,
    tags: [...kept, rerunTag(runId)],
    ...(input === undefined ? {} : { input }),
    // A run that named none is a pipeline of its own, and so is its rerun.
    ...(pipeline === runId ? {} : { pipeline }),
    ...(key === undefined ? {} : { idempotencyKey: key }),
  };
}
