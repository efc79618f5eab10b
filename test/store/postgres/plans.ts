/** How Postgres goes about a statement, and tables with enough rows for it to have a choice. */
import type pg from 'pg';
import { statements } from '../../../src/store/postgres/link/statement.ts';

export type Node = {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Shared Hit Blocks'?: number;
  readonly 'Shared Read Blocks'?: number;
  readonly Plans?: readonly Node[];
};

const nodesOf = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

type Explained = { readonly 'QUERY PLAN': readonly { readonly Plan: Node }[] };

/** The plan that is made for whatever parameters. */
export async function planOf(client: pg.Client, text: string): Promise<Node[]> {
  const plan = await client.query<Explained>(`explain (generic_plan, format json) ${text}`);
  return nodesOf(plan.rows[0]!['QUERY PLAN'][0]!.Plan);
}

const literal = (value: unknown): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return `array[${value.map(literal).join(', ')}]`;
  return `'${String(value).replaceAll("'", "''")}'`;
};

/** The plan of a statement for these parameters, and how many pages it has touched. */
export async function ranWith(client: pg.Client, name: string, params: readonly unknown[]) {
  const { text } = statements.get(name)!;
  await client.query(`prepare planned as ${text}`);
  try {
    const given = params.length === 0 ? '' : `(${params.map(literal).join(', ')})`;
    const plan = await client.query<Explained>(
      `explain (analyze, buffers, format json) execute planned${given}`,
    );
    const top = plan.rows[0]!['QUERY PLAN'][0]!.Plan;
    const pages = (top['Shared Hit Blocks'] ?? 0) + (top['Shared Read Blocks'] ?? 0);
    return { nodes: nodesOf(top), pages };
  } finally {
    await client.query('deallocate planned');
  }
}

/** Rows of all tables that people list, as many as let a plan that reads a table whole be seen. */
export async function makeRecords(client: pg.Client, tenant: string): Promise<void> {
  const of = `'${tenant}'`;
  await client.query(`set session_replication_role = 'replica';
    insert into heddle.questions (tenant, run_id, invocation_id, incarnation, question, agent, assignee, answered,
        asked_at)
      select ${of}, gen_random_uuid(), 'ask', 1, '{"question":"?"}', 'agent-' || n % 50,
        case when n % 2 = 0 then 'user-' || n % 400 end, n % 10 = 0, now() - n * interval '1 s'
      from generate_series(1, 20000) n;
    insert into heddle.evaluations (tenant, evaluation_id, subject_run_id, evaluator_run_id, score, rationale,
        agent, version)
      select ${of}, md5(n::text), 'run-' || n % 5000, '', n % 100 / 100.0, repeat('so ', 30), 'agent-' || n % 50,
        'v' || n % 3
      from generate_series(1, 20000) n;
    insert into heddle.budgets (tenant, scope, owner, spent_tokens, spent_micros, reserved_tokens, reserved_micros,
        per_day, is_set)
      select ${of}, 'user', 'user-' || n, n, 0, 0, 0, false, true from generate_series(1, 20000) n;
    insert into heddle.channels (tenant, channel, head)
      select ${of}, 'c/' || n, 3 from generate_series(1, 20000) n;
    insert into heddle.messages (tenant, channel, seq, message_id, payload)
      select ${of}, 'c/' || n, seq, 'm', '1' from generate_series(1, 20000) n, generate_series(1, 3) seq;
    insert into heddle.consumer_groups (tenant, channel, consumer_group, cursor)
      select ${of}, 'c/' || n % 20, 'g/' || n, 1 from generate_series(1, 20000) n;
    insert into heddle.deliveries (tenant, channel, consumer_group, seq, lease_until, token, attempt)
      select ${of}, 'c/' || n % 20, 'g/' || n, 1, now(), gen_random_uuid(), 1 from generate_series(1, 20000) n;
    insert into heddle.memory_versions (tenant, scope, owner, key, version, deleted, value)
      select ${of}, 'user', 'ann', 'k/' || n, version, false, '"x"'
      from generate_series(1, 10000) n, generate_series(1, 3) version;
    insert into heddle.attempts (tenant, run_id, turn, invocation_id, incarnation, attempt, count, provider, how,
        sent_at, ended_at)
      select ${of}, md5((n % 200)::text)::uuid, n / 200, 'call', 1, 1, 1, 'stub', 'outage', now(), now()
      from generate_series(1, 20000) n;
    insert into heddle.journal (tenant, run_id, turn, entries)
      select ${of}, md5((n % 10)::text)::uuid, n / 10, '[]' from generate_series(10, 20009) n;
    insert into heddle.checkpoints (tenant, run_id, turn, chart)
      select ${of}, md5((n % 10)::text)::uuid, n / 10 * 200, '{}' from generate_series(10, 20009) n;
    insert into heddle.timers (tenant, run_id, timer_id, generation, shard, due_at)
      select ${of}, md5((n % 2000)::text)::uuid, 't' || n, 1, 1, now() from generate_series(1, 20000) n;
    insert into heddle.activity (step_s, at, counts)
      select 5, now() - n * interval '5 s', '{}' from generate_series(1, 720) n;
    insert into heddle.activity (step_s, at, counts)
      select 60, now() - n * interval '1 min', '{}' from generate_series(1, 10080) n;
    insert into heddle.agents (agent, version, structure)
      select 'agent-' || n % 50, 'v' || n, 's' from generate_series(1, 20000) n;
    insert into heddle.requests (tenant, key, route, hash, answer)
      select ${of}, 'k-' || n % 200 || ' ' || gen_random_uuid(), 'r', 'h', 'null' from generate_series(1, 20000) n;
    insert into heddle.tokens (name, hash, scopes)
      select 't-' || n, md5(n::text), array['run'] from generate_series(1, 20000) n;
    set session_replication_role = 'origin';
    analyze`);
}
