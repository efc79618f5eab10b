/** One connection of the supervisor's to a server that may not answer, or be on its way out. */
import type { Socket } from 'node:net';
import pg from 'pg';
import type { Address } from './address.ts';
import { serverUser } from './address.ts';
import { embeddedLimits } from './limits.ts';

/** Not connected yet. In the database that every cluster has, and in which locks of all users meet. */
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
  // A server that ends while it is asked says so through the query as well.
  client.on('error', () => undefined);
  return client;
}

/** Its socket, which pg's types do not show. */
export function socketOf(client: pg.Client): Socket {
  return (client as unknown as { readonly connection: { readonly stream: Socket } }).connection
    .stream;
}

/** A server that says nothing does not answer a goodbye either. */
export async function goodbye(client: pg.Client): Promise<void> {
  const late = setTimeout(() => socketOf(client).destroy(), embeddedLimits.goodbyeMsMax);
  await client.end().catch(() => undefined);
  clearTimeout(late);
}
