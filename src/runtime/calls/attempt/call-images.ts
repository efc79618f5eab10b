/**
 * Images that heddle keeps under their hash, put back as bytes before a call is sent: providers get bytes or
 * addresses.
 *
 * Owns the line of reads. One image at a time is read by a replica, because it is megabytes and the reads of
 * turns share its connections. One call gets at most `callImageBytesMax`.
 */
import type { GenerateRequest } from '../../../domain/catalogue.ts';
import { heddleError } from '../../../domain/errors.ts';
import { limits } from '../../../domain/limits.ts';
import { isStored, storedImagesOf, withImages } from '../../../domain/model/images.ts';
import type { ImageRead, ImageReadResult, Store } from '../../../store/port.ts';
import { faultOf, isTurnsOwn } from '../../fault.ts';
import type { Clock, Log } from '../../ports.ts';
import { Pauses } from '../../host/pauses.ts';
import { untilAnswered } from '../../until-answered.ts';

/** The pause between two reads that failed. */
const pauseMs = { first: 200, max: 60_000 } as const;

export class CallImages {
  readonly #store: Pick<Store, 'image'>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #pauses: Pauses;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(parts: {
    readonly store: Pick<Store, 'image'>;
    readonly clock: Clock;
    readonly log: Log;
  }) {
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#pauses = new Pauses(parts.clock);
  }

  /** True when the call must be given bytes before it is sent. */
  isNeededBy({ messages }: GenerateRequest): boolean {
    return messages !== undefined && storedImagesOf(messages).length > 0;
  }

  /** Throws `image-unknown` and `images-too-large`: the call fails, and leaves nothing in its conversation. */
  async fill(tenant: string, input: GenerateRequest): Promise<GenerateRequest> {
    const { messages = [] } = input;
    const stored = storedImagesOf(messages);
    if (stored.length === 0) return input;
    const { callImageBytesMax: bytesMax } = limits;
    const found = new Map<string, { readonly size: number; readonly data: string }>();
    let left: number = bytesMax;
    for (const { sha256 } of stored) {
      const image = found.get(sha256) ?? (await this.#inTurn({ tenant, sha256, bytesMax: left }));
      if (image === null) throw heddleError('image-unknown', { sha256, tenant });
      const { size, data } = image;
      left -= size;
      if (data === null || left < 0) throw heddleError('images-too-large', { bytesMax });
      found.set(sha256, { size, data });
    }
    const filled = messages.map((message) =>
      withImages(message, (image) => {
        if (!isStored(image)) return image;
        const { type, mediaType, sha256 } = image;
        return { type, mediaType, data: found.get(sha256)?.data ?? '' };
      }),
    );
    return { ...input, messages: filled };
  }

  /** From here on reads that wait end when the store is unreachable, and those that are to be tried again. */
  close(): void {
    this.#closed = true;
    this.#pauses.close();
  }

  #inTurn(read: ImageRead): Promise<ImageReadResult | null> {
    const before = this.#last;
    const own = (async () => {
      await before;
      return this.#read(read);
    })();
    this.#last = own.catch(() => undefined);
    return own;
  }

  /** No call fails because of a database error: its image is read again, without end. */
  async #read(read: ImageRead): Promise<ImageReadResult | null> {
    const around = { clock: this.#clock, log: this.#log, mayGoOn: () => !this.#closed };
    for (let faults = 0; ; faults++) {
      try {
        return await untilAnswered(() => this.#store.image(read), around);
      } catch (error) {
        if (this.#closed || isTurnsOwn(error)) throw error;
        const { sha256 } = read;
        const reason = faultOf(error).message;
        if (faults === 0) this.#log.warn('an image cannot be read; calls wait', { sha256, reason });
        const waitMs = Math.min(pauseMs.first * 2 ** faults, pauseMs.max);
        await this.#pauses.pause(waitMs);
        if (this.#closed) throw error;
      }
    }
  }
}
