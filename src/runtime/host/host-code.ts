/**
 * Runs code of a host or an author for whose outcome heddle does not wait: a custom action, a line of
 * the log. What the code throws, or rejects with later, goes to `failed` and nowhere else, so it can
 * neither end the process nor skip the code after this call (promise 13).
 */
export function callOutside(run: () => unknown, failed: (thrown: unknown) => void): void {
  const tell = (thrown: unknown): void => {
    try {
      failed(thrown);
    } catch {
      // An error that `failed` itself throws is dropped.
    }
  };
  try {
    const returned = run();
    const mayBePromise =
      (typeof returned === 'object' && returned !== null) || typeof returned === 'function';
    // `Promise.resolve` also follows a promise of another realm, or with a `then` of its own.
    if (mayBePromise) void Promise.prototype.then.call(Promise.resolve(returned), undefined, tell);
  } catch (thrown) {
    tell(thrown);
  }
}
