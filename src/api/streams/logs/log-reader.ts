/**
 * Reads the logs that this replica's clients follow. All that ask at one time are answered by one statement, and
 * those that ask meanwhile wait for the next, so that many streams cost as few reads as one.
 *
 * Owns who asks, and the look at logs of which nobody brings word. It leaves to each log where it stands.
 *
 * 1. A log that has asked is read after it has asked.
 * 2. Once a second at most `looksMax` logs are read that nobody brings word of, those that were read longest
 *    ago first; every other log is read at least once in `doubtMs`, because word may be lost.
 * 3. A store that does not answer is asked again, after a pause. A log that it refuses to read stops no other one.
 */
import { HeddleError } from '../../../domain/errors.ts';
import { thrownText } from '../../../domain/thrown.ts';
import type { Live } from '../../../library/live/live.ts';
import type { ChannelLog, ChannelLogRead, RunLog, RunLogRead } from '../../../store/watch-port.ts';

const readsMax = 256;
const lookMs = 1_000;
const looksMax = 512;
const doubtMs = 15_000;
const pauseMs = 500;

type Reader = {
  /** True when nobody brings word of its changes. */
  readonly isUnsure: boolean;
};
/** `next`: where it stands; null when it has no room for a page now: it asks again when it has. */
export type RunReader = Reader & {
  readonly kind: 'run';
  next(): RunLogRead | null;
  page(log: RunLog | null): void;
};
export type ChannelReader = Reader & {
  readonly kind: 'channel';
  next(): ChannelLogRead | null;
  page(log: ChannelLog): void;
};
export type LogReaderOf = RunReader | ChannelReader;

export class LogReader {
  readonly #live: Pick<Live, 'clock' | 'log' | 'reads'>;
  /** When each was read last; the one that was read longest ago stands first. */
  readonly #readAtMs = new Map<LogReaderOf, number>();
  readonly #asked = new Set<LogReaderOf>();
  #isReading = false;
  #cancelLook: (() => void) | null = null;

  constructor(live: Pick<Live, 'clock' | 'log' | 'reads'>) {
    this.#live = live;
  }

  /** Reads it from now on, when it asks and when nobody else brings word. */
  join(reader: LogReaderOf): () => void {
    this.#readAtMs.set(reader, this.#live.clock.nowMs());
    this.#cancelLook ??= this.#live.clock.setTimer(lookMs, () => this.#look());
    this.ask(reader);
    return () => {
      this.#readAtMs.delete(reader);
      this.#asked.delete(reader);
    };
  }

  ask(reader: LogReaderOf): void {
    if (!this.#readAtMs.has(reader)) return;
    this.#asked.add(reader);
    if (this.#isReading) return;
    this.#isReading = true;
    this.#live.clock.soon(() => void this.#readAll());
  }

  close(): void {
    this.#cancelLook?.();
    this.#cancelLook = null;
    this.#readAtMs.clear();
    this.#asked.clear();
  }

  #look(): void {
    this.#cancelLook = null;
    if (this.#readAtMs.size === 0) return;
    const { clock } = this.#live;
    const nowMs = clock.nowMs();
    let left = looksMax;
    for (const [reader, atMs] of this.#readAtMs) {
      if (left === 0) break;
      if (!reader.isUnsure && nowMs - atMs < doubtMs) continue;
      left -= 1;
      this.ask(reader);
    }
    this.#cancelLook = clock.setTimer(lookMs, () => this.#look());
  }

  async #readAll(): Promise<void> {
    while (this.#asked.size > 0) {
      try {
        await this.#readSome();
      } catch (error) {
        this.#live.log.warn('logs could not be read', { error: thrownText(error) });
        await new Promise<void>((resolve) => this.#live.clock.setTimer(pauseMs, resolve));
      }
    }
    this.#isReading = false;
  }

  async #readSome(): Promise<void> {
    const some = [...this.#asked].slice(0, readsMax);
    for (const reader of some) this.#asked.delete(reader);
    try {
      await this.#readApart(some);
    } catch (error) {
      for (const reader of some) if (this.#readAtMs.has(reader)) this.#asked.add(reader);
      throw error;
    }
  }

  /** Together, as far as the store takes them together. */
  async #readApart(some: readonly LogReaderOf[]): Promise<void> {
    try {
      await this.#readTogether(some);
    } catch (error) {
      if (!(error instanceof HeddleError) || error.status >= 500) throw error;
      const [first] = some;
      if (some.length === 1 && first !== undefined) {
        this.#live.log.warn('a log could not be read', { error: error.message });
        this.#wasLooked(first);
        return;
      }
      const half = some.length >> 1;
      await this.#readApart(some.slice(0, half));
      await this.#readApart(some.slice(half));
    }
  }

  async #readTogether(some: readonly LogReaderOf[]): Promise<void> {
    const runs: { reader: RunReader; read: RunLogRead }[] = [];
    const channels: { reader: ChannelReader; read: ChannelLogRead }[] = [];
    for (const reader of some) {
      // Without room for a page it gives way to others, and asks again when it has room.
      if (reader.kind === 'run') {
        const read = reader.next();
        if (read === null) this.#wasLooked(reader);
        else runs.push({ reader, read });
      } else {
        const read = reader.next();
        if (read === null) this.#wasLooked(reader);
        else channels.push({ reader, read });
      }
    }
    const { reads } = this.#live;
    const [runLogs, channelLogs] = await Promise.all([
      runs.length === 0 ? [] : reads.runLogs(runs.map(({ read }) => read)),
      channels.length === 0 ? [] : reads.channelLogs(channels.map(({ read }) => read)),
    ]);
    runs.forEach(({ reader }, i) => {
      if (this.#wasLooked(reader)) reader.page(runLogs[i] ?? null);
    });
    channels.forEach(({ reader }, i) => {
      const log = channelLogs[i];
      if (this.#wasLooked(reader) && log !== undefined) reader.page(log);
    });
  }

  /** From now on it is the last to be looked at. False when it has left meanwhile. */
  #wasLooked(reader: LogReaderOf): boolean {
    if (!this.#readAtMs.delete(reader)) return false;
    this.#readAtMs.set(reader, this.#live.clock.nowMs());
    return true;
  }
}
