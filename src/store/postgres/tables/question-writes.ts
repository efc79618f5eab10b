/**
 * Statements that write questions, which have a row as long as they are open (promise 12). Both an
 * answer and the turn that closes the question lock that row, so one of them comes first.
 * arrival-writes.ts accepts answers.
 */
import type { QuestionEnd, QuestionInsert } from '../../batch.ts';
import { guard } from '../link/failure.ts';
import {
  column,
  rowStatement,
  runColumns,
  type Call,
  type Column,
  type RunKey,
} from '../link/statement.ts';

/** The key under which a question is locked: an invocation's id has one question at a time. */
export type QuestionKey = RunKey & { readonly invocationId: string };
export type QuestionOpening = RunKey & { readonly insert: QuestionInsert };
export type QuestionClosing = QuestionKey & Pick<QuestionEnd, 'takesAnswer'>;

const byQuestion = (a: QuestionKey, b: QuestionKey): number => {
  const [one, other] = [textOf(a), textOf(b)];
  return one < other ? -1 : one > other ? 1 : 0;
};

const textOf = ({ tenant, runId, invocationId }: QuestionKey): string =>
  `${tenant}\u0000${runId}\u0000${invocationId}`;

const questionColumns: readonly Column<QuestionKey>[] = [
  ...runColumns,
  column.text((row) => row.invocationId),
];

/**
 * Locks: the questions that the batch answers or closes, sorted, so that two batches never wait for
 * each other. The statements after this one see rows that no other transaction changes.
 */
const lockQuestions = rowStatement<QuestionKey>(
  'questions_lock',
  questionColumns,
  `select 1
    from unnest($1::text[], $2::uuid[], $3::text[]) as i(tenant, run_id, invocation_id)
    cross join lateral (
      select x.answered from heddle.questions x
      where x.tenant = i.tenant and x.run_id = i.run_id and x.invocation_id = i.invocation_id
      offset 0 for update
    ) x`,
);

/**
 * A turn cannot close a question that has an answer which the turn does not take: then the whole
 * transaction ends with the guard's code. If an answer is being accepted at the same time, the
 * statement waits for it; the row's `ctid` has changed then, so the row is not deleted, and the guard
 * ends the transaction too. Locks: the questions in their order.
 */
const closeQuestions = rowStatement<QuestionClosing>(
  'questions_close',
  [...questionColumns, column.bool((row) => row.takesAnswer)],
  `with known as materialized (
      select i.takes_answer, x.row
      from unnest($1::text[], $2::uuid[], $3::text[], $4::bool[])
        as i(tenant, run_id, invocation_id, takes_answer)
      cross join lateral (
        select x.ctid as row from heddle.questions x
        where x.tenant = i.tenant and x.run_id = i.run_id and x.invocation_id = i.invocation_id
        offset 0
      ) x
    ), done as (
      delete from heddle.questions q using known k
      where q.ctid = k.row and (k.takes_answer or not q.answered)
      returning 1
    )
    select heddle.refuse('${guard.answer}')
    from (select count(*) as n from done) counted where n <> (select count(*) from known)`,
);

/**
 * Locks no row that another transaction waits for, because these questions are not visible to others
 * yet.
 */
const openQuestions = rowStatement<QuestionOpening>(
  'questions_open',
  [
    ...runColumns,
    column.text((row) => row.insert.invocationId),
    column.int((row) => row.insert.incarnation),
    column.text((row) => row.insert.questionText),
    column.text((row) => row.insert.agent),
    column.text((row) => row.insert.assignee),
  ],
  `insert into heddle.questions (tenant, run_id, invocation_id, incarnation, question, agent,
      assignee)
    select * from unnest($1::text[], $2::uuid[], $3::text[], $4::int[], $5::text[], $6::text[],
      $7::text[])
    on conflict (tenant, run_id, invocation_id) do update set
      incarnation = excluded.incarnation, question = excluded.question, agent = excluded.agent,
      assignee = excluded.assignee, answered = false, asked_at = excluded.asked_at`,
);

/**
 * The calls in the order of their locks. If the batch answers no question, closing alone keeps that
 * order.
 */
export function questionCalls(
  answered: readonly QuestionKey[],
  closed: readonly QuestionClosing[],
  opened: readonly QuestionOpening[],
): Call[] {
  return [
    ...(answered.length > 0 ? [lockQuestions([...answered, ...closed].sort(byQuestion))] : []),
    ...(closed.length > 0 ? [closeQuestions(closed.toSorted(byQuestion))] : []),
    ...(opened.length > 0 ? [openQuestions(opened)] : []),
  ];
}

/**
 * For the diagnosis of a commit: whether each question has an answer; null if the question is not
 * there.
 */
export const questionsNow = rowStatement<QuestionKey>(
  'diagnose_questions',
  questionColumns,
  `select x.answered
    from unnest($1::text[], $2::uuid[], $3::text[]) with ordinality
      as i(tenant, run_id, invocation_id, place)
    left join lateral (
      select x.answered from heddle.questions x
      where x.tenant = i.tenant and x.run_id = i.run_id and x.invocation_id = i.invocation_id
      offset 0
    ) x on true
    order by i.place`,
);
