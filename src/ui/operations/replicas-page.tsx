/** Replicas with the shards that each holds, and the shards that none holds. */
import type { JSX } from 'preact';
import { duration } from '../look/time.ts';
import { useAgain, useAnswer } from '../shell/ask.ts';
import { Trouble } from '../shell/trouble.tsx';

export function ReplicasPage(): JSX.Element {
  const { value, trouble, again } = useAnswer((on) => on.operator.replicas(), []);
  useAgain(again, 2_000);
  if (value === null) {
    return trouble === null ? (
      <p class="quiet">Looking …</p>
    ) : (
      <Trouble error={trouble} again={again} />
    );
  }
  const { replicas, shards, shardsWithoutOwner: free } = value;
  const live = replicas.filter(({ isLive }) => isLive).length;
  return (
    <>
      <div class="head">
        <h1>Replicas</h1>
        <p class="say">
          {live} {live === 1 ? 'replica holds' : 'replicas hold'} {shards - free.length} of {shards}{' '}
          shards.
        </p>
      </div>
      {trouble !== null && <Trouble error={trouble} again={again} />}
      {free.length > 0 && (
        <p class="note bad">
          Nobody holds the shards {free.join(', ')}: their runs stand still until a replica takes
          them.
        </p>
      )}
      <div class="scrolls" role="region" aria-label="Replicas" tabIndex={0}>
        <table aria-label="Replicas">
          <thead>
            <tr>
              {['replica', 'live', 'address', 'release', 'heartbeat', 'shards'].map((head) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {replicas.map((one) => (
              <tr key={one.replicaId}>
                <td class="mono">…{one.replicaId.slice(-12)}</td>
                <td>{one.isLive ? 'yes' : 'no'}</td>
                <td class="mono">{one.address ?? 'serves nobody'}</td>
                <td>{one.release ?? '0.1'}</td>
                <td>{duration(one.heartbeatAgoMs)} ago</td>
                <td class="mono">{one.shards.length === shards ? 'all' : one.shards.join(' ')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
