/**
 * remember, forget and recall inside a turn. A write takes the version after the newest that was read.
 * When another write came first the store refuses the turn, and it is computed again: so a
 * compare-and-set that the chart asked for can never be lost to a race. A turn reads its own writes.
 */
import type { MemoryScope } from '../../domain/catalogue.ts';
import {
  checkForget,
  checkRecall,
  checkRemember,
  type ResolvedWrite,
} from '../../domain/catalogue-input.ts';
import { heddleError } from '../../domain/errors.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import type { MemoryRead } from '../../store/caller-port.ts';
import type { MemoryAddress, MemoryVersionRow, NewRun } from '../../store/rows.ts';
import { recalled } from './recalled.ts';
import type { Draft } from './draft.ts';
import { readMemory, type Reading } from './reading.ts';
import type { TurnContext } from './turn-context.ts';

/** The owner of a scope's entries: the run itself, its agent, its user or its tenant. */
function ownerOf(scope: MemoryScope, run: NewRun): string {
  switch (scope) {
    case 'run':
      return run.runId;
    case 'agent':
      return run.agent;
    case 'user':
      return run.user;
    case 'tenant':
      return run.tenant;
  }
}

export function* remember(draft: Draft, input: Json, context: TurnContext): Reading<Json> {
  return yield* write(draft, checkRemember(input), context);
}

export function* forget(draft: Draft, input: Json, context: TurnContext): Reading<Json> {
  return yield* write(draft, checkForget(input), context);
}

function* write(draft: Draft, asked: ResolvedWrite, context: TurnContext): Reading<Json> {
  const address = addressOf(draft, asked);
  const read = { ...address, version: null, history: 0 };
  // A write that expects no version and is no `forget` makes a new version after the newest, whatever
  // that is.
  const isSure = asked.expectedVersion === null && asked.mode !== 'forget';
  const { newest, versions } = yield* versionsOf(draft, read, isSure);
  if (asked.expectedVersion !== null) {
    const actual = versions[0]?.deleted === true && asked.expectedVersion === 0 ? 0 : newest;
    if (actual !== asked.expectedVersion) {
      throw heddleError('memory-conflict', {
        key: asked.key,
        actual: newest,
        expected: asked.expectedVersion,
      });
    }
  }
  const before = versions[0];
  if (asked.mode === 'forget' && (before === undefined || before.deleted)) {
    return { key: asked.key, version: 0 };
  }
  if (newest === 0) context.admit(address.tenant, 'memoryEntries');
  const value = asked.mode === 'merge' ? mergePatch(valueOf(before), asked.value) : asked.value;
  draft.memory.push({
    ...address,
    version: newest + 1,
    valueText: JSON.stringify(value),
    deleted: asked.mode === 'forget',
    runId: draft.from.run.runId,
    turn: draft.turn,
  });
  return { key: asked.key, version: newest + 1 };
}

export function* recall(draft: Draft, input: Json): Reading<Json> {
  const asked = checkRecall(input);
  const { version, history } = asked;
  const read = { ...addressOf(draft, asked), version, history };
  const { versions } = yield* versionsOf(draft, read, false);
  return recalled(asked.key, versions, history);
}

function addressOf(draft: Draft, asked: { scope: MemoryScope; key: string }): MemoryAddress {
  const { run } = draft.from;
  return {
    tenant: run.tenant,
    scope: asked.scope,
    owner: ownerOf(asked.scope, run),
    key: asked.key,
  };
}

function valueOf(row: MemoryVersionRow | undefined): Json {
  return row === undefined || row.deleted ? null : (JSON.parse(row.valueText) as Json);
}

/** The stored versions with this turn's own writes on top, newest first. */
function* versionsOf(
  draft: Draft,
  read: MemoryRead,
  forWrite: boolean,
): Reading<{ newest: number; versions: readonly MemoryVersionRow[] }> {
  const own = draft.memory.filter(
    (row) => row.key === read.key && row.scope === read.scope && row.owner === read.owner,
  );
  const stored = yield* readMemory(read, forWrite);
  if (own.length === 0) return stored;
  const written = own.map((row) => ({ ...row, createdAtMs: 0 })).reverse();
  const all = [...written, ...stored.versions];
  const newest = own.at(-1)?.version ?? stored.newest;
  const { version } = read;
  if (version === null) return { newest, versions: all };
  return { newest, versions: version > newest ? [] : all.filter((row) => row.version <= version) };
}

/**
 * JSON Merge Patch, RFC 7386: an object's keys are merged into the target, null deletes a key,
 * anything else replaces the target.
 */
function mergePatch(target: Json, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const merged: Record<string, Json> = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key] ?? null, value);
  }
  return merged;
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
