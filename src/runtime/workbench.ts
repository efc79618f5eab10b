/**
 * The runs that this replica has in its hands: what woke them, who goes next, who holds a permit.
 *
 * Owns the entries and the permits. Leaves what a turn does to `turn/`, and when turns are taken to
 * the committer. Nothing here is durable: it is rebuilt from inbox rows and open invocations.
 *
 * 1. A run has at most one turn under way.
 * 2. A permit is held only by a run that works; a run that waits has given it back (promise 7), so
 *    with any cap of at least one, every order of arrival ends.
 * 3. Runs that have begun go ahead of runs that have not; among those that have not, tenants, then
 *    users, take turns, and the oldest pipeline goes first (promise 9).
 * 4. A run that waits and has nothing to do has no entry: waiting costs no memory.
 */
import { limits } from '../domain/limits.ts';
import type { RunId } from '../domain/ids.ts';
import { FairQueue, type FairPlace } from '../providers/fair-queue.ts';
import type { RunAddress } from '../store/rows.ts';
import type { HotRun } from './turn/hot-run.ts';
import type { Incoming } from './turn/incoming.ts';

export type Entry = {
  readonly address: RunAddress;
  /** Null while the run is only a row. */
  hot: HotRun | null;
  /** Outcomes and timers of this replica's own making; inbox rows stay in the store. */
  readonly local: Incoming[];
  /** True when the store's inbox may hold something that was not read yet. */
  look: boolean;
  inTurn: boolean;
  permit: boolean;
  queued: 'no' | 'ready' | 'resumed' | 'new';
  /** Failed tries in a row to commit a turn. */
  tries: number;
};

export class Workbench {
  readonly #permitsMax: number;
  readonly #entries = new Map<RunId, Entry>();
  readonly #onWork: () => void;
  #ready: Entry[] = [];
  #resumed: Entry[] = [];
  readonly #new = new FairQueue<Entry>();
  #permits = 0;

  constructor(options: {
    readonly permitsMax: number;
    /** Called whenever a run may be ready. */
    readonly onWork: () => void;
  }) {
    this.#permitsMax = options.permitsMax;
    this.#onWork = options.onWork;
  }

  get permitsInUse(): number {
    return this.#permits;
  }

  get size(): number {
    return this.#entries.size;
  }

  get queuedCount(): number {
    return this.#new.size;
  }

  /** True when a run could begin at once without overtaking anybody. */
  get hasRoom(): boolean {
    return this.#permits < this.#permitsMax && this.#new.size === 0 && this.#resumed.length === 0;
  }

  get roomCount(): number {
    return this.#permitsMax - this.#permits;
  }

  get hasWork(): boolean {
    if (this.#ready.length > 0) return true;
    return this.#permits < this.#permitsMax && (this.#resumed.length > 0 || this.#new.size > 0);
  }

  entry(runId: RunId): Entry | undefined {
    return this.#entries.get(runId);
  }

  /** The store has something for a run that has begun. */
  wake(address: RunAddress): void {
    const entry = this.#entryOf(address);
    entry.look = true;
    this.#queue(entry);
  }

  /** A run that has not begun waits for its first permit. */
  enqueueNew(address: RunAddress, fair: FairPlace): void {
    const known = this.#entries.get(address.runId);
    if (known !== undefined) return this.wake(address);
    const entry = this.#entryOf(address);
    entry.look = true;
    entry.queued = 'new';
    this.#onWork();
    this.#new.push(address.runId, entry, fair);
  }

  /** This replica has done something for a run. */
  deliver(address: RunAddress, incoming: Incoming): void {
    const entry = this.#entryOf(address);
    entry.local.push(incoming);
    this.#queue(entry);
  }

  /** A run that was found open after a takeover; one that works holds its permit whatever the cap. */
  adopt(hot: HotRun, working: boolean): void {
    const entry = this.#entryOf(hot.run);
    if (entry.inTurn) return;
    entry.hot = hot;
    if (working) this.#takePermit(entry);
  }

  /** Runs of these shards that have an entry: what must end before they can be given back. */
  entriesOf(isOne: (shard: number) => boolean): Entry[] {
    return [...this.#entries.values()].filter(({ address }) => isOne(address.shard));
  }

  /** Takes up to `max` runs into a turn. */
  take(max: number): Entry[] {
    const taken: Entry[] = [];
    const ready = this.#ready;
    if (ready.length <= max) {
      this.#ready = [];
    } else {
      this.#ready = ready.slice(max);
      ready.length = max;
    }
    for (const entry of ready) if (this.#begin(entry, 'ready')) taken.push(entry);
    let resumed = 0;
    while (taken.length < max && this.#permits < this.#permitsMax) {
      const entry = this.#resumed[resumed];
      if (entry === undefined) break;
      resumed += 1;
      if (!this.#begin(entry, 'resumed')) continue;
      this.#takePermit(entry);
      taken.push(entry);
    }
    if (resumed > 0) this.#resumed = this.#resumed.slice(resumed);
    while (taken.length < max && this.#permits < this.#permitsMax) {
      const entry = this.#new.pop();
      if (entry === undefined) break;
      if (!this.#begin(entry, 'new')) continue;
      this.#takePermit(entry);
      taken.push(entry);
    }
    return taken;
  }

  /** The run takes no turn while its status is committed; `endTurn` lets it go on. */
  hold(entry: Entry): void {
    entry.inTurn = true;
  }

  /** A run that begins in the very commit that accepts it. Only while `hasRoom`. */
  beginFresh(hot: HotRun): Entry {
    const entry = this.#entryOf(hot.run);
    entry.hot = hot;
    entry.inTurn = true;
    this.#takePermit(entry);
    return entry;
  }

  /** The events of a turn: at most so many, the rest waits in order for the next one. */
  takeLocal(entry: Entry): Incoming[] {
    return entry.local.splice(0, limits.turnEventsMax);
  }

  /**
   * A turn is over. `hot`: the run as it is now, when it works on; null when it waits, so that only
   * its row remains. What came in meanwhile queues it again.
   */
  endTurn(entry: Entry, hot: HotRun | null, working: boolean): void {
    entry.inTurn = false;
    entry.hot = hot;
    if (entry.permit && !working) {
      entry.permit = false;
      this.#permits -= 1;
    }
    if (entry.look || entry.local.length > 0) this.#queue(entry);
    else if (!working && hot === null) this.#forget(entry);
  }

  /** The turn comes again, with what it had taken, before anything that came later. */
  retry(entry: Entry, incoming: readonly Incoming[], hot: HotRun | null): void {
    entry.inTurn = false;
    entry.hot = hot;
    entry.local.unshift(...incoming.filter(({ kind }) => kind !== 'inbox'));
    if (incoming.some(({ kind }) => kind === 'inbox') || hot === null) entry.look = true;
    this.#queue(entry);
  }

  /** The run has ended, or another replica owns it. */
  drop(runId: RunId): void {
    const entry = this.#entries.get(runId);
    if (entry !== undefined) this.dropEntry(entry);
  }

  /** The same, when a newer entry of the run may stand in its place: that one stays. */
  dropEntry(entry: Entry): void {
    if (entry.permit) this.#permits -= 1;
    entry.permit = false;
    entry.local.length = 0;
    entry.look = false;
    if (entry.queued === 'new') this.#new.remove(entry.address.runId);
    entry.queued = 'no';
    this.#forget(entry);
  }

  /** A permit for a run whose call goes on after a backoff: it never waits behind the cap. */
  work(entry: Entry): void {
    this.#takePermit(entry);
  }

  rest(entry: Entry): void {
    if (!entry.permit) return;
    entry.permit = false;
    this.#permits -= 1;
  }

  #entryOf(address: RunAddress): Entry {
    const known = this.#entries.get(address.runId);
    if (known !== undefined) return known;
    const { tenant, runId, shard } = address;
    const entry: Entry = {
      address: { tenant, runId, shard },
      hot: null,
      local: [],
      look: false,
      inTurn: false,
      permit: false,
      queued: 'no',
      tries: 0,
    };
    this.#entries.set(runId, entry);
    return entry;
  }

  #queue(entry: Entry): void {
    if (entry.inTurn || entry.queued !== 'no') return;
    this.#onWork();
    entry.queued = entry.permit ? 'ready' : 'resumed';
    (entry.permit ? this.#ready : this.#resumed).push(entry);
  }

  /** False for an entry that was dropped, or queued elsewhere, since it was put here. */
  #begin(entry: Entry, from: Entry['queued']): boolean {
    if (entry.queued !== from || this.#entries.get(entry.address.runId) !== entry) return false;
    entry.queued = 'no';
    // Held while its status is committed: `endTurn` queues it again.
    if (entry.inTurn) return false;
    entry.inTurn = true;
    return true;
  }

  /** An entry that queued without a permit may have been given one meanwhile: by `adopt` or `work`. */
  #takePermit(entry: Entry): void {
    if (entry.permit) return;
    entry.permit = true;
    this.#permits += 1;
  }

  #forget(entry: Entry): void {
    if (this.#entries.get(entry.address.runId) === entry) {
      this.#entries.delete(entry.address.runId);
    }
  }
}
