/** Asked for where the API wants a token. It is kept for this tab, and sent with each request. */
import type { JSX } from 'preact';
import { isRefused, useToken } from './access.ts';

export function TokenForm(): JSX.Element {
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
      <p>
        Paste a token that may read. <code>heddle tokens create me --scopes read</code> makes one.
        This tab keeps it, and forgets it when it is closed.
      </p>
      <label class="field">
        <span>Token</span>
        <input class="input mono" name="token" type="password" autocomplete="off" autofocus />
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
