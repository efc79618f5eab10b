/**
 * What a surface needs to follow runs and channels while they change: word of this replica's own commits, reads
 * that go on after a number, and where the other replicas are. Streams (src/api/streams) are made of it.
 *
 * It owns nothing. A listener that throws harms no commit.
 */
import { thrownText } from '../../domain/thrown.ts';
import type { ReplicaId } from '../../domain/ids.ts';
import { callOutside } from '../../runtime/host/host-code.ts';
import type { Clock, Log } from '../../runtime/ports.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { Store } from '../../store/port.ts';
import type { Interest, News } from './news.ts';

export type { Clock, Log };

/** The reads of followers. */
export type LiveReads = Pick<
  Store,
  'runLogs' | 'runStates' | 'channelLogs' | 'briefs' | 'openBriefs' | 'providers'
>;

export class Live {
  readonly #runtime: Runtime;
  readonly clock: Clock;
  readonly log: Log;
  readonly replicaId: ReplicaId;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.clock = runtime.clock;
    this.log = runtime.log;
    this.replicaId = runtime.replicaId;
  }

  get reads(): LiveReads {
    return this.#runtime.store;
  }

  /** What only the memory of a run's owner knows; null when that is another replica. */
  nowOf(run: Parameters<Runtime['nowOf']>[0]): ReturnType<Runtime['nowOf']> {
    return this.#runtime.nowOf(run);
  }

  /** As `nowOf`, of the phase alone. */
  phaseOf(run: Parameters<Runtime['phaseOf']>[0]): ReturnType<Runtime['phaseOf']> {
    return this.#runtime.phaseOf(run);
  }

  /** As `nowOf`, of the lines of all gates. */
  longestWaits(): ReturnType<Runtime['longestWaits']> {
    return this.#runtime.longestWaits();
  }

  random(): number {
    return this.#runtime.ids.random();
  }

  peers(): ReturnType<Store['peers']> {
    return this.#runtime.store.peers(this.replicaId);
  }

  /** Other replicas reach this one there; null: nowhere. */
  reachedAt(address: string | null): void {
    this.#runtime.reachedAt(address);
  }

  /** Word of what this replica commits and of the calls that it makes; at once, of the phases that are now. */
  follow(interest: Interest, hear: (news: News) => void): () => void {
    const heard = (news: News): void =>
      callOutside(
        () => hear(news),
        (thrown) => this.log.warn('a follower threw', { error: thrownText(thrown) }),
      );
    const { channelNews, watch, texts } = this.#runtime;
    switch (interest.kind) {
      case 'channel':
        return channelNews.follow(interest, () => heard(interest));
      case 'run':
        return watch.run(interest.runId, (word) => heard({ kind: 'run', ...word }));
      case 'runs':
        return watch.runs((word) => heard({ kind: 'run', ...word }));
      case 'gates':
        return watch.gates(() => heard(interest));
      case 'text': {
        const { tenant, runId } = interest;
        const deltas = texts.deltas.run(runId, () => () => undefined);
        const heardOne = deltas.subscribe((delta) => heard({ kind: 'text', tenant, delta }));
        return () => heardOne.unsubscribe();
      }
    }
  }
}
