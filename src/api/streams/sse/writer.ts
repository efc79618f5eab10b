/**
 * Server-sent events to one client: written one after the other, each when the one before has left the process.
 *
 * It owns the response from its first byte to its last. It leaves to its user what is sent.
 *
 * 1. One frame at most waits here, so a client that reads slowly costs one frame, and one that reads nothing is
 *    noticed: `send` says `stalled` after `stallMs` in which nothing has left, or when it should `hurry`.
 * 2. It is known that the client has gone before the first byte is written.
 * 3. The last thing that a client gets of a stream that the server ends is what was given to `end`. Bytes that
 *    end otherwise were cut.
 */
import type { Clock } from '../../../library/live/live.ts';
import type { ServerResponse } from 'node:http';

/** `id`: the place from which a reader goes on who has seen this frame. */
export type Frame = { readonly event: string; readonly id?: string; readonly data: unknown };

export type Sent = 'sent' | 'stalled' | 'gone';

export type WriterTimes = {
  readonly heartbeatMs: number;
  readonly stallMs: number;
  /** How long an ended client may take to fetch what was sent last. */
  readonly lingerMs: number;
};

const headers = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // nginx holds answers back otherwise.
  'x-accel-buffering': 'no',
  connection: 'keep-alive',
};

export class SseWriter {
  readonly #response: ServerResponse;
  readonly #clock: Pick<Clock, 'setTimer'>;
  readonly #times: WriterTimes;
  readonly #whenGone = new Set<() => void>();
  #isGone = false;
  #isHurried = false;
  #waitNoMore: () => void = () => undefined;
  #stopBeating: () => void = () => undefined;

  constructor(
    response: ServerResponse,
    { clock, times }: { readonly clock: Pick<Clock, 'setTimer'>; readonly times: WriterTimes },
  ) {
    this.#response = response;
    this.#clock = clock;
    this.#times = times;
    const gone = (): void => this.#gone();
    response.on('close', gone);
    response.on('error', gone);
    if (response.destroyed || response.closed) this.#gone();
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  onGone(gone: () => void): void {
    if (this.#isGone) gone();
    else this.#whenGone.add(gone);
  }

  open(more: Readonly<Record<string, string | number | readonly string[]>> = {}): void {
    if (this.#isGone) return;
    this.#response.writeHead(200, { ...more, ...headers });
    this.#response.flushHeaders();
    this.#beat();
  }

  /** Resolves when the frame has left the process, or will not. */
  async send(frame: Frame): Promise<Sent> {
    if (this.#isGone) return 'gone';
    if (this.#response.write(frameText(frame))) return 'sent';
    return this.#drained();
  }

  /** From now on no client is waited for: what comes next is the end. */
  hurry(): void {
    this.#isHurried = true;
    this.#waitNoMore();
  }

  /** Sends the last frames, and lets go of the client. */
  end(last: readonly Frame[]): void {
    if (this.#isGone) return;
    this.#stopBeating();
    this.#response.end(last.map(frameText).join(''));
    const cut = this.#clock.setTimer(this.#times.lingerMs, () => this.#response.destroy());
    this.onGone(cut);
  }

  #drained(): Promise<Sent> {
    if (this.#isHurried) return Promise.resolve('stalled');
    return new Promise((resolve) => {
      const response = this.#response;
      const over = (sent: Sent): void => {
        response.off('drain', drained);
        this.#whenGone.delete(gone);
        this.#waitNoMore = () => undefined;
        cancel();
        resolve(sent);
      };
      const drained = (): void => over('sent');
      const gone = (): void => over('gone');
      const cancel = this.#clock.setTimer(this.#times.stallMs, () => over('stalled'));
      response.on('drain', drained);
      this.#whenGone.add(gone);
      this.#waitNoMore = () => over('stalled');
    });
  }

  /** Keeps proxies from taking the silence for an end. */
  #beat(): void {
    this.#stopBeating = this.#clock.setTimer(this.#times.heartbeatMs, () => {
      if (!this.#response.writableNeedDrain) this.#response.write(':\n\n');
      this.#beat();
    });
  }

  #gone(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#stopBeating();
    const all = [...this.#whenGone];
    this.#whenGone.clear();
    for (const gone of all) gone();
  }
}

/** JSON has no line break, so one `data` line holds it. */
function frameText({ event, id, data }: Frame): string {
  const place = id === undefined ? '' : `id: ${id}\n`;
  return `event: ${event}\n${place}data: ${JSON.stringify(data)}\n\n`;
}
