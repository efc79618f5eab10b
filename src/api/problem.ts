/**
 * Errors as problem+json (RFC 9457): the registry's code, message and status, and the field that is wrong. Where
 * HTTP has a status of its own for a thing, the API's own words (`api` below) take the registry's place.
 */
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { HeddleError, heddleError } from '../domain/errors.ts';
import { propertyOf, thrownText } from '../domain/thrown.ts';

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    retryable: z.boolean(),
    errors: z.array(z.object({ field: z.string(), reason: z.string() })).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457, with a code of heddle’s registry.' });

export type Problem = z.output<typeof problemSchema>;

const errorsMax = 20;
const reasonCharsMax = 200;

/** Problem types that have a name of their own: draft-ietf-httpapi-ratelimit-headers-11. */
const namedTypes: Readonly<Record<string, string>> = {
  'rate-limited': 'https://iana.org/assignments/http-problem-types#quota-exceeded',
  overloaded: 'https://iana.org/assignments/http-problem-types#temporary-reduced-capacity',
};

/** `prefix`: where the page `/docs` is. */
export function problemOf(
  error: HeddleError,
  { errors, prefix = '' }: { readonly errors?: Problem['errors']; readonly prefix?: string } = {},
): Problem {
  const { code, status, retryable, message } = error;
  const own = fieldOf(error) ?? issuesOf(error);
  return {
    type: namedTypes[code] ?? `${prefix}/docs#${code}`,
    title: code.replaceAll('-', ' '),
    status,
    detail: message,
    code,
    retryable,
    ...((errors ?? own) === undefined ? {} : { errors: errors ?? own }),
  };
}

function fieldOf({ code, detail }: HeddleError): Problem['errors'] {
  const { field, reason, bytesMax, key } = detail;
  if (typeof field !== 'string') return undefined;
  if (code === 'payload-too-large') {
    return [{ field, reason: `is larger than ${Number(bytesMax)} bytes as JSON` }];
  }
  if (code === 'start-key-used') return [{ field, reason: `${String(key)} was used before` }];
  return typeof reason === 'string' ? [{ field, reason }] : undefined;
}

/** The same error with its field where the client has sent it. */
export function placed(error: HeddleError, placeOf: (field: string) => string): HeddleError {
  const { code, detail } = error;
  const { field: given } = detail;
  if (typeof given !== 'string') return error;
  const field = placeOf(given).slice(0, reasonCharsMax);
  if (field === given) return error;
  return heddleError(code, { ...detail, field }, { cause: error });
}

/** As src/schema tells it: `path` is a JSON pointer. */
type SchemaIssue = { readonly path: string; readonly reason: string };

/** Where the value stands in a request that did not fit a schema of its agent or question. */
const roots: Readonly<Record<string, string>> = {
  'invalid-input': 'body.input',
  'invalid-event': 'body',
  'answer-invalid': 'body.answer',
};

function issuesOf({ code, detail }: HeddleError): Problem['errors'] {
  const { issuesText, place } = detail;
  const own = roots[code];
  if (own === undefined || typeof issuesText !== 'string') return undefined;
  const issues = JSON.parse(issuesText) as readonly SchemaIssue[];
  const root = typeof place === 'number' ? `body.starts.${place}.input` : own;
  if (issues.length === 0) return [{ field: root, reason: 'does not fit its schema' }];
  return issues.map(({ path, reason }) => ({
    field: `${root}${path.replaceAll('/', '.')}`.slice(0, reasonCharsMax),
    reason: reason.slice(0, reasonCharsMax),
  }));
}

type FastifyProblem = { readonly code?: unknown; readonly statusCode?: unknown };

/** Any error of a request as heddle's own. A client's fault is never `internal`. `query`: as the request has it. */
export function refusalOf(
  thrown: unknown,
  query?: unknown,
): { error: HeddleError; errors?: Problem['errors'] } {
  if (thrown instanceof HeddleError) return { error: thrown };
  if (hasZodFastifySchemaValidationErrors(thrown)) return ofSchema(thrown, query);
  const { code, statusCode } = Object(thrown) as FastifyProblem;
  const reason = thrownText(thrown).slice(0, reasonCharsMax);
  if (code === 'FST_ERR_BAD_URL' || code === 'FST_ERR_MAX_PARAM_LENGTH') {
    return { error: heddleError('request-malformed', { reason }) };
  }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return { error: heddleError('media-type-refused') };
  if (statusCode === 413) {
    return { error: heddleError('payload-too-large', { field: 'body', bytesMax: bodyBytesMax }) };
  }
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return { error: heddleError('invalid-json', { field: 'body', reason }) };
  }
  return { error: heddleError('internal', { reason }, { cause: thrown }) };
}

/** The input of a start is a payload, and others may stand beside it. */
export const bodyBytesMax = 4_194_304;

type Unfit = {
  readonly validation: readonly { readonly instancePath: string; readonly message?: string }[];
  readonly validationContext?: string;
};

function ofSchema(
  thrown: Unfit,
  query: unknown,
): { error: HeddleError; errors: Problem['errors'] } {
  const within = thrown.validationContext === 'querystring' ? 'query' : thrown.validationContext;
  const isTwice = (path: string): boolean =>
    within === 'query' && Array.isArray(propertyOf(query, path.slice(1)));
  const errors = thrown.validation.slice(0, errorsMax).map(({ instancePath, message }) => ({
    field: [within ?? 'body', ...instancePath.split('/').filter((part) => part !== '')]
      .join('.')
      .slice(0, reasonCharsMax),
    reason: (isTwice(instancePath) ? 'is given more than once' : (message ?? 'is wrong')).slice(
      0,
      reasonCharsMax,
    ),
  }));
  const [first = { field: 'body', reason: 'is wrong' }] = errors;
  return {
    error: heddleError('invalid-field', { ...first, reason: `is wrong: ${first.reason}` }),
    errors,
  };
}
