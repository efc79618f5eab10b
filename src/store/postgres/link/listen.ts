/**
 * Hints from other replicas, over a connection of its own. A hint may be lost, so the listener reports
 * `all` whenever it has just begun to listen.
 *
 * Invariants:
 * 1. LISTEN comes first and `all` after it, so a hint that is sent in between is heard.
 * 2. A connection that does not hear its own ping is given up: this finds half-open sockets and
 *    poolers that pass no notifications. Each new try reports `all` once more.
 * 3. Every wait for a silent server is short, so `listen` and `close` always resolve.
 */
import { randomUUID } from 'node:crypto';
import { Observable } from 'rxjs/internal/Observable';
import { defer } from 'rxjs/internal/observable/defer';
import { timer } from 'rxjs/internal/observable/timer';
import { finalize } from 'rxjs/internal/operators/finalize';
import { retry } from 'rxjs/internal/operators/retry';
import type { RunId } from '../../../domain/ids.ts';
import type { Hint, SentHint } from '../../port.ts';
import { Link, type LinkOptions } from './link.ts';
import { statement, texts, type Call } from './statement.ts';

const channel = 'heddle';
const pingMs = 10_000;
const pingMsMax = 3_000;

const notifyStatement = statement(
  'notify',
  [texts],
  `select pg_notify('${channel}', payload) from unnest($1::text[]) payload`,
);

export function notify(hints: readonly SentHint[]): Call {
  return notifyStatement(hints.flatMap(payloadsOf));
}

const ownership = 'ownership';

export function notifyOwnership(): Call {
  return notifyStatement([ownership]);
}

const gates = 'gates';

/** For the transaction that writes an order. Earlier releases find no shard in it. */
export function notifyGates(): Call {
  return notifyStatement([gates]);
}

/** Postgres takes less than 8,000 bytes in one payload. */
const idsMax = 200;

/**
 * Hints about runs are written like `ended:<id>,<id>`. heddle 0.1.0 expects numbers of shards there
 * and finds none.
 */
function payloadsOf(hint: SentHint): string[] {
  if (hint.kind === 'work') return [hint.shards.join(',')];
  const payloads: string[] = [];
  for (let at = 0; at < hint.runIds.length; at += idsMax) {
    payloads.push(`${hint.kind}:${hint.runIds.slice(at, at + idsMax).join(',')}`);
  }
  return payloads;
}

function hintOf(payload: string): Hint {
  if (payload === ownership || payload === gates) return { kind: payload };
  const [, kind, ids] = /^(wanted|ended):(.*)$/.exec(payload) ?? [];
  if (ids !== undefined) {
    return { kind: kind as 'wanted' | 'ended', runIds: ids.split(',') as RunId[] };
  }
  return { kind: 'work', shards: payload.split(',').map(Number).filter(Number.isInteger) };
}

/**
 * Resolves when it listens, or when the first try has failed: then further tries go on in the
 * background.
 */
export function listen(
  options: LinkOptions,
  heard: (hint: Hint) => void,
): Promise<{ close(): Promise<void> }> {
  return new Promise((resolve) => {
    let closed: Promise<void> = Promise.resolve();
    const subscription = defer(() =>
      notifications(options, (done) => {
        closed = done;
      }),
    )
      .pipe(
        retry({
          delay: (_, attempt) => {
            resolve(handle);
            return timer(Math.random() * Math.min(5_000, 50 * 2 ** attempt));
          },
          resetOnSuccess: true,
        }),
        finalize(() => resolve(handle)),
      )
      .subscribe((hint) => {
        heard(hint);
        resolve(handle);
      });
    const handle = {
      close: async () => {
        subscription.unsubscribe();
        await closed;
      },
    };
  });
}

function notifications(
  options: LinkOptions,
  closing: (done: Promise<void>) => void,
): Observable<Hint> {
  return new Observable((subscriber) => {
    const ending = new AbortController();
    const opened = Link.open(options, ending.signal);
    const pings = new Map<string, ReturnType<typeof setTimeout>>();
    let next: ReturnType<typeof setTimeout> | undefined;
    const fail = (error: unknown): void => subscriber.error(error);

    // Whoever ends it in the middle of one of these leaves no timer behind.
    const ping = async (link: Link): Promise<void> => {
      if (ending.signal.aborted) return;
      const payload = `!${randomUUID()}`;
      pings.set(
        payload,
        setTimeout(() => fail(new Error('the listener does not hear itself')), pingMsMax),
      );
      await link.simple(`notify ${channel}, '${payload}'`);
      if (ending.signal.aborted) return;
      next = setTimeout(() => void ping(link).catch(fail), pingMs);
    };
    const begin = async (link: Link): Promise<void> => {
      link.onBroken(() => fail(new Error('the listener lost its connection')));
      link.onNotification((payload) => {
        clearTimeout(pings.get(payload));
        if (!pings.delete(payload) && !payload.startsWith('!')) subscriber.next(hintOf(payload));
      });
      await link.simple(`listen ${channel}`);
      subscriber.next({ kind: 'all' });
      await ping(link);
    };
    opened.then(begin).catch(fail);

    return () => {
      ending.abort();
      clearTimeout(next);
      for (const waiting of pings.values()) clearTimeout(waiting);
      closing(opened.then((link) => link.close()).catch(() => undefined));
    };
  });
}
