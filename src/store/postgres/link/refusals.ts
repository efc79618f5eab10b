/**
 * What a database says at a start that will not pass by itself, in the registry's words. While a
 * replica runs the same errors are `store-unavailable`: somebody may mend what they have broken,
 * and no run fails meanwhile.
 */
import { heddleError, type HeddleError } from '../../../domain/errors.ts';
import { reasonOf } from './failure.ts';

/** Whom a connection speaks to, and as whom. */
export type Names = {
  readonly role: string;
  readonly database: string;
  readonly host: string;
};

/** Null for what may pass, or is no refusal. */
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
  // pg's own words, which carry no code: it cannot answer what the server asks of a login.
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

/** An object's kind says what is granted on it; whatever else it is, the reason names it. */
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
