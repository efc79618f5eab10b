/** One connection of the supervisor's to a server that may not answer, or may be about to end. */
import type { Socket } from 'node:net';
import pg from 'pg';
import type { Address } from './address.ts';
import { serverUser } from './address.ts';
import { embeddedLimits } from './limits.ts';

/**
 * Returns a client that is not yet connected. Its database is the one that every cluster has, so
 * that the locks of all users meet in it.
 */
export function session(address: Address, applicationName: string): pg.Client {
  const client = new pg.Client({
    host: address.host,
    port: address.port,
    user: serverUser,
    database: 'postgres',
    application_name: applicationName,
    connectionTimeoutMillis: embeddedLimits.connectMsMax,
    query_timeout: embeddedLimits.connectMsMax,
    ...(address.password === undefined ? {} : { password: address.password }),
  });
  // When a server ends during a query, the query reports it too.
  client.on('error', () => undefined);
  return client;
}

/** The client's socket, which pg's types do not show. */
export function socketOf(client: pg.Client): Socket {
  return (client as unknown as { readonly connection: { readonly stream: Socket } }).connection
    .stream;
}

/**
 * Ends a connection within a limit: a server that does not answer may not answer the end either.
 */
export async function goodbye(client: pg.Client): Promise<void> {
  const late = setTimeout(() => socketOf(client).destroy(), embeddedLimits.goodbyeMsMax);
  await client.end().catch(() => undefined);
  clearTimeout(late);
}
