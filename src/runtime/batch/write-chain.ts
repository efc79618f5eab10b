/**
 * Turns of one batch that write one memory entry, or receive in one group. Each stands on those before
 * it, so that they commit together. Otherwise only one of them would win each commit, and n runs that
 * share an entry or a group would need n commits and n² / 2 computed turns.
 *
 * Owns what the turns of one batch have written so far. The store refuses a turn that stands on a
 * refused one.
 *
 * 1. Only what a write stands on is chained. What a turn merely reads or decides by is read as it is
 *    committed. Otherwise a turn could follow from a write that is never committed.
 */
import type { MemoryVersionRow } from '../../store/rows.ts';
import type { Draft } from '../turn/draft.ts';
import type { Answer, Question } from '../turn/reading.ts';

type Entry = {
  readonly tenant: string;
  readonly scope: string;
  readonly owner: string;
  readonly key: string;
};

export class WriteChain {
  readonly #newest = new Map<string, MemoryVersionRow>();
  readonly #cursors = new Map<string, number>();

  /** True when the turn was computed without the writes of turns before it in the batch. */
  misses({ from, memory, groupCursors }: Draft): boolean {
    const seen = new Set<string>();
    for (const row of memory) {
      const key = entryKey(row);
      const newest = seen.has(key) ? undefined : this.#newest.get(key)?.version;
      if (newest !== undefined && row.version !== newest + 1) return true;
      seen.add(key);
    }
    return groupCursors.some((move) => {
      const cursor = this.#cursors.get(groupKey(from.run.tenant, move.channel, move.group));
      return cursor !== undefined && cursor !== move.from;
    });
  }

  /**
   * Notes on each version in the draft which turn's version it stands on, so that the store takes both
   * or refuses the later one.
   */
  add({ from, memory, groupCursors }: Draft): void {
    const { runId } = from.run;
    memory.forEach((row, place) => {
      const { runId: writer = null, turn = null } = this.#newest.get(entryKey(row)) ?? {};
      if (writer !== null && turn !== null && writer !== runId) {
        memory[place] = { ...row, standsOn: { runId: writer, turn } };
      }
      this.#newest.set(entryKey(row), { ...row, createdAtMs: 0 });
    });
    for (const { channel, group, to } of groupCursors) {
      this.#cursors.set(groupKey(from.run.tenant, channel, group), to);
    }
  }

  /**
   * A receive may have found nothing because a turn before it in the batch has taken the messages. It
   * may wait only if that turn commits. So the draft gets a cursor move from a number to itself, which
   * makes the store check the cursor.
   */
  secure({ from, subscribe, groupCursors }: Draft): void {
    for (const { channel, group } of subscribe.flatMap(({ channels }) => channels)) {
      if (group === null) continue;
      const cursor = this.#cursors.get(groupKey(from.run.tenant, channel, group));
      const isMoved = groupCursors.some((one) => one.channel === channel && one.group === group);
      if (cursor === undefined || isMoved) continue;
      groupCursors.push({ channel, group, from: cursor, to: cursor });
    }
  }

  /** The question for the store: a group is read from where this batch has moved its cursor. */
  asks(question: Question): Question {
    if (question.kind === 'memory') return question;
    return {
      kind: 'channels',
      reads: question.reads.map((read) => {
        const after = this.#cursorOf(read);
        return after === undefined ? read : { ...read, group: null, after };
      }),
    };
  }

  /** The store's answer with the batch's own writes on top. */
  answers(question: Question, answer: Answer): Answer {
    if (question.kind === 'channels' && answer.kind === 'channels') {
      const results = answer.results.map((result, i) => {
        const read = question.reads[i];
        if (read === undefined || this.#cursorOf(read) === undefined) return result;
        return { ...result, cursorStored: true };
      });
      return { kind: 'channels', results };
    }
    if (question.kind !== 'memory' || !question.forWrite) return answer;
    const newest = this.#newest.get(entryKey(question.read));
    if (newest === undefined) return answer;
    return { kind: 'memory', result: { newest: newest.version, versions: [newest] } };
  }

  #cursorOf(read: { tenant: string; channel: string; group: string | null }): number | undefined {
    if (read.group === null) return undefined;
    return this.#cursors.get(groupKey(read.tenant, read.channel, read.group));
  }
}

/** Names hold no NUL. */
const entryKey = ({ tenant, scope, owner, key }: Entry): string =>
  [tenant, scope, owner, key].join('\u0000');
const groupKey = (...names: readonly [string, string, string]): string => names.join('\u0000');
