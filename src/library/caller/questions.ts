/** The questions of all runs of a tenant that nobody has answered: an inbox, page by page. */
import { tenantIn } from '../../access/scopes.ts';
import { asWhole, refuseField } from '../../domain/field.ts';
import { asRunId, checkName } from '../../domain/ids.ts';
import { asOptions } from '../../domain/options.ts';
import type { TenantScope } from '../../domain/scope.ts';
import type { Store } from '../../store/port.ts';
import type { QuestionPlace } from '../../store/ports/questions-port.ts';
import { openQuestion, type OpenQuestion } from '../answers.ts';

/** Which questions are wanted. A field that is left out restricts nothing. */
export type QuestionsQuery = {
  /** The tenant. Default `default`. */
  readonly tenant?: string;
  /** Only those that this person or group should answer. */
  readonly assignee?: string;
  /** Only those of this agent's runs. */
  readonly agent?: string;
  /** Only those that have been open for so long, in ms. */
  readonly olderThanMs?: number;
  /** For the next page: the `place` of the last question of the page before. */
  readonly after?: string;
  /** How many at most, 1 to 1,000. Default 100. */
  readonly limit?: number;
};

/** A question in the list of all runs. */
export type ListedQuestion = OpenQuestion & {
  /** Where it stands in the list: see `QuestionsQuery.after`. */
  readonly place: string;
};

const keys = ['tenant', 'assignee', 'agent', 'olderThanMs', 'after', 'limit'] as const;
const placeText = /^(\d{1,16}) ([\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}) (.+)$/s;
const ageMsMax = 10 * 365 * 86_400_000;

/** Refuses wrong options before the store is asked. */
export async function listQuestions(
  store: Pick<Store, 'openQuestions'>,
  query: QuestionsQuery,
  within: TenantScope,
): Promise<readonly ListedQuestion[]> {
  const given = asOptions(query, 'questions', keys);
  const { tenant, assignee, agent, olderThanMs, after } = given;
  const age = { min: 0, max: ageMsMax, fallback: 0 };
  const asked = {
    assignee: assignee === undefined ? null : checkName(assignee, 'questions.assignee'),
    agent: agent === undefined ? null : checkName(agent, 'questions.agent'),
    olderThanMs: asWhole(olderThanMs, 'questions.olderThanMs', age),
    after: after === undefined ? null : placeOf(after),
    limit: asWhole(given.limit, 'questions.limit', { min: 1, max: 1_000, fallback: 100 }),
  };
  const rows = await store.openQuestions(tenantIn(within, tenant), asked);
  return rows.map((row) => {
    const { askedAtUs, runId, invocationId } = row;
    return { ...openQuestion(row), place: `${askedAtUs} ${runId} ${invocationId}` };
  });
}

function placeOf(given: unknown): QuestionPlace {
  const found = typeof given === 'string' ? placeText.exec(given) : null;
  if (found === null) refuseField('questions.after', 'is no place that a question has');
  const [, askedAtUs = '', runId, invocationId] = found;
  return {
    askedAtUs,
    runId: asRunId(runId),
    invocationId: checkName(invocationId, 'questions.after'),
  };
}
