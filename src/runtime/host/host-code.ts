/**
 * Code of a host or an author whose outcome nobody waits for: a custom action, a line of the log. What
 * it throws, or rejects with later, goes to `failed` and nowhere else, so it can end neither the
 * process nor what stands after the call (promise 13).
 */
export function callOutside(run: () => unknown, failed: (thrown: unknown) => void): void {
  const tell = (thrown: unknown): void => {
    try {
      failed(thrown);
    } catch {
      // Telling of a failure must not become one.
    }
  };
  try {
    const returned = run();
    const mayBePromise =
      (typeof returned === 'object' && returned !== null) || typeof returned === 'function';
    // A promise of another realm, or with a `then` of its own, is heard as well.
    if (mayBePromise) void Promise.prototype.then.call(Promise.resolve(returned), undefined, tell);
  } catch (thrown) {
    tell(thrown);
  }
}
