/** Statements that read open questions: of one run, and of all runs of a tenant. They take no locks. */
import { asRunId } from '../../../domain/ids.ts';
import type { AnswerIn, AskedIn } from '../../caller-port.ts';
import type { QuestionRow } from '../../rows.ts';
import type { Pool } from '../link/pool.ts';
import { bigint, int, statement, text, uuid, type Fields } from '../link/statement.ts';
import { epochMs } from './run-reads.ts';

const questionFields = `run_id, invocation_id, incarnation, agent, assignee, question, answered,
    ${epochMs('asked_at')}`;

const runQuestionsStatement = statement(
  'questions_run',
  [text, uuid, int],
  `select ${questionFields} from heddle.questions
    where tenant = $1::text and run_id = $2::uuid
    order by asked_at, run_id, invocation_id limit $3::int`,
);

export async function readQuestions(
  pool: Pool,
  { tenant, runId, limit }: AskedIn<'questions'>,
): Promise<AnswerIn<'questions'>> {
  const rows = await pool.rows(runQuestionsStatement(tenant, runId, limit));
  return rows.map((fields) => questionOf(tenant, fields));
}

/** Each filter has an index in this order, and one that is null falls out of the plan: it is made for the values. */
const listStatement = statement(
  'questions_list',
  [text, text, text, bigint, bigint, uuid, text, int],
  `select ${questionFields}, (extract(epoch from asked_at) * 1000000)::bigint::text
    from heddle.questions
    where tenant = $1::text and not answered
      and ($2::text is null or assignee = $2::text)
      and ($3::text is null or agent = $3::text)
      and ($4::bigint = 0 or asked_at <= now() - $4::bigint * interval '1 ms')
      and ($5::bigint is null or (asked_at, run_id, invocation_id)
        > (timestamptz 'epoch' + $5::bigint * interval '1 us', $6::uuid, $7::text))
    order by asked_at, run_id, invocation_id limit $8::int`,
);

export async function listQuestions(
  pool: Pool,
  query: AskedIn<'openQuestions'>,
): Promise<AnswerIn<'openQuestions'>> {
  const { tenant, assignee, agent, olderThanMs, after, limit } = query;
  const { askedAtUs = null, runId = null, invocationId = null } = after ?? {};
  const rows = await pool.rows(
    listStatement(tenant, assignee, agent, olderThanMs, askedAtUs, runId, invocationId, limit),
  );
  return rows.map((fields) => {
    return { ...questionOf(tenant, fields), askedAtUs: fields[8] ?? '' };
  });
}

function questionOf(tenant: string, fields: Fields): QuestionRow {
  const [run, invocationId, incarnation, agent, assignee, question, answered, askedAt] = fields;
  return {
    tenant,
    runId: asRunId(run ?? ''),
    invocationId: invocationId ?? '',
    incarnation: Number(incarnation),
    agent: agent ?? '',
    assignee: assignee ?? null,
    questionText: question ?? '',
    answered: answered === 't',
    askedAtMs: Number(askedAt),
  };
}
