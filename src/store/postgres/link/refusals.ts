/**
 * Maps a database's errors at a start that will not pass by themselves to codes of the registry. While
 * a replica runs, the same errors are `store-unavailable`: a person may correct their cause, and no
 * run fails meanwhile.
 */
import { heddleError, type HeddleError } from '../../../domain/errors.ts';
import { reasonOf } from './failure.ts';

/** The server that a connection leads to, and the role that it uses. */
export type Names = {
  readonly role: string;
  readonly database: string;
  readonly host: string;
};

/** Null for an error that may pass, or that is no refusal. */
export function refusalOf(error: unknown, names: Names): HeddleError | null {
  const { code } = error as { readonly code?: unknown };
  const reason = reasonOf(error);
  const { role, database, host } = names;
  switch (code) {
    case '28000':
    case '28P01':
      return heddleError('database-login-refused', { role, reason }, { cause: error });
    case '3D000':
      return heddleError('database-unknown', { database, host }, { cause: error });
    case '42501':
      return rightMissing(names, reason, undefined, error);
    case '26000':
    case '42P05':
      return poolerRefused(reason, error);
    case 'ENOTFOUND':
      return heddleError('database-host-unknown', { host }, { cause: error });
    default:
      break;
  }
  // pg's own errors, which carry no code: pg cannot answer what the server asks of a login.
  if (/^SASL|password must be a string/i.test(reason)) {
    return heddleError('database-login-refused', { role, reason }, { cause: error });
  }
  const isOfTls = /SSL connection/.test(reason) || /CERT|^ERR_TLS|^ERR_SSL/.test(String(code));
  return isOfTls ? heddleError('database-tls-refused', { host, reason }, { cause: error }) : null;
}

export function rightMissing(
  { role, database }: Names,
  reason: string,
  mend?: string,
  cause?: unknown,
): HeddleError {
  const detail = { role, database, reason, mend: mend ?? mendOf(reason, role) };
  return heddleError('database-right-missing', detail, { cause });
}

export function poolerRefused(reason: string, cause?: unknown): HeddleError {
  return heddleError('database-pooler', { reason }, { cause });
}

/**
 * The kind of the object in the reason decides which grant helps. The last text is for tables and
 * sequences.
 */
function mendOf(reason: string, role: string): string {
  if (/ database /.test(reason)) {
    return `Make the schema for it: create schema heddle authorization ${role}; or grant the right`;
  }
  if (/must be owner|permission denied for schema/.test(reason)) {
    return `Run \`heddle migrate\` as the schema's owner, and: grant usage on schema heddle to ${role}`;
  }
  return (
    `As the owner: grant select, insert, update, delete on all tables in schema heddle to ${role}; ` +
    `grant usage on all sequences in schema heddle to ${role}`
  );
}
