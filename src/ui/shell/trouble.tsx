/** What went wrong, and what to do. */
import type { ComponentChildren, JSX } from 'preact';
import { HeddleRequestError } from '../../client/index.ts';
import { isRefused } from './access.ts';
import { away } from './trouble/pulse.ts';
import { isAbsence, troubleWords } from './trouble/trouble-words.ts';

export function Trouble({
  error,
  again,
}: {
  readonly error: Error;
  readonly again?: () => void;
}): JSX.Element | null {
  const refusal = error instanceof HeddleRequestError ? error : null;
  // One word for one thing: the head of the page says that heddle is away.
  if (away.value !== null && refusal !== null && isAbsence(refusal)) return null;
  const { title, todo } = troubleWords(refusal);
  return (
    <div class="note bad" role="alert">
      <b>{title}</b> {error.message}
      {refusal !== null && refusal.errors.length > 0 && (
        <ul>
          {refusal.errors.map(({ field, reason }) => (
            <li key={field}>
              <code>{field}</code> {reason}
            </li>
          ))}
        </ul>
      )}
      {todo !== null && <div>{todo}</div>}
      {refusal !== null && <code class="quiet">{refusal.code}</code>}{' '}
      {again !== undefined && (
        <button class="button small" type="button" onClick={again}>
          Ask again
        </button>
      )}{' '}
      {refusal?.status === 403 && (
        <button class="button small" type="button" onClick={() => (isRefused.value = true)}>
          Use another token
        </button>
      )}
    </div>
  );
}

/** Nothing is there: why, and how something comes there. */
export function Empty({
  title,
  children,
}: {
  readonly title: string;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <div class="empty">
      <h1>{title}</h1>
      <div>{children}</div>
    </div>
  );
}
