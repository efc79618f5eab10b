/** The runs that have stood longest in a gate's line. */
import type { JSX } from 'preact';
import type { LineWait } from '../../../client/index.ts';
import { duration } from '../../look/time.ts';
import { tenant, useTenant } from '../../shell/access.ts';
import { pageAt } from '../../shell/router.ts';

export function LongestWaits({
  waits,
  length,
}: {
  readonly waits: readonly LineWait[];
  /** Of the whole line. */
  readonly length: number;
}): JSX.Element | null {
  if (waits.length === 0) return null;
  const more = length - waits.length;
  return (
    <div class="waits">
      <h2>Longest waits</h2>
      <ul>
        {waits.map((wait) => (
          <li key={wait.runId}>
            <Waiting wait={wait} />
          </li>
        ))}
      </ul>
      {more > 0 && (
        <p class="small quiet">
          and {more} more. Who is next, the fair line decides: it takes turns between tenants and
          users.
        </p>
      )}
    </div>
  );
}

function Waiting({
  wait: { runId, tenant: of, agent, user, pipeline, waitedMs },
}: {
  readonly wait: LineWait;
}): JSX.Element {
  const isOther = of !== (tenant.value ?? 'default');
  return (
    <>
      <a
        class="mono"
        href={pageAt(['runs', runId], isOther ? { tenant: of } : {})}
        title={runId}
        // A run is shown to who looks at its tenant.
        onClick={({ ctrlKey, metaKey, shiftKey, altKey }) => {
          // Another tab reads the tenant in its address.
          if (!isOther || ctrlKey || metaKey || shiftKey || altKey) return;
          useTenant(of === 'default' ? null : of);
        }}
      >
        {pipeline || `…${runId.slice(-12)}`}
      </a>{' '}
      {agent}{' '}
      <span class="quiet">
        {[user, ...(isOther ? [of] : []), duration(waitedMs)]
          .filter((one) => one !== '')
          .join(', ')}
      </span>
    </>
  );
}
