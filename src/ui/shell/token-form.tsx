/** Asked for where the API wants a token. It is kept for this tab, and sent with each request. */
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { isRefused, isUnknown, useToken } from './access.ts';

export function TokenForm(): JSX.Element {
  const field = useRef<HTMLInputElement>(null);
  // A browser heeds `autofocus` once for a document, and the form comes anew after each token that is refused.
  useEffect(() => field.current?.focus(), []);
  return (
    <form
      class="empty"
      onSubmit={(event) => {
        event.preventDefault();
        const given = new FormData(event.currentTarget).get('token');
        if (typeof given === 'string' && given.trim() !== '') useToken(given.trim());
      }}
    >
      <h1>heddle asks who you are</h1>
      {isUnknown.value && (
        <p role="alert">
          <b>The token that this tab has is not known here.</b> It may be of another heddle, have
          been revoked, or not be whole.
        </p>
      )}
      <p>
        Paste a token that may read. <code>heddle tokens create me --scopes read</code> makes one.
        This tab keeps it, and forgets it when it is closed.
      </p>
      <label class="field">
        <span>Token</span>
        <input ref={field} class="input mono" name="token" type="password" autocomplete="off" />
      </label>
      <div class="buttons">
        <button class="button main">Go on</button>
        <button class="button" type="button" onClick={() => (isRefused.value = false)}>
          Back
        </button>
      </div>
    </form>
  );
}
