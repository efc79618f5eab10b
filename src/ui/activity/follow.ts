/**
 * The page follows a workload that takes one tenant after the other, as `heddle circuits` does: of the tenants whose
 * names begin so the newest with open runs is shown, and when none has any, the newest of all.
 */
import { useEffect, useRef } from 'preact/hooks';
import { tenant, useTenant } from '../shell/access.ts';
import { useAgain, useAnswer } from '../shell/ask.ts';
import { query, setQuery } from '../shell/router.ts';
import { newestOf } from './newest-of.ts';

const everyMs = 1_000;
const shownMax = 1_000;
/** True while it follows and has found a tenant. */
export function useFollow(): boolean {
  const prefix = query.value.get('follow');
  const found = useAnswer(
    async ({ operator }) => {
      if (prefix === null) return null;
      const open = await operator.tenants({ prefix, open: true, limit: shownMax });
      return newestOf(open.length > 0 ? open : await operator.tenants({ prefix, limit: shownMax }));
    },
    [prefix],
  );
  useAgain(() => {
    if (prefix !== null) found.again();
  }, everyMs);
  const followed = useRef<string | null>(null);
  const name = found.value;
  useEffect(() => {
    if (prefix === null || name === null) return;
    // Somebody has chosen another tenant: from now on that one is shown.
    if (followed.current !== null && tenant.peek() !== followed.current) {
      followed.current = null;
      return setQuery({ follow: null });
    }
    followed.current = name;
    if (tenant.peek() !== name) useTenant(name);
  }, [prefix, name, tenant.value]);
  return prefix !== null && name !== null && tenant.value === name;
}
