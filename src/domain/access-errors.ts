/** The errors of access and of the HTTP API, as a part of the registry (errors.ts). */
import { retryable, terminal, type ErrorEntry } from './error-entry.ts';

export const accessErrors = {
  // Access
  'token-missing': terminal(
    401,
    'This needs a token, because {reason}: send the header Authorization: Bearer <token>.',
  ),
  'token-refused': terminal(
    401,
    'This token is not known, or was revoked: make another with heddle tokens create.',
  ),
  'scope-missing': terminal(
    403,
    'Token {name} does not allow this: it needs the scope {scope}, and has {has}.',
  ),
  'tenant-refused': terminal(
    403,
    'Tenant {tenant} is not the one that this caller is bound to: name that one or none.',
  ),
  'tenants-all-needed': terminal(
    403,
    'This is about all tenants, and the caller is bound to tenant {tenant}: it needs a token of all.',
  ),
  'host-refused': terminal(
    403,
    'Without a token this is answered for this machine alone: {header} {value} is not it. Use http://localhost, or send a token.',
  ),
  'origin-refused': terminal(
    403,
    "The inspector takes no connection from pages of {origin}; the host allows them with inspect: { origins: ['{origin}'] }.",
  ),
  'inspect-filter-missing': terminal(
    400,
    'Say which runs the inspector should show: ?run=ID, ?agent=NAME or ?user=NAME.',
  ),
  'token-needed': terminal(
    500,
    'heddle does not listen on {host} without a token: make one with heddle tokens create, set HEDDLE_TOKEN, or listen on 127.0.0.1.',
  ),
  'listen-failed': terminal(
    500,
    'heddle cannot listen on {host} port {port}: {reason}. Choose another port (0 takes any that is free), or end what has it.',
  ),
  'token-name-used': terminal(
    409,
    'A token with the name {name} exists, or existed; choose another name.',
  ),
  'token-unknown': terminal(404, 'No token has the name {name}.'),
  // Requests over HTTP
  'route-unknown': terminal(404, '{method} {path} is no route of this API; /docs lists them.'),
  'request-malformed': terminal(400, 'This is no HTTP request that can be read: {reason}.'),
  'headers-too-large': terminal(
    431,
    'The request line and headers are larger than this server reads; send fewer or shorter ones.',
  ),
  'request-late': retryable(
    408,
    'The request had not arrived whole after {withinMs} ms; send it again.',
  ),
  'pages-not-built': terminal(
    404,
    'The pages are not here. A checkout needs npm run build:ui; an application that is bundled needs the package heddle installed where it runs.',
  ),
  'media-type-refused': terminal(
    415,
    'The body must be JSON: send content-type: application/json.',
  ),
  'rate-limited': retryable(
    429,
    'More than {max} requests within {windowMs} ms at this replica; ask again after {retryAfterMs} ms.',
  ),
  overloaded: retryable(
    503,
    'This replica does not get to it ({what}); ask another, or again after {retryAfterMs} ms.',
  ),
  'version-differs': terminal(
    412,
    'Memory entry {key} is at version {actual}; read it and decide again.',
  ),
  'version-missing': terminal(
    428,
    'Say which version is meant: If-Match with an ETag, or If-None-Match: * for a new entry.',
  ),
  'entry-unknown': terminal(404, 'No memory entry has the key {key}.'),
  'request-running': retryable(
    409,
    'The first request with the idempotency key {key} is not answered yet; ask again after {retryAfterMs} ms.',
  ),
  'request-differs': terminal(
    422,
    'The idempotency key {key} was used for another request; give each request its own.',
  ),
} as const satisfies Record<string, ErrorEntry>;
