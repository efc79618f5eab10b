/**
 * The sending of a reply: which bytes are written, when, and how the reply ends. `deliveryOf` is
 * pure and turns a reply and its fault into writes; `Sending` carries them out on one response.
 */
import type { ServerResponse } from 'node:http';
import type { CallPlan } from './call-plan.ts';
import type { ErrorName, Place } from './script.ts';
import type { WireReply } from './wire.ts';

export type Delivery = {
  /** Null: nothing is sent, not even the headers. */
  readonly head: { readonly status: number; readonly headers: readonly string[] } | null;
  readonly firstMs: number;
  readonly writes: readonly (string | Buffer)[];
  /** The time between two writes. */
  readonly gapMs: number;
  readonly ending: 'end' | 'hang' | 'cut';
};

export function deliveryOf(
  reply: WireReply,
  plan: CallPlan,
  errorFrame: (error: ErrorName) => string,
): Delivery {
  const { fault } = plan;
  switch (fault?.kind) {
    case undefined:
    case 'error':
      return pacedDelivery(reply, plan);
    case 'error-in-stream': {
      const at = lastAt(fault.atEvent, reply);
      const frames = [...reply.frames.slice(0, at), errorFrame(fault.error)];
      return pacedDelivery({ ...reply, frames, pieces: before(reply.pieces, at) }, plan);
    }
    case 'malformed': {
      const at = lastAt(fault.atEvent, reply);
      return pacedDelivery({ ...reply, frames: reply.frames.with(at, broken(reply, at)) }, plan);
    }
    case 'hang':
    case 'cut':
      return brokenOff(reply, plan, fault.at, fault.kind);
    case 'slow': {
      const body = Buffer.from(reply.frames.join(''));
      const writes: Buffer[] = [];
      for (let from = 0; from < body.length; from += fault.bytes) {
        writes.push(body.subarray(from, from + fault.bytes));
      }
      const head = headOf(reply);
      return { head, firstMs: plan.firstTokenMs, writes, gapMs: fault.everyMs, ending: 'end' };
    }
  }
}

/**
 * A plain body is sent whole when the latency is over. A stream is sent in pieces, from the time of
 * the first token to the end of the latency.
 */
function pacedDelivery(reply: WireReply, plan: CallPlan): Delivery {
  const restMs = plan.latencyMs - plan.firstTokenMs;
  const rests = reply.pieces.length - 1;
  if (!reply.streamed || restMs <= 0 || rests < 1) {
    const firstMs = plan.latencyMs;
    return {
      head: headOf(reply),
      firstMs,
      writes: [reply.frames.join('')],
      gapMs: 0,
      ending: 'end',
    };
  }
  const writes: string[] = [];
  let from = 0;
  for (const piece of reply.pieces.slice(1)) {
    writes.push(reply.frames.slice(from, piece).join(''));
    from = piece;
  }
  writes.push(reply.frames.slice(from).join(''));
  const head = headOf(reply);
  return { head, firstMs: plan.firstTokenMs, writes, gapMs: restMs / rests, ending: 'end' };
}

function brokenOff(reply: WireReply, plan: CallPlan, at: Place, ending: 'hang' | 'cut'): Delivery {
  const { firstTokenMs: firstMs } = plan;
  if (at === 'start') return { head: null, firstMs, writes: [], gapMs: 0, ending };
  const head = headOf(reply);
  if (at === 'headers') return { head, firstMs, writes: [], gapMs: 0, ending };
  if ('event' in at) {
    const text = reply.frames.slice(0, lastAt(at.event, reply)).join('');
    return { head, firstMs, writes: [text], gapMs: 0, ending };
  }
  // The last byte is never sent: with it, the answer would be whole.
  const body = Buffer.from(reply.frames.join(''));
  const end = Math.min(at.byte, body.length - 1);
  return { head, firstMs, writes: [body.subarray(0, end)], gapMs: 0, ending };
}

function lastAt(event: number, reply: WireReply): number {
  return Math.min(event, reply.frames.length - 1);
}

function before(pieces: readonly number[], at: number): number[] {
  return pieces.filter((piece) => piece < at);
}

/** A broken event: half of its JSON, with the usual end of an event. */
function broken(reply: WireReply, at: number): string {
  const frame = reply.frames[at] ?? '';
  const text = frame.trimEnd();
  const jsonAt = text.indexOf('{');
  const kept = jsonAt + Math.ceil((text.length - jsonAt) / 2);
  return text.slice(0, kept) + frame.slice(text.length);
}

/** A plain body is sent with its length, so that a client can tell when it was cut. */
function headOf({ status, headers, frames, streamed }: WireReply) {
  if (streamed) return { status, headers };
  const bytes = frames.reduce((sum, frame) => sum + Buffer.byteLength(frame), 0);
  return { status, headers: [...headers, 'content-length', String(bytes)] };
}

type SendingHooks = {
  readonly onHead: (status: number) => void;
  /**
   * Called just before the last bytes are sent, because a client that has read them may call again
   * at once.
   */
  readonly onLast: (end: 'sent' | 'cut') => void;
};

export class Sending {
  readonly #response: ServerResponse;
  readonly #delivery: Delivery;
  readonly #hooks: SendingHooks;
  #timer: NodeJS.Timeout | null = null;
  #written = 0;
  #begunAtMs = 0;

  constructor(response: ServerResponse, delivery: Delivery, hooks: SendingHooks) {
    this.#response = response;
    this.#delivery = delivery;
    this.#hooks = hooks;
    if (delivery.firstMs > 0) this.#timer = setTimeout(this.#begin, delivery.firstMs);
    else this.#begin();
  }

  /** Called when the client has gone: nothing more is sent. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  readonly #begin = (): void => {
    const { head, writes, ending } = this.#delivery;
    if (head !== null) {
      this.#hooks.onHead(head.status);
      this.#response.writeHead(head.status, head.headers as string[]);
      // Node holds the headers back until the body's first bytes. Here there may be none, so they
      // are sent now.
      if (ending !== 'end') this.#response.flushHeaders();
    }
    this.#begunAtMs = performance.now();
    if (writes.length === 0) this.#finish('');
    else this.#writeNext();
  };

  readonly #writeNext = (): void => {
    const { writes, gapMs } = this.#delivery;
    const part = writes[this.#written++] ?? '';
    if (this.#written >= writes.length) return this.#finish(part);
    this.#response.write(part);
    // Each time is counted from the first write, not from the last, so that the delays of late
    // timers in a busy process do not add up.
    const dueMs = this.#begunAtMs + this.#written * gapMs;
    this.#timer = setTimeout(this.#writeNext, Math.max(0, dueMs - performance.now()));
  };

  #finish(part: string | Buffer): void {
    const response = this.#response;
    switch (this.#delivery.ending) {
      case 'end':
        this.#hooks.onLast('sent');
        response.end(part);
        return;
      case 'hang':
        if (part.length > 0) response.write(part);
        return;
      case 'cut':
        this.#hooks.onLast('cut');
        // The connection is closed after the written bytes have left, because a reset would drop
        // the bytes that are still under way.
        if (part.length > 0) response.write(part, () => response.socket?.destroySoon());
        else response.socket?.destroySoon();
        return;
    }
  }
}

/** Sends a whole reply at once, without latency or fault. */
export function sendWhole(response: ServerResponse, reply: WireReply): void {
  const { status, headers } = headOf(reply);
  response.writeHead(status, headers as string[]);
  response.end(reply.frames.join(''));
}
