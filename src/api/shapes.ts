/** The shapes that several routes answer with. Named ones stand once in the OpenAPI document. */
import { z } from 'zod';
import { limits } from '../domain/limits.ts';
import { priorities } from '../domain/priority.ts';
import { runStatuses } from '../library/runs-query.ts';
import type { RunLine } from '../store/ports/listing-port.ts';
import type { RunRow } from '../store/rows.ts';
import type { Answer } from './route.ts';
import { name, runId } from './streams/names.ts';

export { name, runId };

/** Any JSON. What a run may hold is the library's to decide. */
export const json = z.unknown().meta({ description: 'Any JSON.' });
export const tagsSchema = z.array(z.string().min(1).max(limits.tagCharsMax)).max(limits.tagsMax);
export const limit = (max: number, fallback: number) =>
  z.coerce.number().int().min(1).max(max).default(fallback);
export const count = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
export const ofRun = z.object({ runId });

export const journalEntry = z
  .looseObject({
    kind: z.string(),
    by: z
      .string()
      .optional()
      .meta({ description: 'Who has sent it: a token’s name, `library` or `loopback`.' }),
  })
  .meta({ id: 'JournalEntry', description: 'An event, a command or a fact, with its fields.' });

/** A proxy may end what is silent for 30 s. */
export const waitMsMax = 25_000;
export const waitMs = (fallback: number) =>
  z.coerce.number().int().min(0).max(waitMsMax).default(fallback);

const errorSchema = z
  .object({ code: z.string(), message: z.string() })
  .loose()
  .meta({ id: 'RunError', description: 'The error with which a run failed or was cancelled.' });

export const runSchema = z
  .object({
    id: runId,
    tenant: z.string(),
    agent: z.string(),
    version: z.string(),
    user: z.string(),
    pipeline: z.string(),
    parentRunId: runId.nullable(),
    priority: z.enum(priorities),
    tags: z.array(z.string()),
    status: z.enum(runStatuses),
    reason: z.string().nullable(),
    code: z.string().nullable(),
    turn: z.int(),
    createdAtMs: z.number(),
    endedAtMs: z.number().nullable(),
  })
  .meta({ id: 'Run' });

export function runOf(row: RunRow): z.input<typeof runSchema> {
  return lineOf({ ...row, code: row.error?.code ?? null });
}

export function lineOf(line: RunLine): z.input<typeof runSchema> {
  const { runId: id, tenant, agent, version, user, pipeline, parent, priority, tags = [] } = line;
  const { status, reason, code, turn, createdAtMs, endedAtMs } = line;
  const parentRunId = parent === null ? null : parent.runId;
  const fixed = { id, tenant, agent, version, user, pipeline, parentRunId, priority };
  return { ...fixed, tags: [...tags], status, reason, code, turn, createdAtMs, endedAtMs };
}

const placeSchema = z
  .object({
    line: z.string(),
    length: z.int(),
    aheadOfSameUser: z.int(),
    estimateMs: z.number().nullable(),
    asOf: z.number(),
  })
  .meta({
    id: 'Place',
    description: 'A place in a line. The line moves: `estimateMs` is an estimate, of `asOf`.',
  });

export const callSchema = z
  .object({
    phase: z.enum(['waits-for-slot', 'in-slot', 'answered', 'unknown']).nullable(),
    provider: z.string().nullable(),
    place: placeSchema.nullable(),
    why: z.string().nullable(),
  })
  .meta({
    id: 'Call',
    description: 'Where the provider calls of a run stand. Its owner knows it.',
  });

export const listedRunSchema = z
  .object({ ...runSchema.shape, call: callSchema.omit({ place: true }).optional() })
  .meta({ id: 'ListedRun' });

export const outcomeSchema = z
  .object({
    id: runId,
    status: z.enum(runStatuses),
    output: json.optional(),
    error: errorSchema.optional(),
  })
  .meta({ id: 'Outcome', description: 'What a run came to; a failure is an answer, not a fault.' });

export function outcomeOf(row: RunRow): z.input<typeof outcomeSchema> {
  const { runId: id, status, outputText, error } = row;
  if (status === 'completed') {
    return { id, status, output: outputText === null ? null : (JSON.parse(outputText) as unknown) };
  }
  return error === null ? { id, status } : { id, status, error: { ...error } };
}

export const acceptedSchema = z
  .object({ id: runId })
  .meta({ id: 'Accepted', description: 'It is durable, and the run will take it in its turn.' });

export const accepted = (id: string): Answer => ({ status: 202, body: { id } });

export const startedSchema = z
  .object({ id: z.string(), tenant: z.string() })
  .meta({ id: 'Started' });

/** A run that was accepted, with its address. */
export function startedAt({
  id,
  tenant,
}: {
  readonly id: string;
  readonly tenant: string;
}): Answer {
  const at = tenant === 'default' ? '' : `?tenant=${encodeURIComponent(tenant)}`;
  return { status: 202, body: { id, tenant }, headers: { location: `/v1/runs/${id}${at}` } };
}
