/** Branded names of things. Each brand is made in one place: here. */
import { heddleError } from './errors.ts';
import { isSafeText } from './json.ts';
import { limits } from './limits.ts';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** A UUID (version 7 when heddle makes it, so that ids sort by age). */
export type RunId = Branded<'RunId'>;
/** A UUID that names one process from its start to its end. A restart is a new replica. */
export type ReplicaId = Branded<'ReplicaId'>;
/** A UUID that one batch of turns or commands carries, so that a lost COMMIT reply can be settled. */
export type CommitId = Branded<'CommitId'>;

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

function parseUuid(text: unknown, field: string): string {
  if (typeof text !== 'string' || !uuid.test(text))
    throw heddleError('invalid-field', { field, reason: 'is not a UUID' });
  return text;
}

export const asRunId = (text: unknown): RunId => parseUuid(text, 'runId') as RunId;
/** Null for a text that is no id of a run. */
export const runIdIn = (text: string): RunId | null => (uuid.test(text) ? (text as RunId) : null);
export const asReplicaId = (text: string): ReplicaId => parseUuid(text, 'replicaId') as ReplicaId;
export const asCommitId = (text: string): CommitId => parseUuid(text, 'commitId') as CommitId;

/** Milliseconds since 1970 at which heddle made this run's id: RFC 9562 §5.7, the first 48 bits. */
export function madeAtMs(runId: RunId): number {
  return Number.parseInt(runId.slice(0, 8) + runId.slice(9, 13), 16);
}

/** Checks a name that a user chose (tenant, channel, key …) and returns it. */
export function checkName(text: unknown, field: string): string {
  if (typeof text !== 'string' || text.length === 0) {
    throw heddleError('invalid-field', { field, reason: 'must be a text that is not empty' });
  }
  if (text.length > limits.nameCharsMax) {
    throw heddleError('invalid-field', {
      field,
      reason: `is longer than ${limits.nameCharsMax} characters`,
    });
  }
  if (!isSafeText(text)) {
    throw heddleError('invalid-field', { field, reason: 'holds NUL or a lone surrogate' });
  }
  return text;
}

/** Shards never change in number once a database exists: a run's shard is stored with it. */
export const shardCount = 32;

/**
 * The shard of a pipeline, or of a run that has none: FNV-1a over UTF-16 units, so that runs which
 * talk to each other live on one replica. Source: http://www.isthe.com/chongo/tech/comp/fnv.
 */
export function shardOf(pipelineOrRun: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < pipelineOrRun.length; i++) {
    hash = Math.imul(hash ^ pipelineOrRun.charCodeAt(i), 0x01000193);
  }
  return (hash >>> 0) % shardCount;
}
