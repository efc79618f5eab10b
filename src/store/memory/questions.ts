/**
 * Questions that runs ask people, and the keys under which events were sent: an answer or an event
 * counts once by these (promise 12). It owns both tables.
 *
 * 1. A question's row exists as long as the question is open.
 */
import type { AnswerIn, AskedIn } from '../caller-port.ts';
import { heddleError, type ErrorCode, type ErrorDetail } from '../../domain/errors.ts';
import { limits } from '../../domain/limits.ts';
import type { TurnCommit } from '../batch.ts';
import type { FateOf, Fates } from '../fates.ts';
import { isSpent } from '../requests/request-port.ts';
import type { InboxArrival, Once, QuestionRow, RunAddress, RunRow } from '../rows.ts';
import type { Database } from './database.ts';
import { runKey } from './stored-rows.ts';
import { join, own } from './table.ts';

type Refused = FateOf['inbox'];

const refused = (code: ErrorCode, detail: ErrorDetail): Refused => ({
  kind: 'refused',
  error: heddleError(code, detail).toJSON(),
});

const runUnknown = ({ runId }: RunAddress): Refused => refused('run-unknown', { runId });

/**
 * Decides whether a row from outside is refused and whether it enters the inbox. Records what counts
 * once.
 */
export function judgeArrival(
  db: Database,
  row: InboxArrival,
): { readonly fate: Refused | null; readonly put: boolean } {
  const run = db.tables.runs.get(runKey(row));
  const fate = refusal(db, row, run);
  if (fate !== null) return { fate, put: false };
  const { once } = row;
  if (once?.kind === 'event') return { fate, put: rememberKey(db, row, once) };
  if (once?.kind === 'answer') {
    const question = questionAt(db, row, once.invocationId);
    if (question !== undefined) db.tables.questions.put({ ...question, answered: true });
  }
  return { fate, put: true };
}

/** Why the row is refused; null when it is accepted. */
function refusal(db: Database, row: InboxArrival, run: RunRow | undefined): Refused | null {
  if (run === undefined) return runUnknown(row);
  const { runId, once } = row;
  if (once?.kind === 'event') {
    const known = knownKey(db, row, once.key);
    if (known !== undefined && known.eventText !== once.eventText) {
      return refused('send-key-used', { runId, key: once.key });
    }
    if (known !== undefined) return null;
  }
  if (run.endedAtMs !== null) return refused('run-ended', { runId, status: run.status });
  if (once?.kind !== 'answer') return null;
  const question = questionAt(db, row, once.invocationId);
  const isOpen = question?.incarnation === once.incarnation;
  if (isOpen && !question.answered) return null;
  return refused(isOpen ? 'ask-answered' : 'ask-unknown', { runId, askId: row.ref });
}

/**
 * Tells the fates again when a committed batch is sent again. If any of the rows that took part counts once, all
 * fates stay as they were told; a row that its request or a NUL kept out did not take part.
 */
export function retellArrivals(db: Database, rows: readonly InboxArrival[], fates: Fates): void {
  const isOut = (i: number): boolean => {
    const fate = fates.of('inbox', i);
    return isSpent(fate) || (fate?.kind === 'refused' && fate.error.code === 'store-poison');
  };
  const tookPart = rows.flatMap((row, i) => (isOut(i) ? [] : [{ row, i }]));
  const countsOnce = ({ once, request }: InboxArrival): boolean =>
    once !== undefined || request !== undefined;
  if (tookPart.some(({ row }) => countsOnce(row))) return;
  for (const { row, i } of tookPart) {
    const isKnown = db.tables.runs.get(runKey(row)) !== undefined;
    fates.put('inbox', i, isKnown ? null : runUnknown(row));
  }
}

function questionAt(db: Database, run: RunAddress, id: string): QuestionRow | undefined {
  return db.tables.questions.get(join(run.tenant, run.runId, id));
}

function knownKey(db: Database, run: RunAddress, key: string) {
  const known = db.tables.sentKeys.get(join(run.tenant, run.runId, key));
  return known !== undefined && known.atMs >= db.now() - limits.sendKeyMs ? known : undefined;
}

/** Records the key; false when it is known already. */
function rememberKey(
  db: Database,
  row: InboxArrival,
  { key, eventText }: Extract<Once, { kind: 'event' }>,
): boolean {
  if (knownKey(db, row, key) !== undefined) return false;
  const { tenant, runId } = row;
  db.tables.sentKeys.put({
    tenant,
    runId,
    key,
    eventText,
    atMs: db.now(),
    order: db.next('order'),
  });
  const keys = db.tables.sentKeys.by('run', runKey(row));
  if (keys.length <= limits.sendKeysMax) return true;
  const oldest = keys.reduce((a, b) => (a.order < b.order ? a : b));
  db.tables.sentKeys.remove(join(tenant, runId, oldest.key));
  return true;
}

/**
 * The invocation of an answered question that the turn closes without taking the answer; null when there
 * is none.
 */
export function answeredMeanwhile(db: Database, turn: TurnCommit): string | null {
  const found = turn.closeQuestions.find(
    ({ invocationId, takesAnswer }) =>
      !takesAnswer && questionAt(db, turn, invocationId)?.answered === true,
  );
  return found?.invocationId ?? null;
}

export function writeQuestions(db: Database, turn: TurnCommit): void {
  const { tenant, runId } = turn;
  for (const { invocationId } of turn.closeQuestions) {
    db.tables.questions.remove(join(tenant, runId, invocationId));
  }
  for (const insert of turn.openQuestions) {
    const row = { tenant, runId, ...insert, answered: false, askedAtMs: db.now() };
    db.tables.questions.put(own(row));
  }
}

export function questionsOf(db: Database, query: AskedIn<'questions'>): AnswerIn<'questions'> {
  const { tenant, runId, limit } = query;
  return db.tables.questions.by('run', join(tenant, runId)).sort(inOrder).slice(0, limit);
}

export function listQuestions(
  db: Database,
  query: AskedIn<'openQuestions'>,
): AnswerIn<'openQuestions'> {
  const { tenant, assignee, agent, olderThanMs, after, limit } = query;
  const untilMs = olderThanMs === 0 ? Number.POSITIVE_INFINITY : db.now() - olderThanMs;
  const place = after && { ...after, askedAtMs: Number(after.askedAtUs) / 1_000 };
  return db.tables.questions
    .by('tenant', tenant)
    .filter((row) => !row.answered && row.askedAtMs <= untilMs)
    .filter((row) => assignee === null || row.assignee === assignee)
    .filter((row) => agent === null || row.agent === agent)
    .filter((row) => place === null || inOrder(row, place) > 0)
    .sort(inOrder)
    .slice(0, limit)
    .map((row) => ({ ...row, askedAtUs: String(row.askedAtMs * 1_000) }));
}

type InList = Pick<QuestionRow, 'askedAtMs' | 'runId' | 'invocationId'>;

const inOrder = (a: InList, b: InList): number =>
  a.askedAtMs - b.askedAtMs || (keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0);

const keyOf = (row: InList): string => join(row.runId, row.invocationId);

export function removeQuestions(db: Database, run: RunAddress): void {
  for (const row of db.tables.questions.by('run', runKey(run))) {
    db.tables.questions.remove(join(row.tenant, row.runId, row.invocationId));
  }
  for (const row of db.tables.sentKeys.by('run', runKey(run))) {
    db.tables.sentKeys.remove(join(row.tenant, row.runId, row.key));
  }
}

/** Deletes keys that have expired, the oldest first, and gives their number. */
export function forgetKeys(db: Database, limit: number): number {
  const over = db.tables.sentKeys
    .all()
    .filter((row) => row.atMs < db.now() - limits.sendKeyMs)
    .sort((a, b) => a.order - b.order)
    .slice(0, limit);
  for (const row of over) db.tables.sentKeys.remove(join(row.tenant, row.runId, row.key));
  return over.length;
}
