/**
 * How a turn reads while it is computed: it yields a question and is resumed with the answer. So turns
 * do no I/O, and `compute-turns.ts`, which drives many of them, asks the store once for all.
 */
import type { ChannelRead, ChannelReadResult } from '../../store/port.ts';
import type { MemoryRead, MemoryReadResult } from '../../store/caller-port.ts';

export type Question =
  /** `forWrite`: the turn will write the next version, whatever the answer is. */
  | { readonly kind: 'memory'; readonly read: MemoryRead; readonly forWrite: boolean }
  | { readonly kind: 'channels'; readonly reads: readonly ChannelRead[] };

export type Answer =
  | { readonly kind: 'memory'; readonly result: MemoryReadResult }
  | { readonly kind: 'channels'; readonly results: readonly ChannelReadResult[] };

/** A computation that yields questions and returns a `Result`. */
export type Reading<Result> = Generator<Question, Result, Answer>;

export function* readMemory(read: MemoryRead, forWrite: boolean): Reading<MemoryReadResult> {
  const answer = yield { kind: 'memory', read, forWrite };
  if (answer.kind !== 'memory') throw new TypeError('asked for memory, told of channels');
  return answer.result;
}

export function* readChannels(
  reads: readonly ChannelRead[],
): Reading<readonly ChannelReadResult[]> {
  const answer = yield { kind: 'channels', reads };
  if (answer.kind !== 'channels') throw new TypeError('asked for channels, told of memory');
  return answer.results;
}
