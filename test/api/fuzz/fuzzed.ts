/** Sends odd requests to a real server, one after the other, and says what none of them may do. */
import { Agent, request } from 'node:http';
import pg from 'pg';
import type { OddRequest } from './odd-requests.ts';

export type OddAnswer = {
  readonly status: number;
  readonly body: string;
};

/** Longer than any answer but those that wait on purpose, which are left then. */
const patienceMs = 1_500;

export class Fuzzed {
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #pool: pg.Pool;
  #tables: readonly string[] = [];

  constructor(options: { readonly url: string; readonly databaseUrl: string }) {
    this.#url = options.url;
    this.#pool = new pg.Pool({ connectionString: options.databaseUrl, max: 1 });
  }

  /** Null: it is not to be sent, or what is answered goes on and on. */
  send({ method, path, headers, body }: OddRequest): Promise<OddAnswer | null> {
    return new Promise((resolve, reject) => {
      const length = body === null ? {} : { 'content-length': String(Buffer.byteLength(body)) };
      const type = body === null ? {} : { 'content-type': 'application/json', ...length };
      const { hostname, port } = new URL(this.#url);
      const at = { hostname, port, path, method, agent: this.#agent };
      try {
        const sent = request({ ...at, headers: { ...type, ...headers } }, (reply) => {
          let text = '';
          const isStream = reply.headers['content-type']?.includes('event-stream') === true;
          if (isStream) return void sent.destroy();
          reply.setEncoding('utf8').on('data', (part: string) => (text += part));
          reply.once('end', () => resolve({ status: reply.statusCode ?? 0, body: text }));
        });
        sent.setTimeout(patienceMs, () => sent.destroy());
        sent.once('error', (error: NodeJS.ErrnoException) => {
          // A body that is too large may be answered before it was sent in full.
          if (error.code === 'ECONNREFUSED') reject(error);
          else resolve(null);
        });
        sent.once('close', () => resolve(null));
        sent.end(body ?? undefined);
      } catch {
        // Node's own client sends no such path or header.
        resolve(null);
      }
    });
  }

  /** Of all rows of all tables but those that a replica writes by itself. */
  async hash(): Promise<string> {
    if (this.#tables.length === 0) this.#tables = await this.#readTables();
    const parts = this.#tables.map(
      (table) =>
        `select '${table}' as name, count(*) as n, coalesce(sum(hashtextextended(t::text, 0)), 0) as h from heddle."${table}" t`,
    );
    const { rows } = await this.#pool.query(parts.join(' union all '));
    return JSON.stringify(rows);
  }

  /** When nothing moves any more: what was accepted has been done. */
  async quietHash(): Promise<string> {
    for (let before = await this.hash(); ;) {
      await new Promise((resolve) => setTimeout(resolve, 150));
      const after = await this.hash();
      if (after === before) return after;
      before = after;
    }
  }

  async #readTables(): Promise<readonly string[]> {
    const { rows } = await this.#pool.query<{ readonly name: string }>(
      `select table_name as name from information_schema.tables where table_schema = 'heddle'
        and table_type = 'BASE TABLE' order by 1`,
    );
    return rows.map(({ name }) => name).filter((name) => !ownWrites.includes(name));
  }

  async close(): Promise<void> {
    this.#agent.destroy();
    await this.#pool.end();
  }
}

const ownWrites: readonly string[] = [
  'replicas',
  'shards',
  'providers',
  'provider_slots',
  'commits',
  'activity',
];

type Problem = { readonly code?: unknown; readonly errors?: readonly { readonly field: string }[] };

/** What is wrong with the answer; null if nothing is. */
export function wrongIn(sent: OddRequest, answer: OddAnswer, isChanged: boolean): string | null {
  const { status, body } = answer;
  if (status >= 500) return `answered with ${status}: ${body.slice(0, 500)}`;
  if (status < 400) return isChanged && sent.method === 'GET' ? 'a GET changed rows' : null;
  if (isChanged) return `refused with ${status}, and rows have changed`;
  if (sent.method === 'HEAD') return null;
  const { code, errors = [] } = (body.startsWith('{') ? JSON.parse(body) : {}) as Problem;
  if (typeof code !== 'string') {
    return `refused with ${status} without a code: ${body.slice(0, 200)}`;
  }
  const strange = errors.find(({ field }) => !/^(body|query|params|headers)(\.|$)/.test(field));
  return strange === undefined ? null : `names a field that nobody has sent: ${strange.field}`;
}
