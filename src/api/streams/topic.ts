/**
 * One thing that a stream carries. A topic keeps what its client has yet to get in a bounded form: a page of a
 * log, the newest state of each run. So a client that reads slowly costs no more than one that reads at once.
 */
import type { Frame } from './sse/writer.ts';

/** `place`: of a log, the number that the frame brings its reader to. */
export type TopicFrame = Omit<Frame, 'id' | 'data'> & {
  readonly place?: number;
  readonly data: Readonly<Record<string, unknown>>;
};

export interface Topic {
  /** Says its name in the stream's first frame. */
  readonly about: Readonly<Record<string, unknown>>;
  /** True when its frames have places. */
  readonly isLog: boolean;
  /** Begins to follow; `ready` is called whenever there may be something to take. */
  begin(ready: () => void): void;
  /** What can be sent now, at most so many frames. */
  take(most: number): readonly TopicFrame[];
  /** True when no frame will come any more. */
  readonly isOver: boolean;
  close(): void;
}
