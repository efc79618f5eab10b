/** Whose runs are shown. A token of one tenant has no choice; others choose among the tenants that have runs. */
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { isRefused, tenant, useTenant } from './access.ts';
import { useAnswer } from './ask.ts';

const shownMax = 200;

export function TenantChoice(): JSX.Element | null {
  const access = useAnswer((on) => on.operator.access(), []);
  // Another tenant has the same token: what it may name stays known while it is asked anew.
  const known = useRef(access.value);
  known.current = access.value ?? known.current;
  const own = known.current?.tenant;
  const isFree = own === null;
  // A token of one tenant has no other: what was chosen with the token before it is over.
  const isForeign = typeof own === 'string' && tenant.value !== null && tenant.value !== own;
  useEffect(() => {
    if (!isForeign) return;
    useTenant(null);
    isRefused.value = false;
  }, [isForeign]);
  const tenants = useAnswer(
    async (on) => {
      if (!isFree) return [];
      const [open, all] = await Promise.all([
        on.operator.tenants({ open: true, limit: shownMax }),
        on.operator.tenants({ limit: shownMax }),
      ]);
      return [...new Set([...open.toSorted().toReversed(), ...all.toSorted().toReversed()])];
    },
    [isFree],
  );
  if (!isFree) return null;
  const chosen = tenant.value ?? 'default';
  const names = [...new Set(['default', chosen, ...(tenants.value ?? [])])];
  return (
    <select
      class="input tenant"
      aria-label="Tenant"
      value={chosen}
      onFocus={tenants.again}
      onChange={({ currentTarget }) =>
        useTenant(currentTarget.value === 'default' ? null : currentTarget.value)
      }
    >
      {names.map((name) => (
        <option key={name}>{name}</option>
      ))}
    </select>
  );
}
