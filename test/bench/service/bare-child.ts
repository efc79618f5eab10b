/** The yardstick of starts: Fastify with a schema, one insert by `pg` for each POST, an id and a Location back. */
import { randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';
import fastify from 'fastify';
import pg from 'pg';

const [databaseUrl = ''] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 });
await pool.query(`drop table if exists public.bare_runs;
  create table public.bare_runs (run_id text primary key, agent text not null, user_name text not null,
    pipeline text not null, input jsonb not null, created_at timestamptz not null default now())`);
const app = fastify();
const text = { type: 'string', minLength: 1, maxLength: 256 };

type Start = {
  readonly agent: string;
  readonly user: string;
  readonly pipeline: string;
  readonly input: unknown;
};

app.post<{ Body: Start }>(
  '/v1/runs',
  {
    schema: {
      body: {
        type: 'object',
        required: ['agent', 'user', 'pipeline', 'input'],
        properties: { agent: text, user: text, pipeline: text, input: {} },
      },
    },
  },
  async ({ body }, reply) => {
    const id = randomUUID();
    const { agent, user, pipeline, input } = body;
    await pool.query(
      'insert into public.bare_runs (run_id, agent, user_name, pipeline, input) values ($1, $2, $3, $4, $5)',
      [id, agent, user, pipeline, JSON.stringify(input)],
    );
    return reply.code(202).header('location', `/v1/runs/${id}`).send({ id });
  },
);
writeSync(1, `listens on ${await app.listen({ host: '127.0.0.1', port: 0 })}\n`);
process.once('SIGTERM', () => {
  void app.close().then(() => pool.end());
});
