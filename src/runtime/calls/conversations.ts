/**
 * Conversations as providers get them. A conversation is read when its call is sent, so a call that waits
 * for hours holds none of it. The conversations of calls that are sent together are read together.
 *
 * Owns the reads under way. Turns write what stands in a conversation.
 */
import type { GenerateRequest, GenerateMessage } from '../../domain/catalogue.ts';
import { heddleError } from '../../domain/errors.ts';
import type { Store } from '../../store/port.ts';
import type { ConversationRead } from '../../store/caller-port.ts';
import type { RunCall } from './call/run-call.ts';
import { Pauses } from '../host/pauses.ts';
import { untilAnswered } from '../until-answered.ts';
import { faultOf, isTurnsOwn } from '../fault.ts';
import type { Clock, Log } from '../ports.ts';

type Waiting = {
  readonly read: ConversationRead;
  readonly resolve: (messages: readonly string[]) => void;
  readonly reject: (error: unknown) => void;
  /** How many of its reads have failed. */
  readonly faults: number;
};

/** Conversations of one read: each may be megabytes. */
const readsMax = 32;
/** The pause between two reads that failed. */
const pauseMs = { first: 200, max: 60_000 } as const;

export class Conversations {
  readonly #store: Pick<Store, 'conversations'>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #pauses: Pauses;
  #waiting: Waiting[] = [];
  #isReading = false;
  #closed = false;

  constructor(parts: {
    readonly store: Pick<Store, 'conversations'>;
    readonly clock: Clock;
    readonly log: Log;
  }) {
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#pauses = new Pauses(parts.clock);
  }

  /** The call's input, with all messages of its conversation in place of the conversation's name. */
  async inputOf(
    { tenant, runId, isWritten }: Pick<RunCall, 'tenant' | 'runId' | 'isWritten'>,
    input: GenerateRequest,
  ): Promise<GenerateRequest> {
    const { conversation = '', prompt, messages: own = [], ...rest } = input;
    const read = { tenant, runId, conversation };
    const texts = await new Promise<readonly string[]>((resolve, reject) => {
      this.#waiting.push({ read, resolve, reject, faults: 0 });
      if (!this.#isReading) void this.#readAll();
    });
    const before = texts.map((text) => JSON.parse(text) as GenerateMessage);
    const messages = isWritten ? before : [...before, ...own];
    const asked = isWritten || prompt === undefined ? {} : { prompt };
    if (messages.length === 0 && asked.prompt === undefined) {
      const reason = 'is empty; give a prompt or messages';
      throw heddleError('invalid-field', { field: 'generate.conversation', reason });
    }
    return { ...rest, messages, ...asked };
  }

  /** From here on reads that wait end when the store is unreachable, and those that are to be tried again. */
  close(): void {
    this.#closed = true;
    this.#pauses.close();
  }

  async #readAll(): Promise<void> {
    this.#isReading = true;
    while (this.#waiting.length > 0) {
      // A conversation whose read has failed is read alone, so that its error meets no other call.
      const alone = this.#waiting.findIndex(({ faults }) => faults > 0);
      const max = alone === -1 ? readsMax : Math.max(Math.min(alone, readsMax), 1);
      const taken = this.#waiting.splice(0, max);
      try {
        const found = await untilAnswered(
          () => this.#store.conversations(taken.map(({ read }) => read)),
          { clock: this.#clock, log: this.#log, mayGoOn: () => !this.#closed },
        );
        taken.forEach(({ resolve }, i) => resolve(found[i] ?? []));
      } catch (error) {
        for (const waiting of taken) void this.#again(waiting, error);
      }
    }
    this.#isReading = false;
  }

  /** No call fails because of a database error: its conversation is read again, without end. */
  async #again(waiting: Waiting, error: unknown): Promise<void> {
    if (this.#closed || isTurnsOwn(error)) return waiting.reject(error);
    const { faults } = waiting;
    if (faults === 1) {
      const { runId } = waiting.read;
      const reason = faultOf(error).message;
      this.#log.warn('a conversation cannot be read; its call waits', { runId, reason });
    }
    const waitMs = faults === 0 ? 0 : Math.min(pauseMs.first * 2 ** (faults - 1), pauseMs.max);
    await this.#pauses.pause(waitMs);
    if (this.#closed) return waiting.reject(error);
    this.#waiting.push({ ...waiting, faults: faults + 1 });
    if (!this.#isReading) void this.#readAll();
  }
}
