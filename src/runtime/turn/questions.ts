/**
 * Questions to people inside a turn: opened and closed with their invocations, answered by rows of the
 * inbox.
 *
 * It owns what a turn's commit says of questions. It leaves accepting an answer to the store, and the
 * order of what came in to `incoming.ts`.
 *
 * 1. An answer is for the question that it names and for no other start of the invocation (promise 12).
 * 2. An accepted answer whose question is not open any more stands in the journal as dropped.
 * 3. A question that opens and closes within one turn is never written.
 */
import { parseAskId } from '../../domain/ask-id.ts';
import type { RunEvent } from '../../domain/event.ts';
import type { Json } from '../../domain/json.ts';
import type { ChartState, OpenInvocation } from '../../kernel/port.ts';
import type { QuestionEnd, QuestionInsert } from '../../store/batch.ts';
import type { InboxRow } from '../../store/rows.ts';
import type { Draft } from './draft.ts';
import { senderOf } from './family.ts';
import { noted, without } from './held.ts';
import type { Incoming } from './incoming.ts';

export function openQuestion(draft: Draft, insert: QuestionInsert): void {
  const id = insert.invocationId;
  const { incarnation } = insert;
  draft.openQuestions.set(id, insert);
  draft.held = { ...draft.held, asks: { ...draft.held.asks, [id]: { incarnation } } };
}

/** False when this invocation has no open question. */
export function closeQuestion(draft: Draft, id: string): boolean {
  const held = noted(draft.held.asks, id);
  if (held === undefined) return false;
  draft.held = { ...draft.held, asks: without(draft.held.asks, id) };
  if (draft.openQuestions.delete(id)) return true;
  const open = draft.from.state?.invocations.find((invocation) => invocation.id === id);
  const incarnation = held.incarnation ?? open?.incarnation ?? null;
  draft.closedQuestions.push({ invocationId: id, incarnation });
  return true;
}

/**
 * The questions that the turn's commit closes, each with whether its answer is taken in the same
 * commit.
 */
export function questionEnds({ closedQuestions, takenAnswers }: Draft): QuestionEnd[] {
  return closedQuestions.map(({ invocationId, incarnation }) => ({
    invocationId,
    takesAnswer: takenAnswers.some(
      (taken) =>
        taken.invocationId === invocationId &&
        (incarnation === null || taken.incarnation === incarnation),
    ),
  }));
}

/** The event of an answer, whose row this turn takes; null when its question is not open any more. */
export function answerEvent(
  draft: Draft,
  row: InboxRow,
  state: ChartState | null,
): RunEvent | null {
  const asked = askedBy(row, state);
  if (asked === undefined) {
    dropAnswer(draft, row);
    return null;
  }
  const { id, incarnation } = asked;
  draft.takenAnswers.push({ runId: row.runId, invocationId: id, incarnation });
  return { kind: 'done', id, incarnation, output: { answer: payloadOf(row) }, ...senderOf(row) };
}

/** Whether the question that the row answers is open. */
export function isAsked(row: InboxRow, state: ChartState | null): boolean {
  return askedBy(row, state) !== undefined;
}

/** Journals the answers among these rows, all of which the turn takes, as dropped. */
export function dropAnswers(draft: Draft, incoming: readonly Incoming[]): void {
  for (const item of incoming) {
    if (item.kind === 'inbox' && item.row.kind === 'answer') dropAnswer(draft, item.row);
  }
}

function dropAnswer(draft: Draft, row: InboxRow): void {
  const askId = row.ref ?? '';
  const asked = parseAskId(row.runId, askId);
  if (asked !== null) draft.takenAnswers.push(asked);
  const dropped = { kind: 'answer-dropped', askId, answer: payloadOf(row) } as const;
  draft.journal.push({ ...dropped, ...senderOf(row) });
}

function askedBy(row: InboxRow, state: ChartState | null): OpenInvocation | undefined {
  const asked = parseAskId(row.runId, row.ref ?? '');
  if (asked === null) return undefined;
  return state?.invocations.find(
    ({ id, incarnation, source }) =>
      id === asked.invocationId && incarnation === asked.incarnation && source.kind === 'ask',
  );
}

function payloadOf(row: InboxRow): Json {
  return row.payloadText === null ? null : (JSON.parse(row.payloadText) as Json);
}
