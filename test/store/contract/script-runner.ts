/**
 * Runs a script on one store and writes down everything that the store says. Two stores agree when
 * they say the same.
 */
import { oneTenant } from '../../../src/access/scopes.ts';
import type { Batch } from '../../../src/store/batch.ts';
import { allShards, Bench, hour, minute, replicaId, type Harness } from './fixture.ts';
import { BatchMaker, see } from './script-batch.ts';
import { addresses, inMinutes, leasedMessage, look, runOf, told } from './script-view.ts';
import type { Command, CommitCommand } from './script.ts';

const lowShards = [0, 1];

export async function runScript(
  harness: Harness,
  script: readonly Command[],
): Promise<readonly unknown[]> {
  const runner = new Runner(harness);
  await runner.begin();
  const said: unknown[] = [];
  for (const command of script) said.push([command.kind, await runner.run(command)]);
  said.push(['end', await look(harness.store)]);
  return said;
}

class Runner {
  private readonly harness: Harness;
  private readonly benches: ReadonlyMap<number, Bench>;
  private readonly batches: Batch[] = [];
  private readonly tokens: string[] = [];
  private maker: BatchMaker | null = null;

  constructor(harness: Harness) {
    this.harness = harness;
    this.benches = new Map([1, 2, 3].map((n) => [n, new Bench(harness, n)]));
  }

  private bench(n: number): Bench {
    const bench = this.benches.get(n);
    if (bench === undefined) throw new Error(`no replica ${n}`);
    return bench;
  }

  async begin(): Promise<void> {
    await this.bench(1).renew(hour);
    const starts = [0, 1, 2].map((n) => runOf('acme', n));
    await this.bench(1).commit({ arrivals: { starts } });
  }

  async run(command: Command): Promise<unknown> {
    const { store } = this.harness;
    switch (command.kind) {
      case 'commit':
        return this.commit(command);
      case 'renew': {
        const renewal = await this.bench(command.replica).renew(command.lease * minute);
        return { ...renewal, nextEndIn: inMinutes(renewal.nextEndInMs), nextEndInMs: null };
      }
      case 'release': {
        const shards = await this.released(command.replica, command.shards);
        const { retire } = command;
        return store.release({ replicaId: replicaId(command.replica), shards, retire });
      }
      case 'advance':
        // The second keeps every deadline off the instants at which scripts look.
        return this.harness.advance(command.minutes * minute + 1_000);
      case 'release-delayed': {
        const shards = command.shards === 'all' ? allShards : lowShards;
        const { wakes, nextDueInMs } = await store.releaseDelayed({ shards, limit: command.limit });
        return { wakes: addresses(wakes), nextDueIn: inMinutes(nextDueInMs) };
      }
      case 'lease': {
        const { channel, group, from, max, lease } = command;
        const at = { tenant: 'acme', channel, group };
        const leased = await store.lease(oneTenant(at.tenant), {
          ...at,
          from,
          max,
          leaseMs: lease * minute,
        });
        this.tokens.push(...leased.map((one) => one.token));
        return leased.map(leasedMessage);
      }
      case 'acknowledge': {
        const { channel, group } = command;
        const tokens = command.which.map((which) => this.tokens.at(-1 - which) ?? 'none');
        return store.acknowledge(oneTenant('acme'), { channel, group, tokens });
      }
      case 'prune':
        return (await store.prune({ olderThanMs: command.minutes * minute, limit: 99 })).runs;
      case 'crash':
        return this.harness.crash();
      case 'look':
        return look(store);
    }
  }

  private async released(replica: number, which: string): Promise<readonly number[]> {
    if (which === 'all') return allShards;
    return which === 'low' ? lowShards : (await this.bench(replica).renew(5 * minute)).surplus;
  }

  private async commit(command: CommitCommand): Promise<unknown> {
    const before = this.batches.at(-1);
    const bench = this.bench(command.replica);
    if (command.again && before !== undefined) return told(await bench.send(before));
    const sight = await see(this.harness.store);
    this.maker ??= new BatchMaker(sight);
    const batch = bench.batch(this.maker.parts(bench, command, sight));
    this.batches.push(batch);
    return told(await bench.send(batch));
  }
}
