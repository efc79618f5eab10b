/**
 * Frames to one WebSocket: each is written when there is room for it.
 *
 * It owns the socket once it is open. It leaves to its user what is sent, and that `send` is waited for.
 *
 * 1. At most `waitingCharsMax` characters and one frame wait here, however slowly the client reads.
 * 2. A client that takes nothing for `stallMs` is let go, and so is one that answers no ping.
 * 3. The last that a client hears of a socket that heddle closes is a code with a reason.
 */
import type { WebSocket } from 'ws';
import type { Clock } from '../../../library/live/live.ts';

export type SocketTimes = {
  readonly pingMs: number;
  readonly stallMs: number;
  /** How long a client may take to fetch what was sent last. */
  readonly lingerMs: number;
};

export type SocketEnd = { readonly code: number; readonly reason: string };

const waitingCharsMax = 262_144;
/** Of the protocol: a close frame holds so many bytes of reason. */
const reasonBytesMax = 123;

export class FrameSocket {
  readonly #socket: WebSocket;
  readonly #clock: Pick<Clock, 'setTimer'>;
  readonly #times: SocketTimes;
  #waitingChars = 0;
  #isOver = false;
  #isAlive = true;
  #go: () => void = () => undefined;
  #gone: () => void = () => undefined;
  #stopPinging: () => void = () => undefined;
  #stopStalling: (() => void) | null = null;

  constructor(
    socket: WebSocket,
    { clock, times }: { readonly clock: Pick<Clock, 'setTimer'>; readonly times: SocketTimes },
  ) {
    this.#socket = socket;
    this.#clock = clock;
    this.#times = times;
    socket.on('close', () => this.#over());
    // The close follows.
    socket.on('error', () => undefined);
    socket.on('pong', () => {
      this.#isAlive = true;
    });
    this.#ping();
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  onGone(gone: () => void): void {
    this.#gone = gone;
    if (this.#isOver) gone();
  }

  /** Resolves when the next frame may be sent, or when none will be any more. */
  async send(frame: object): Promise<void> {
    if (this.#isOver) return;
    this.#write(JSON.stringify(frame));
    if (this.#waitingChars < waitingCharsMax) return;
    await new Promise<void>((resolve) => {
      this.#go = resolve;
    });
  }

  /** Tells the client why, and lets go of it. */
  end(last: object | null, { code, reason }: SocketEnd): void {
    if (this.#isOver) return;
    if (last !== null) this.#write(JSON.stringify(last));
    const cut = Buffer.from(reason)
      .subarray(0, reasonBytesMax)
      .toString()
      .replace(/\ufffd$/, '');
    this.#socket.close(code, cut);
    const socket = this.#socket;
    const cancel = this.#clock.setTimer(this.#times.lingerMs, () => socket.terminate());
    socket.once('close', cancel);
    this.#over();
  }

  #write(text: string): void {
    this.#waitingChars += text.length;
    this.#socket.send(text, () => {
      this.#waitingChars -= text.length;
      this.#moved();
    });
    this.#stopStalling ??= this.#clock.setTimer(this.#times.stallMs, () => this.#stalled());
  }

  /** Something has left the process: the time of a stall begins anew. */
  #moved(): void {
    this.#stopStalling?.();
    this.#stopStalling = null;
    if (this.#isOver) return;
    if (this.#waitingChars > 0) {
      this.#stopStalling = this.#clock.setTimer(this.#times.stallMs, () => this.#stalled());
    }
    if (this.#waitingChars < waitingCharsMax) this.#go();
  }

  #stalled(): void {
    this.end(null, { code: 1013, reason: 'slow: this client takes nothing; connect again' });
  }

  #ping(): void {
    this.#stopPinging = this.#clock.setTimer(this.#times.pingMs, () => {
      if (!this.#isAlive) return this.#socket.terminate();
      this.#isAlive = false;
      this.#socket.ping();
      this.#ping();
    });
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopPinging();
    this.#stopStalling?.();
    this.#stopStalling = null;
    this.#go();
    this.#gone();
  }
}
