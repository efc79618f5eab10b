/**
 * The time that is shown, in the address and in the worker: `from` and `to` in ms since 1970; of a picture that is live
 * `from` alone, as ms before now. What somebody zooms or drags goes into the address when it stands still; an address
 * that was shared, or gone back to, goes to the worker.
 */
import { useEffect, useMemo } from 'preact/hooks';
import { query, setQuery } from '../shell/router.ts';
import type { ActivityLink } from './activity-link.ts';
import { fieldsOf, keyOf, timeOf, wholeSpanMs } from './time-address.ts';

const stillMs = 400;

export function useShownTime(link: ActivityLink): void {
  const from = query.value.get('from');
  const to = query.value.get('to');
  /** What the address and this worker both say; a worker begins with all. */
  const agreed = useMemo(() => ({ current: keyOf({ from: null, to: null }) }), [link]);
  useEffect(() => {
    const key = keyOf({ from, to });
    if (key === agreed.current) return;
    agreed.current = key;
    const time = timeOf({ from, to });
    link.say({ kind: 'show', spanMs: time?.spanMs ?? wholeSpanMs, toMs: time?.toMs ?? null });
  }, [link, from, to]);
  const view = link.view.value;
  const seen = view === null ? agreed.current : keyOf(fieldsOf(view));
  useEffect(() => {
    if (view === null || seen === agreed.current) return undefined;
    const timer = setTimeout(() => {
      agreed.current = seen;
      setQuery(fieldsOf(view), 'push');
    }, stillMs);
    return () => clearTimeout(timer);
  }, [agreed, seen]);
}
