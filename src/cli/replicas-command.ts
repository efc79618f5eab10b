/** `heddle replicas`: who is at work on the database, and which shards each holds. */
import type { Command } from 'commander';
import type { Replicas } from '../client/index.ts';
import { apiCommand, withJsonFlags, type ApiFlags } from './api/api-flags.ts';
import { printOne, tableOf } from './api/printed.ts';
import { withClient } from './api/with-client.ts';
import type { Streams } from './streams.ts';

export function addReplicasCommand(program: Command, streams: Streams): void {
  const command = apiCommand(program, 'replicas').description(
    'show the replicas: address, last heartbeat, shards, and the shards that none holds',
  );
  withJsonFlags(command, 'the replicas').action(async (flags: ApiFlags) => {
    const all = await withClient(flags, ({ operator }) => operator.replicas());
    printOne(streams, flags, all, replicasText);
  });
}

function replicasText({ replicas, shards, shardsWithoutOwner }: Replicas): string {
  const rows = replicas.map(({ replicaId, address, release, isLive, heartbeatAgoMs, ...held }) => {
    const heard = `${(heartbeatAgoMs / 1_000).toFixed(1)} s ago`;
    return [
      replicaId,
      address ?? '',
      release ?? '',
      isLive ? 'live' : 'gone',
      heard,
      held.shards.length,
    ];
  });
  const free = shardsWithoutOwner.length;
  return [
    tableOf(['replica', 'address', 'release', 'state', 'heartbeat', 'shards'], rows),
    free === 0
      ? `All ${shards} shards have an owner.`
      : `${free} of ${shards} shards have no owner, and their runs stand still: ${shardsWithoutOwner.join(', ')}`,
  ].join('\n');
}
