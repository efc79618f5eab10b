/** The errors of access and of the HTTP API, as a part of the registry (errors.ts). */
import { terminal, type ErrorEntry } from './error-entry.ts';

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
    'Token {name} is bound to one tenant, and may not name tenant {tenant}.',
  ),
  'host-refused': terminal(
    403,
    'Without a token this is answered for this machine alone: {header} {value} is not it. Use http://localhost, or send a token.',
  ),
  'token-needed': terminal(
    500,
    'heddle does not listen on {host} without a token: make one with heddle tokens create, set HEDDLE_TOKEN, or listen on 127.0.0.1.',
  ),
  'token-name-used': terminal(
    409,
    'A token with the name {name} exists, or existed; choose another name.',
  ),
  'token-unknown': terminal(404, 'No token has the name {name}.'),
} as const satisfies Record<string, ErrorEntry>;
