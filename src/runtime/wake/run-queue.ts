/**
 * The runs of this replica that have work: what woke them, and which of them takes the next turn.
 *
 * Owns the entries and their order. Leaves what a turn does to `turn/`, when turns are taken to
 * `committer.ts`, and how many calls and tasks may be out at once to `permits.ts`: a turn needs no
 * permit. Nothing here is durable: it is rebuilt from inbox rows and open invocations.
 *
 * 1. A run has at most one turn under way.
 * 2. A turn waits for turns before it and for nothing else: not for calls and tasks, in whatever line
 *    they stand (promise 7).
 * 3. Runs with a command (cancel, pause, resume, answer) go first, and fill at most `commandShare` of a
 *    batch while others wait. A command takes a run out of any line, also out of that of runs that have
 *    not begun.
 * 4. Runs that have begun go ahead of runs that have not. Among those that have not, tenants, then
 *    users, take turns, and the oldest pipeline goes first (promise 9).
 * 5. A run that waits and has nothing to do has no entry: waiting costs no memory.
 */
import type { CapacitySettings } from '../../domain/capacity-settings.ts';
import type { Backlog } from './backlog.ts';
import { limits } from '../../domain/limits.ts';
import type { ErrorRecord } from '../../domain/errors.ts';
import type { RunId } from '../../domain/ids.ts';
import type { Place } from '../../domain/calls/phase.ts';
import { FairQueue, type FairPlace } from '../../queue/fair-queue.ts';
import { commandKinds, type RunAddress } from '../../store/rows.ts';
import type { HotRun } from '../turn/hot-run.ts';
import type { Incoming } from '../turn/incoming.ts';

type Line = 'command' | 'begun' | 'new';

export type Entry = {
  readonly address: RunAddress;
  /** Null while the run is only a row. */
  hot: HotRun | null;
  /** Outcomes and timers that this replica has for the run; its inbox rows stay in the store. */
  readonly local: Incoming[];
  /** True when the run's inbox may hold rows that were not read yet. */
  look: boolean;
  /** True when a command may be among them. */
  command: boolean;
  inTurn: boolean;
  /** True once the run was taken out of the line of runs that have not begun. */
  mayBegin: boolean;
  /** True while the run takes the turn in which it begins: what it will wait for is not known yet. */
  begins: boolean;
  queued: 'no' | Line;
  /** Failed tries in a row to commit a turn. */
  tries: number;
  /** Set when the run cannot go on: its next turn only fails it. Another owner of the run finds out anew. */
  failure: ErrorRecord | null;
  /** True while the run waits to be tried apart from others: see `isolation.ts`. */
  aside: boolean;
  /**
   * Errors that were no fault of the run's and that it has met alone, in a row; null when the last turn
   * went well.
   */
  trouble: Trouble | null;
};

type Trouble = {
  readonly faults: number;
  /** The reason that the run's row shows; null while it could not be written. */
  readonly shown: string | null;
};

export class RunQueue {
  readonly #entries = new Map<RunId, Entry>();
  readonly #onWork: () => void;
  readonly #backlog: Backlog;
  #commands: Entry[] = [];
  #begun: Entry[] = [];
  readonly #new: FairQueue<Entry>;
  readonly #commandShare: number;
  /** Runs whose first turns are being taken. */
  #beginning = 0;
  /** Runs that wait to begin and whose rows do not say yet that they are held back. */
  readonly #untold = new Set<Entry>();
  /**
   * The fraction that was cut off when the last batch's share for commands was rounded down: the next
   * share gets it.
   */
  #partLeft = 0;

  /** `onWork` is called whenever a run may be ready. */
  constructor(options: {
    readonly onWork: () => void;
    readonly backlog: Backlog;
    readonly capacity: CapacitySettings;
  }) {
    const { fairness } = options.capacity;
    this.#onWork = options.onWork;
    this.#backlog = options.backlog;
    this.#new = new FairQueue(fairness);
    this.#commandShare = fairness.commandShare;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** How many runs wait to begin. */
  get queuedCount(): number {
    return this.#new.size;
  }

  /** About where a run stands in the line of those that wait to begin; null for one that is not in it. */
  placeOf(runId: RunId, nowMs: number): Place | null {
    const at = this.#new.placeOf(runId, nowMs);
    if (at === null) return null;
    const { length, aheadOfSameUser, atMs } = at;
    const asOf = Math.round(atMs);
    return { line: 'begin', length, aheadOfSameUser, estimateMs: null, asOf };
  }

  get hasWork(): boolean {
    if (this.#commands.length > 0 || this.#begun.length > 0) return true;
    return this.#new.size > 0 && this.#freshRoom > 0;
  }

  /** How many runs may begin in the commit that accepts them: none while others wait to begin. */
  get freshMax(): number {
    return this.#new.size > 0 ? 0 : this.#freshRoom;
  }

  /** How many runs may begin. Each of them may come to wait for a slot or a permit. */
  get #freshRoom(): number {
    return this.#backlog.room - this.#beginning;
  }

  /** True when runs wait to begin, none may begin now, and the rows of some do not say so. */
  get hasHeldBack(): boolean {
    return this.#untold.size > 0 && this.#backlog.room <= 0;
  }

  /** Takes up to `max` of these runs; each is given once. */
  takeHeldBack(max: number): Entry[] {
    const held: Entry[] = [];
    if (!this.hasHeldBack) return held;
    for (const entry of this.#untold) {
      if (held.length >= max) break;
      this.#untold.delete(entry);
      if (!entry.inTurn && entry.queued === 'new') held.push(entry);
    }
    return held;
  }

  entry(runId: RunId): Entry | undefined {
    return this.#entries.get(runId);
  }

  /** The store has rows for a run that has begun, or a command for any run. */
  wake(address: RunAddress, command = false): void {
    const entry = this.#entryOf(address);
    entry.look = true;
    if (command) entry.command = true;
    this.#queue(entry);
  }

  /** Puts a run that has not begun into the line of such runs. */
  enqueueNew(address: RunAddress, fair: FairPlace): void {
    const known = this.#entries.get(address.runId);
    if (known !== undefined) return this.wake(address);
    this.#pushNew(this.#entryOf(address), fair);
  }

  /** Puts a run back into that line: it was woken ahead of its place, and has not begun. */
  putBackNew(entry: Entry, fair: FairPlace): void {
    this.#turnIsOver(entry);
    entry.hot = null;
    this.#pushNew(entry, fair);
  }

  /** This replica has an outcome or a timer for a run. */
  deliver(address: RunAddress, incoming: Incoming): void {
    const entry = this.#entryOf(address);
    entry.local.push(incoming);
    this.#queue(entry);
  }

  /** Takes up a run that was found open after a takeover. */
  adopt(hot: HotRun): void {
    const entry = this.#entryOf(hot.run);
    if (!entry.inTurn && !entry.aside) entry.hot = hot;
  }

  /** The run need not stay in memory, for its row is enough; it stays if it has something to do. */
  cool(runId: RunId): void {
    const entry = this.#entries.get(runId);
    if (entry === undefined || entry.inTurn || entry.aside || entry.queued !== 'no') return;
    this.#forget(entry);
  }

  /** The same as `hold`, for a run of which only the row is known here. */
  holdCold(address: RunAddress): Entry {
    const entry = this.#entryOf(address);
    entry.inTurn = true;
    return entry;
  }

  /** The runs of these shards that have an entry: they must end before the shards can be given back. */
  entriesOf(isOne: (shard: number) => boolean): Entry[] {
    return [...this.#entries.values()].filter(({ address }) => isOne(address.shard));
  }

  /** Takes up to `max` runs into a turn. `othersWait`: starts wait that are not in this queue yet. */
  take(max: number, othersWait = false): Entry[] {
    const taken: Entry[] = [];
    const isAlone = this.#begun.length === 0 && this.#new.size === 0 && !othersWait;
    this.#commands = this.#takeFrom(
      this.#commands,
      { line: 'command', max: isAlone ? max : this.#partOf(max) },
      taken,
    );
    this.#begun = this.#takeFrom(this.#begun, { line: 'begun', max }, taken);
    while (taken.length < max && this.#freshRoom > 0) {
      const entry = this.#new.pop();
      if (entry === undefined) break;
      this.#untold.delete(entry);
      if (this.#begin(entry, 'new')) taken.push(entry);
    }
    // Commands also get what the other lines leave of the batch.
    this.#commands = this.#takeFrom(this.#commands, { line: 'command', max }, taken);
    return taken;
  }

  /** Keeps the run from taking a turn while its status is committed; `endTurn` lets it go on. */
  hold(entry: Entry): void {
    entry.inTurn = true;
  }

  /** Begins a run in the very commit that accepts it. Only while no run waits to begin. */
  beginFresh(hot: HotRun): Entry {
    const entry = this.#entryOf(hot.run);
    entry.hot = hot;
    entry.inTurn = true;
    this.#begins(entry);
    return entry;
  }

  /**
   * Takes the local events of the run's turn, at most `turnEventsMax`; the rest waits in order for the
   * next turn.
   */
  takeLocal(entry: Entry): Incoming[] {
    return entry.local.splice(0, limits.turnEventsMax);
  }

  /**
   * A turn is over. `hot`: the run as it is now, when that is of use before its next turn; null when its
   * row is enough. What came in during the turn queues the run again.
   */
  endTurn(entry: Entry, hot: HotRun | null): void {
    this.#turnIsOver(entry);
    entry.hot = hot;
    if (entry.look || entry.local.length > 0) this.#queue(entry);
    else if (hot === null) this.#forget(entry);
  }

  /** The turn is to be taken again: what it had taken comes before anything that came later. */
  retry(entry: Entry, incoming: readonly Incoming[], hot: HotRun | null): void {
    this.#turnIsOver(entry);
    entry.hot = hot;
    entry.local.unshift(...incoming.filter(({ kind }) => kind !== 'inbox'));
    for (const item of incoming) {
      if (item.kind !== 'inbox') continue;
      entry.look = true;
      if (commandKinds.includes(item.row.kind)) entry.command = true;
    }
    if (hot === null) entry.look = true;
    this.#queue(entry);
  }

  /**
   * Sets the run aside, with what its turn had taken, until it is tried apart from others. No batch
   * takes the run meanwhile, whatever comes in for it.
   */
  putAside(entry: Entry, incoming: readonly Incoming[]): void {
    this.#turnIsOver(entry);
    // A run that was held for a change of its status may still stand in a line, which now skips it.
    entry.queued = 'no';
    entry.aside = true;
    entry.hot = null;
    entry.look = true;
    entry.local.unshift(...incoming.filter(({ kind }) => kind !== 'inbox'));
  }

  /** Begins the turns of those runs that were put aside and have not been dropped since. */
  takeAside(entries: readonly Entry[]): Entry[] {
    const taken = entries.filter(
      (entry) => entry.aside && this.#entries.get(entry.address.runId) === entry,
    );
    for (const entry of taken) {
      entry.aside = false;
      entry.inTurn = true;
    }
    return taken;
  }

  /** The run has ended, or another replica owns it. */
  drop(runId: RunId): void {
    const entry = this.#entries.get(runId);
    if (entry !== undefined) this.dropEntry(entry);
  }

  /** Drops this entry only: a newer entry of the run that stands in its place stays. */
  dropEntry(entry: Entry): void {
    entry.local.length = 0;
    entry.look = false;
    entry.command = false;
    entry.aside = false;
    if (entry.queued === 'new') this.#new.remove(entry.address.runId);
    this.#untold.delete(entry);
    entry.queued = 'no';
    this.#forget(entry);
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
      command: false,
      inTurn: false,
      mayBegin: false,
      begins: false,
      queued: 'no',
      tries: 0,
      failure: null,
      aside: false,
      trouble: null,
    };
    this.#entries.set(runId, entry);
    return entry;
  }

  #pushNew(entry: Entry, fair: FairPlace): void {
    entry.look = true;
    entry.queued = 'new';
    this.#onWork();
    this.#new.push(entry.address.runId, entry, fair);
    this.#untold.add(entry);
  }

  /** Puts a run into a line. A run that stands in one already moves only for a command. */
  #queue(entry: Entry): void {
    if (entry.inTurn || entry.aside) return;
    const line = entry.command ? 'command' : 'begun';
    if (entry.queued === 'command' || (entry.queued !== 'no' && line === 'begun')) return;
    if (entry.queued === 'new') this.#new.remove(entry.address.runId);
    entry.queued = line;
    (line === 'command' ? this.#commands : this.#begun).push(entry);
    this.#onWork();
  }

  /** Moves runs of a line into `taken` until that holds `max` runs; gives what is left of the line. */
  #takeFrom(
    line: Entry[],
    { line: name, max }: { readonly line: Line; readonly max: number },
    taken: Entry[],
  ): Entry[] {
    let at = 0;
    for (; at < line.length && taken.length < max; at++) {
      const entry = line[at];
      if (entry !== undefined && this.#begin(entry, name)) taken.push(entry);
    }
    return at === 0 ? line : line.slice(at);
  }

  #partOf(max: number): number {
    const part = max * this.#commandShare + this.#partLeft;
    this.#partLeft = part % 1;
    return Math.floor(part);
  }

  /** False for an entry that was dropped, queued elsewhere or held since it was put into this line. */
  #begin(entry: Entry, from: Line): boolean {
    if (entry.queued !== from || this.#entries.get(entry.address.runId) !== entry) return false;
    entry.queued = 'no';
    // The run is held while its status is committed: `endTurn` queues it again.
    if (entry.inTurn) return false;
    entry.inTurn = true;
    entry.command = false;
    if (from === 'new') {
      entry.mayBegin = true;
      this.#begins(entry);
    }
    return true;
  }

  #begins(entry: Entry): void {
    entry.begins = true;
    this.#beginning += 1;
  }

  #beginsNoMore(entry: Entry): void {
    if (!entry.begins) return;
    entry.begins = false;
    this.#beginning -= 1;
  }

  #turnIsOver(entry: Entry): void {
    entry.inTurn = false;
    this.#beginsNoMore(entry);
  }

  #forget(entry: Entry): void {
    this.#beginsNoMore(entry);
    if (this.#entries.get(entry.address.runId) === entry) {
      this.#entries.delete(entry.address.runId);
    }
  }
}
