/**
 * Hears another replica's changes, for what this replica's clients follow.
 *
 * It owns one connection, from the first try to its end; a new one is another link.
 *
 * 1. What is followed newly is looked at once more when the other replica has begun to tell of it, so that
 *    nothing that came before is missed.
 * 2. A connection that is silent, or says what it should not, is given up.
 */
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { thrownText } from '../../../domain/thrown.ts';
import type { Clock } from '../../../library/live/live.ts';
import type { ReplicaId } from '../../../domain/ids.ts';
import { interestKey, type Interest } from '../../../library/live/news.ts';
import type { NewsBoard } from '../news-board.ts';
import { lineCharsMax, silenceMs, type InterestChange, type RelayLine } from './line.ts';
import { relayUrl } from '../../../library/relay/owners.ts';
import { isAnswer, newNonce, proofHeader, proofOf } from '../../../library/relay/proof.ts';
import type { Shared } from '../../../library/relay/shared.ts';

const answerMsMax = 5_000;
/** The other one takes 10,000, and a body of 4 MiB. */
const interestsOfChange = 5_000;
const charsOfChange = 200_000;

export type PeerLinkOptions = {
  readonly to: ReplicaId;
  readonly address: string;
  readonly path: string;
  /** As it was read last. */
  readonly shared: () => Shared;
  readonly clock: Clock;
  readonly board: NewsBoard;
  /** It tells of all that is followed, or it has ended and says why. */
  readonly changed: (link: PeerLink) => void;
};

type FollowChange = { readonly isAdded: boolean; readonly interest: Interest };

type State =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'greeted'; readonly link: string }
  | { readonly kind: 'linked'; readonly link: string }
  | { readonly kind: 'ended'; readonly why: string };

export class PeerLink {
  readonly #options: PeerLinkOptions;
  readonly #nonce = newNonce();
  readonly #changes = new Map<string, FollowChange>();
  #state: State = { kind: 'connecting' };
  #request: ClientRequest | null = null;
  #isSending = false;
  #cancelWatch: () => void = () => undefined;

  constructor(options: PeerLinkOptions) {
    this.#options = options;
    for (const interest of options.board.interests) this.follow(interest, true);
    try {
      this.#connect();
    } catch (error) {
      // An address that is no address.
      this.#end(thrownText(error));
    }
  }

  get isLinked(): boolean {
    return this.#state.kind === 'linked';
  }

  /** Why it has ended; null while it has not. */
  get ended(): string | null {
    return this.#state.kind === 'ended' ? this.#state.why : null;
  }

  get address(): string {
    return this.#options.address;
  }

  follow(interest: Interest, isAdded: boolean): void {
    this.#changes.set(interestKey(interest), { isAdded, interest });
    this.#sendChanges();
  }

  close(): void {
    this.#end('it is not needed any more');
  }

  #connect(): void {
    const { path } = this.#options;
    const request = this.#open({ method: 'GET', path });
    this.#request = request;
    request.on('response', (response) => {
      if (response.statusCode !== 200) return this.#end(`it answered ${response.statusCode}`);
      this.#hear(response);
    });
    request.on('error', (error) => this.#end(thrownText(error)));
    request.end();
    this.#watch();
  }

  #open(of: { readonly method: string; readonly path: string }): ClientRequest {
    const { address, shared, to } = this.#options;
    const url = relayUrl(address, of.path);
    const { secret, nowMs } = shared();
    const proof = proofOf(secret, { to, atMs: nowMs(), nonce: this.#nonce });
    const headers = { [proofHeader]: proof, 'content-type': 'application/json' };
    const open = url.protocol === 'https:' ? httpsRequest : httpRequest;
    return open(url, { method: of.method, headers, agent: false });
  }

  #hear(response: IncomingMessage): void {
    let rest = '';
    response.setEncoding('utf8');
    response.on('data', (text: string) => {
      this.#watch();
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > lineCharsMax) return this.#end('it said too much at once');
      try {
        for (const line of lines) {
          // What a stranger says in one breath with its name is not heard.
          if (this.#state.kind === 'ended') return;
          this.#heard(JSON.parse(line) as RelayLine);
        }
      } catch (error) {
        this.#end(`it said something else: ${thrownText(error)}`);
      }
    });
    response.on('close', () => this.#end('the connection was closed'));
    response.on('error', (error) => this.#end(thrownText(error)));
  }

  #heard(line: RelayLine): void {
    const { board, shared, to } = this.#options;
    if (this.#state.kind === 'connecting') {
      const { secret } = shared();
      const isKnown =
        line.kind === 'hello' && isAnswer(line.answer, secret, { to, nonce: this.#nonce });
      if (!isKnown) return this.#end('it is another server');
      this.#state = { kind: 'greeted', link: line.link };
      return this.#sendChanges();
    }
    if (line.kind === 'news') for (const news of line.news) board.tell(news, to);
    if (line.kind === 'missed') board.missed();
  }

  /** One request at a time, so that the other side hears of changes in their order. */
  #sendChanges(): void {
    const state = this.#state;
    if (this.#isSending || (state.kind !== 'greeted' && state.kind !== 'linked')) return;
    const some = this.#nextChanges();
    if (some.length === 0) {
      if (state.kind === 'greeted') this.#linked(state.link);
      return;
    }
    const of = (isAdded: boolean): Interest[] =>
      some.flatMap((change) => (change.isAdded === isAdded ? [change.interest] : []));
    const change = { add: of(true), remove: of(false) };
    this.#isSending = true;
    this.#post(state.link, change).then(
      () => {
        this.#isSending = false;
        this.#options.board.missed(change.add);
        this.#sendChanges();
      },
      (error: unknown) => this.#end(thrownText(error)),
    );
  }

  /** As many as one request takes. */
  #nextChanges(): FollowChange[] {
    const some: FollowChange[] = [];
    let chars = 0;
    for (const [key, change] of this.#changes) {
      chars += key.length;
      if (some.length === interestsOfChange || (some.length > 0 && chars > charsOfChange)) break;
      some.push(change);
      this.#changes.delete(key);
    }
    return some;
  }

  #post(link: string, change: InterestChange): Promise<void> {
    const { path, clock } = this.#options;
    return new Promise((resolve, reject) => {
      const request = this.#open({ method: 'POST', path: `${path}/${link}` });
      const cancel = clock.setTimer(answerMsMax, () => request.destroy(new Error('no answer')));
      request.on('response', (response) => {
        cancel();
        response.resume();
        if (response.statusCode === 204) resolve();
        else reject(new Error(`it answered ${response.statusCode}`));
      });
      request.on('error', (error) => {
        cancel();
        reject(error);
      });
      request.end(JSON.stringify(change));
    });
  }

  #linked(link: string): void {
    this.#state = { kind: 'linked', link };
    this.#options.changed(this);
  }

  #watch(): void {
    this.#cancelWatch();
    this.#cancelWatch = this.#options.clock.setTimer(silenceMs, () => this.#end('it is silent'));
  }

  #end(why: string): void {
    if (this.#state.kind === 'ended') return;
    this.#state = { kind: 'ended', why };
    this.#cancelWatch();
    this.#request?.destroy();
    this.#options.board.lost(this.#options.to);
    this.#options.changed(this);
  }
}
