/**
 * What a caller asks of the questions of all runs: the inbox of a person or of a group. A question stands in it
 * from the commit of the turn that asks to the commit that accepts its answer, or closes it (promise 12).
 */
import type { RunId } from '../../domain/ids.ts';
import type { OneTenant } from '../../domain/scope.ts';
import type { QuestionRow } from '../rows.ts';

/** Where a question stands in the list: by the time at which it was asked, and then by its key. */
export type QuestionPlace = {
  /** In microseconds since 1970, by the database's clock: as exact as it keeps them. */
  readonly askedAtUs: string;
  readonly runId: RunId;
  readonly invocationId: string;
};

export type ListedQuestion = QuestionRow & Pick<QuestionPlace, 'askedAtUs'>;

export type QuestionsAsked = {
  readonly assignee: string | null;
  readonly agent: string | null;
  /** Only those that were asked so long ago. */
  readonly olderThanMs: number;
  readonly after: QuestionPlace | null;
  readonly limit: number;
};

export interface QuestionsStore {
  /** Questions without an answer, of all runs of the tenant, the oldest first. */
  openQuestions(scope: OneTenant, query: QuestionsAsked): Promise<readonly ListedQuestion[]>;
}
