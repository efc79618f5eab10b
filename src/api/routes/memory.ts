/**
 * Memory entries. An entry's ETag is the number of its newest version: whoever writes by PUT or DELETE says which
 * version they saw, and loses against a write that came in between. POST writes whatever is there.
 */
import { z } from 'zod';
import { HeddleError, heddleError } from '../../domain/errors.ts';
import { refuseField } from '../../domain/field.ts';
import { OutsideMemory } from '../../library/outside-memory.ts';
import type { MemoryOwner } from '../../library/requests.ts';
import { route, type Answer, type Ask } from '../route.ts';
import { json, limit, name } from '../shapes.ts';

const scopes = ['run', 'agent', 'user', 'tenant'] as const;
export const ofEntry = z.object({
  scope: z.enum(scopes),
  /** In scope `tenant` the tenant is the owner, and `-` stands here. */
  owner: name,
  key: name,
});
type Entry = z.output<typeof ofEntry>;

export function ownerOf({ scope, owner }: Entry, tenant: string): MemoryOwner {
  switch (scope) {
    case 'run':
      return { scope, tenant, runId: owner };
    case 'agent':
      return { scope, tenant, agent: owner };
    case 'user':
      return { scope, tenant, user: owner };
    case 'tenant':
      if (owner !== '-') refuseField('params.owner', 'must be - in scope tenant');
      return { scope, tenant };
  }
}

const memoryOf = ({ host, within }: Pick<Ask<unknown, unknown, unknown>, 'host' | 'within'>) =>
  new OutsideMemory(() => host.runtime, within);

/** As the store counts them. */
const versionMax = 2_147_483_647;

const etagOf = (version: number): string => `"${version}"`;

const written = z.object({ key: z.string(), version: z.int() }).meta({ id: 'Written' });
const valueSchema = z.strictObject({ value: json });
const versionSchema = z.object({
  version: z.int(),
  parent: z.int().nullable(),
  value: json,
  deleted: z.boolean(),
  runId: z.string().nullable(),
  turn: z.int().nullable(),
});

const get = route({
  method: 'GET',
  path: '/v1/memory/:scope/:owner/:key',
  scope: 'read',
  summary:
    'A memory entry, with its version as ETag and as many earlier versions as are asked for.',
  ofTenant: true,
  params: ofEntry,
  query: z.object({
    version: z.coerce.number().int().min(1).max(versionMax).optional(),
    history: z.coerce.number().int().min(0).max(1_000).default(0),
  }),
  answers: {
    200: z.object({
      key: z.string(),
      version: z.int(),
      value: json,
      history: z.array(versionSchema),
    }),
  },
  handle: async ({ heddle, tenant, params, query }) => {
    const { version, history } = query;
    const options = { history, ...(version === undefined ? {} : { version }) };
    const entry = await heddle.recall(ownerOf(params, tenant), params.key, options);
    if (!entry.found) throw heddleError('entry-unknown', { key: params.key });
    const { key, value, version: found, history: earlier } = entry;
    return {
      status: 200,
      body: { key, version: found, value, history: earlier },
      headers: { etag: etagOf(found) },
    };
  },
});

const conditions = {
  'If-Match': 'The ETag of the version that was seen, such as "3".',
  'If-None-Match': '`*`: there was no entry.',
};

type Written = { readonly key: string; readonly version: number };

type Headers = Readonly<Record<string, string | undefined>>;

/** The version that must be there; 0: none may be. */
function expectedOf(headers: Headers): number {
  const match = headers['if-match'];
  const none = headers['if-none-match'];
  if (match === undefined && none === undefined) throw heddleError('version-missing');
  if (match !== undefined && none !== undefined) {
    refuseField('headers.if-match', 'must not stand beside If-None-Match');
  }
  if (none !== undefined) {
    if (none.trim() === '*') return 0;
    refuseField('headers.if-none-match', 'must be *');
  }
  const [, digits] = /^\s*"(\d{1,15})"\s*$/.exec(match ?? '') ?? [];
  if (digits === undefined || Number(digits) === 0) {
    refuseField('headers.if-match', 'must be the ETag of the entry, such as "3"');
  }
  return Number(digits);
}

/** A conflict of versions is a failed precondition, for the client has named one. */
async function expecting(work: () => Promise<Written>): Promise<Written> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof HeddleError) || error.code !== 'memory-conflict') throw error;
    const { key = '', actual = 0 } = error.detail;
    throw heddleError('version-differs', { key, actual }, { cause: error });
  }
}

const writtenAs = (body: Written): Answer => ({
  status: body.version === 1 ? 201 : 200,
  body,
  headers: { etag: etagOf(body.version) },
});

const conditional = async (work: () => Promise<Written>): Promise<Answer> =>
  writtenAs(await expecting(work));

const put = route({
  method: 'PUT',
  path: '/v1/memory/:scope/:owner/:key',
  scope: 'run',
  summary:
    'Writes a version after the one that If-Match names, or the first with If-None-Match: *.',
  ofTenant: true,
  params: ofEntry,
  headers: conditions,
  body: valueSchema,
  answers: { 200: written, 201: written },
  handle: ({ heddle, tenant, params, body, headers }) => {
    const expectedVersion = expectedOf(headers);
    return conditional(() =>
      heddle.remember(ownerOf(params, tenant), params.key, body.value ?? null, { expectedVersion }),
    );
  },
});

const blind = route({
  method: 'POST',
  path: '/v1/memory/:scope/:owner/:key',
  scope: 'run',
  summary: 'Writes a version after the newest, whichever that is.',
  ofTenant: true,
  params: ofEntry,
  body: valueSchema,
  answers: { 200: written, 201: written },
  effect: ({ heddle, tenant, params, body }) =>
    expecting(() => heddle.remember(ownerOf(params, tenant), params.key, body.value ?? null)),
  answer: writtenAs,
});

const remove = route({
  method: 'DELETE',
  path: '/v1/memory/:scope/:owner/:key',
  scope: 'run',
  summary:
    'Deletes the entry, if it is still at the version that If-Match names. Its history stays.',
  ofTenant: true,
  params: ofEntry,
  headers: conditions,
  answers: { 200: written },
  handle: async ({ tenant, params, headers, ...ask }) => {
    const expectedVersion = expectedOf(headers);
    if (expectedVersion === 0) refuseField('headers.if-none-match', 'deletes nothing');
    const answer = await conditional(() =>
      memoryOf(ask).forget(ownerOf(params, tenant), params.key, { expectedVersion }),
    );
    const { version } = answer.body as { readonly version: number };
    if (version === 0) throw heddleError('entry-unknown', { key: params.key });
    return { ...answer, status: 200 };
  },
});

const versions = route({
  method: 'GET',
  path: '/v1/memory/:scope/:owner/:key/versions',
  scope: 'inspect',
  summary:
    'The versions of an entry, newest first, with the run and turn that wrote each; deletions too. `below`: only those before this one.',
  ofTenant: true,
  params: ofEntry,
  query: z.object({
    limit: limit(1_000, 100),
    below: z.coerce.number().int().min(2).max(versionMax).optional(),
  }),
  answers: { 200: z.object({ versions: z.array(versionSchema) }) },
  handle: async ({ tenant, params, query, ...ask }) => {
    const list = await memoryOf(ask).versions(ownerOf(params, tenant), params.key, query);
    if (list.length === 0) throw heddleError('entry-unknown', { key: params.key });
    return { status: 200, body: { versions: list } };
  },
});

export const memoryRoutes = [get, put, blind, remove, versions];
