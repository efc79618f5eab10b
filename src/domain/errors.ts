/**
 * The registry of errors: code, message that says what to do, HTTP status, retryable or terminal.
 * `docs/errors.md` lists exactly these codes; a test proves it. Messages take their details as
 * `{name}`. Whether to retry stands here, never in a message.
 */
import { accessErrors } from './access-errors.ts';
import { retryable, terminal, type ErrorEntry } from './error-entry.ts';
import type { Json } from './plain/json-type.ts';
import { cleanText, isA, keysOf, propertyOf, thrownText } from './thrown.ts';

export const errorRegistry = {
  // Input at the edge
  'invalid-json': terminal(400, '{field}: {reason}.'),
  'invalid-field': terminal(400, '{field} {reason}.'),
  'payload-too-large': terminal(
    413,
    '{field} is larger than {bytesMax} bytes as JSON; store it elsewhere and pass a reference.',
  ),
  'snapshot-too-large': terminal(
    413,
    'The context of this run is larger than {bytesMax} bytes; keep large values in memory entries.',
  ),
  'invalid-input': terminal(400, 'The input does not fit agent {agent}: {reason}.'),
  'invalid-event': terminal(400, 'Event {type} does not fit agent {agent}: {reason}.'),
  'quota-exceeded': terminal(
    429,
    'The quota of {resource} ({max}) is used up; delete some or raise the setting {setting}.',
  ),
  'queue-full': retryable(
    429,
    'Tenant {tenant} has {max} runs queued already; start again after {retryAfterMs} ms.',
  ),
  'streams-full': retryable(
    503,
    'This replica serves {max} streams {to}, and takes no more; ask again after {retryAfterMs} ms.',
  ),
  // Agents
  'agent-refused': terminal(422, 'Agent {agent} cannot be durable. {refusals}'),
  'agent-unknown': terminal(404, 'No agent is registered as {agent}; known: {known}.'),
  'definition-missing': terminal(
    404,
    'The definition of agent {agent} version {version} is not kept ({why}), so it cannot be drawn; read its source.',
  ),
  'agent-differs': terminal(
    409,
    'Agent {agent} is registered with another chart than the one that is given here: give this one to createHeddle, or start the agent by its name.',
  ),
  'agent-duplicate': terminal(
    409,
    'Agent {agent} version {version} is registered twice with different charts; give one another version.',
  ),
  'chart-unfit': retryable(
    409,
    'Run {runId} does not fit agent {agent} version {version}: {what}. It goes on when a chart that has it is there.',
  ),
  'structure-changed': terminal(
    409,
    'Agent {agent} version {version} is stored with another structure, and {open} of its runs are open. Give this chart a new version and keep the old one beside it, or say that it takes them up: { machine, version, adopts: ["{version}"] }.',
  ),
  // Runs
  'run-unknown': terminal(404, 'No run has the id {runId}.'),
  'run-ended': terminal(409, 'Run {runId} is {status}; only an open run takes this.'),
  'more-match': terminal(
    409,
    '{found} open runs match now, and {expected} were expected; count them again before you {command} them.',
  ),
  'start-key-used': terminal(
    409,
    '{field}: the idempotency key {key} was used for another agent or input, by run {runId}; give each start its own.',
  ),
  'run-failed': terminal(500, 'The chart of run {runId} failed: {reason}.'),
  'run-cancelled': terminal(409, 'The run was cancelled: {reason}.'),
  'run-not-finished': retryable(504, 'Run {runId} did not end within {timeoutMs} ms; wait again.'),
  'illegal-transition': terminal(500, 'Chart {chart}: {event} is not allowed in {state}.'),
  'turn-too-long': terminal(
    500,
    'One turn carried out more than {max} effects without waiting; look for a cycle in the chart.',
  ),
  'invocation-limit': terminal(
    422,
    'A run may hold {max} invocations open at most; begin others as these end, or give them to child agents.',
  ),
  'family-too-deep': terminal(
    422,
    'The agents of one family invoke each other {max} deep at most; an agent that invokes itself must come to an end.',
  ),
  'promise-given': terminal(
    422,
    'Agent {agent}, {where}: {place} gave a promise, and a chart does not wait; {mend}.',
  ),
  'always-cycle': terminal(500, 'The chart took more than {max} microsteps for one event.'),
  // Invocations
  'invocation-timeout': terminal(408, '{what} ended without result after {timeoutMs} ms.'),
  'task-failed': terminal(500, 'Task {src} failed after {attempts} attempts: {reason}.'),
  'task-lost': terminal(
    500,
    'Task {src} is given up: the process ended during each of its last {attempts} attempts, or lost the run; look for what ends it (process.exit, memory).',
  ),
  'answer-invalid': terminal(400, 'The answer does not fit the schema: {reason}.'),
  'ask-unknown': terminal(404, 'Run {runId} asks nothing under the id {askId}.'),
  'ask-answered': terminal(409, 'Question {askId} of run {runId} has its answer already.'),
  'send-key-used': terminal(
    409,
    'The idempotency key {key} was used for another event to run {runId}; give each event its own.',
  ),
  'conversation-busy': terminal(
    409,
    'Conversation {conversation} waits for an answer already; call one after the other.',
  ),
  'conversation-full': terminal(
    413,
    'Conversation {conversation} holds more than {max} {unit}; begin another with a summary of it.',
  ),
  'image-unknown': terminal(
    404,
    'No image is stored as {sha256} in tenant {tenant}: it never was, or no run used it for long. Store it with heddle.storeImage, and call again.',
  ),
  'images-too-large': terminal(
    413,
    'The stored images of one call may have {bytesMax} bytes together; send fewer or smaller ones, or begin another conversation.',
  ),
  // Channels and memory
  'memory-conflict': terminal(
    409,
    'Memory entry {key} is at version {actual}, not {expected}; recall it and decide again.',
  ),
  'lease-lost': terminal(409, 'The lease on message {seq} of {channel} has ended; receive again.'),
  // Providers
  'provider-unknown': terminal(404, 'No provider is called {provider}; known: {known}.'),
  'model-unknown': terminal(404, 'generate.model: no provider serves {model}; known: {known}.'),
  'answer-unfit': terminal(
    422,
    'The answer of {provider} does not fit the schema, and neither does its repair: {reason}. Simplify the schema, or name another model.',
  ),
  'provider-lacks': terminal(
    422,
    'generate: no provider that this call may go to {need}; asked: {asked}. Name one that does, or leave out what it lacks.',
  ),
  'tier-unknown': terminal(404, 'generate.tier: no provider has a tier {tier}; known: {known}.'),
  'provider-refused': terminal(400, 'Provider {provider} refused the call: {reason}.'),
  'context-full': terminal(
    413,
    "The prompt does not fit the model's context at provider {provider}: {reason}; send less, or begin another conversation with a summary.",
  ),
  'provider-answer-invalid': terminal(
    502,
    'Provider {provider} gave an answer that cannot be taken: {field} {reason}.',
  ),
  'budget-exceeded': retryable(
    402,
    'The budget of {whose} ({max} {unit}) has {spent} spent and {reserved} reserved, and a call needs up to {needed}; raise it.',
  ),
  'emulators-failed': terminal(500, 'The emulated providers do not run: {reason}.'),
  // Ownership and store
  'store-unavailable': retryable(503, 'Postgres does not answer: {reason}.'),
  'store-error': retryable(
    503,
    'Postgres answers with an error, {reason} ({sqlstate}): mend it there; heddle tries again.',
  ),
  'store-poison': terminal(422, 'Postgres refuses this data: {reason}.'),
  'schema-newer': terminal(
    500,
    'The database has schema {found}, this heddle knows {known}; install a newer heddle.',
  ),
  internal: retryable(500, 'heddle has met a fault of its own, {reason}: report it, with the log.'),
  'schema-migration-failed': terminal(
    500,
    'The database could not be brought to the schema of this heddle: {reason}. Nothing of that step was kept; mend the cause and start again.',
  ),
  closed: terminal(503, 'This heddle is closed.'),
  ...accessErrors,
  // Tests (heddle/testing)
  'test-script-over': terminal(
    500,
    'The script of model {model} has no answer for its call {number} (prompt: {prompt}); add an answer to its list, or give a function.',
  ),
  'test-script-failed': terminal(
    500,
    'The script of model {model} could not answer call {number}: {reason}.',
  ),
  'test-unsettled': terminal(
    500,
    'This does not settle: {what}. Let it come to an end or wait for something; leave tasks that hang on purpose alone with tasks: "leave", or raise settleMsMax.',
  ),
  'test-run-waits': terminal(
    504,
    'Run {runId} of agent {agent} is {status}, and nothing more happens by itself: {waits}. Let time pass (advance, finish), answer, send or publish what it waits for, and look at warnings.',
  ),
  'test-crashed': retryable(
    503,
    'The replica crashed while this was under way, so it may have been done or not; ask again, with an idempotency key where it must not be done twice.',
  ),
  'test-crash-missed': terminal(
    500,
    'The crash that was ordered at {point} has not come; order it before what leads to it, and let that happen.',
  ),
  // Errors of a database at a start that do not pass by waiting
  'database-host-unknown': terminal(
    500,
    'No host is called {host}; mend the host in the database URL, or the resolver.',
  ),
  'database-login-refused': terminal(
    500,
    'Postgres refuses the login of role {role}: {reason}. Mend user and password in the database URL, the role, or pg_hba.conf.',
  ),
  'database-tls-refused': terminal(
    500,
    'No TLS connection to {host}: {reason}. Mend sslmode in the database URL, or the certificates.',
  ),
  'database-unknown': terminal(
    500,
    'Database {database} does not exist on {host}; create it, or mend the database URL.',
  ),
  'database-right-missing': terminal(
    500,
    'Role {role} lacks a right in database {database}: {reason}. {mend}.',
  ),
  'database-encoding': terminal(
    500,
    "Database {database} has the encoding {encoding}, which cannot hold every text; create another with template template0 encoding 'UTF8'.",
  ),
  'database-read-only': terminal(
    500,
    'Database {database} takes no writes: {reason}. Give the address of the primary, or let it take writes.',
  ),
  'database-pooler': terminal(
    500,
    'A pooler in transaction mode stands before Postgres: {reason}. Give the address of Postgres itself, or of a pooler in session mode.',
  ),
  // Embedded Postgres
  'embedded-binaries-missing': terminal(
    500,
    'No Postgres binaries for {platform}: install {package}, or set DATABASE_URL.',
  ),
  'embedded-start-failed': terminal(
    500,
    'The embedded Postgres in {directory} did not start: {reason}. See {log}, or set DATABASE_URL.',
  ),
  'embedded-directory-unusable': terminal(
    500,
    'The directory {directory} cannot hold a Postgres: {reason}. Choose another, or set DATABASE_URL.',
  ),
} as const satisfies Record<string, ErrorEntry>;

/** A code of heddle's registry: `docs/errors.md` lists the codes, with what to do. */
export type ErrorCode = keyof typeof errorRegistry;
/** The details in the message. */
export type ErrorDetail = Readonly<Record<string, string | number | boolean | null>>;

/** The stored form of an error, in journals, rows and answers: plain JSON, never an Error. */
export type ErrorRecord = {
  /** An `ErrorCode`, or the code of an author's error; `error` where that has none. */
  readonly code: string;
  /** What went wrong, in words. */
  readonly message: string;
  /** The details in the message; only for heddle's own errors. */
  readonly detail?: ErrorDetail;
  /** The thrown value, as a chart's `onError` gets it: see `failure.ts`. Absent for heddle's own errors. */
  readonly thrown?: Json;
};

/** An error that is stored and never thrown. */
export function errorRecord(code: ErrorCode, detail: ErrorDetail): ErrorRecord {
  return { code, message: messageOf(code, detail), detail };
}

function messageOf(code: ErrorCode, detail: ErrorDetail): string {
  return errorRegistry[code].message.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    String(detail[name] ?? `{${name}}`),
  );
}

/** The one error class: `code` is a key of the registry. */
export class HeddleError extends Error {
  /** The registry's code of what went wrong. */
  readonly code: ErrorCode;
  /** The details in the message. */
  readonly detail: ErrorDetail;
  /** The HTTP status that says the same. */
  readonly status: number;
  /** The same call may succeed later. */
  readonly retryable: boolean;

  constructor(code: ErrorCode, detail: ErrorDetail = {}, options?: ErrorOptions) {
    const entry: ErrorEntry = errorRegistry[code];
    super(messageOf(code, detail), options);
    this.name = 'HeddleError';
    this.code = code;
    this.detail = detail;
    this.status = entry.status;
    this.retryable = entry.retryable;
  }

  /** The stored form of this error. */
  toJSON(): ErrorRecord {
    return ownRecord(this);
  }
}

export function heddleError(
  code: ErrorCode,
  detail: ErrorDetail = {},
  options?: ErrorOptions,
): HeddleError {
  return new HeddleError(code, detail, options);
}

/**
 * Makes a record of any thrown value (promise 13): an error with a code of its own keeps the code, all others
 * get `error`. Every catch of an error of code outside heddle ends here.
 */
export function toErrorRecord(thrown: unknown): ErrorRecord {
  if (isA(thrown, HeddleError)) return ownRecord(thrown);
  const code = propertyOf(thrown, 'code');
  return {
    code: typeof code === 'string' && code !== '' ? cleanText(code) : 'error',
    message: thrownText(thrown),
  };
}

/**
 * heddle's own errors also contain an author's names and the text of the fault: this makes those
 * texts fit to store.
 */
function ownRecord(thrown: HeddleError): ErrorRecord {
  const code = propertyOf(thrown, 'code');
  const detail: Record<string, ErrorDetail[string]> = {};
  const given = propertyOf(thrown, 'detail');
  for (const key of keysOf(given)) {
    const value = propertyOf(given, key);
    if (typeof value === 'string') detail[cleanText(key)] = cleanText(value);
    else if (typeof value === 'boolean' || value === null) detail[cleanText(key)] = value;
    else if (typeof value === 'number' && Number.isFinite(value))
      detail[cleanText(key)] = value + 0;
  }
  return {
    code: typeof code === 'string' ? cleanText(code) : 'error',
    message: thrownText(thrown),
    detail,
  };
}
