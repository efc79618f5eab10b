/**
 * `retry-after` holds whole seconds only. `retry-after-ms` gives shorter waits too, which tests
 * need.
 */
export function retryAfterHeaders(retryAfterMs: number | null): string[] {
  if (retryAfterMs === null) return [];
  const headers = ['retry-after', String(Math.ceil(retryAfterMs / 1_000))];
  if (retryAfterMs % 1_000 !== 0) headers.push('retry-after-ms', String(retryAfterMs));
  return headers;
}
