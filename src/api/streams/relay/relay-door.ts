/**
 * Tells other replicas of this one's changes: those, and only those, that their clients follow.
 *
 * It owns the connections of those who ask, and what each has yet to hear. It tells what this replica has
 * committed and what its own calls say, never what it has heard from others.
 *
 * 1. Only a replica of the same database is told anything (proof.ts).
 * 2. What one has yet to hear is bounded: of each run the newest change, of each channel that it has more, and
 *    `textsMax` pieces of text; of more it is told that they were left out. Beyond `waitingMax` it is told that it has
 *    missed something. Of one that reads nothing a close waits `lingerMs` at most.
 * 3. Whoever begins to follow runs is told their phases first.
 */
import type { ServerResponse } from 'node:http';
import type { Live } from '../../../library/live/live.ts';
import { interestKey, keysOf, type Interest, type News } from '../../../library/live/news.ts';
import type {
  AskedRun,
  PhasesAnswer,
  ViewAnswer,
  WaitsAnswer,
} from '../../../library/relay/owners.ts';
import { beatMs, type InterestChange, type RelayLine } from './line.ts';
import { answerOf, claimOf, isTimely, newNonce } from '../../../library/relay/proof.ts';
import type { SharedReads } from '../../../library/relay/shared.ts';

const gatherMs = 10;
const waitingMax = 100_000;
const newsOfLine = 5_000;
const textsMax = 1_000;
const interestsMax = 100_000;
const lingerMs = 2_000;

export type RelayDoorOptions = {
  readonly live: Pick<
    Live,
    'clock' | 'follow' | 'longestWaits' | 'nowOf' | 'phaseOf' | 'replicaId'
  >;
  readonly shared: Pick<SharedReads, 'known' | 'anew'>;
};

export class RelayDoor {
  readonly #options: RelayDoorOptions;
  readonly #links = new Map<string, ServedLink>();
  #isClosed = false;

  constructor(options: RelayDoorOptions) {
    this.#options = options;
  }

  /** False: who asks is no replica of this database. */
  async knows(proof: unknown): Promise<boolean> {
    return (await this.#nonceOf(proof)) !== null;
  }

  /** Opens a connection; false: who asks is no replica of this database, or is gone. */
  async open(proof: unknown, response: ServerResponse): Promise<boolean> {
    const nonce = await this.#nonceOf(proof);
    if (nonce === null) return false;
    const { live, shared } = this.#options;
    const link = newNonce();
    const answer = answerOf((await shared.known()).secret, { to: live.replicaId, nonce });
    // A connection that begins after the close would keep the server open. One that is gone says so no more.
    if (this.#isClosed || response.destroyed || response.closed) return false;
    const served = new ServedLink(live, response);
    this.#links.set(link, served);
    response.on('close', () => {
      this.#links.delete(link);
      served.close();
    });
    response.writeHead(200, {
      'content-type': 'application/x-ndjson',
      'cache-control': 'no-store',
    });
    served.say({ kind: 'hello', link, answer });
    return true;
  }

  /** From when this resolves, word of what was added is told. False: there is no such connection. */
  async change(proof: unknown, link: string, change: InterestChange): Promise<boolean> {
    if (!(await this.knows(proof))) return false;
    const served = this.#links.get(link);
    return served !== undefined && served.change(change);
  }

  /** What this replica knows of a run that it owns. Null: who asks is no replica of this database. */
  async view(proof: unknown, run: AskedRun): Promise<ViewAnswer | null> {
    const answer = await this.#answerTo(proof);
    return answer === null ? null : { answer, view: this.#options.live.nowOf(run) };
  }

  /** As `view`, of the phases of several runs. */
  async phases(proof: unknown, runs: readonly AskedRun[]): Promise<PhasesAnswer | null> {
    const answer = await this.#answerTo(proof);
    if (answer === null) return null;
    return { answer, phases: runs.map((run) => this.#options.live.phaseOf(run)) };
  }

  /** Which of its runs have stood longest in the line of each gate. */
  async waits(proof: unknown): Promise<WaitsAnswer | null> {
    const answer = await this.#answerTo(proof);
    return answer === null ? null : { answer, gates: this.#options.live.longestWaits() };
  }

  async #answerTo(proof: unknown): Promise<string | null> {
    const nonce = await this.#nonceOf(proof);
    if (nonce === null) return null;
    const { live, shared } = this.#options;
    return answerOf((await shared.known()).secret, { to: live.replicaId, nonce });
  }

  close(): void {
    this.#isClosed = true;
    for (const served of this.#links.values()) served.end();
  }

  async #nonceOf(proof: unknown): Promise<string | null> {
    const { live, shared } = this.#options;
    const { secret, nowMs } = await shared.known();
    const claim = claimOf(proof, { self: live.replicaId, secret });
    if (claim === null) return null;
    if (isTimely(claim, nowMs())) return claim.nonce;
    // This machine may have slept since the time was read. A stranger, who cannot make a claim, causes no read.
    const anew = await shared.anew();
    return isTimely(claim, anew.nowMs()) ? claim.nonce : null;
  }
}

type TextNews = Extract<News, { readonly kind: 'text' }>;

class ServedLink {
  readonly #live: RelayDoorOptions['live'];
  readonly #response: ServerResponse;
  readonly #followed = new Map<string, () => void>();
  readonly #waiting = new Map<string, News>();
  #texts: TextNews[] = [];
  /** Calls of whose texts some were left out; by run and invocation. */
  readonly #left = new Map<string, TextNews>();
  #hasMissed = false;
  #cancelTelling: (() => void) | null = null;
  #cancelBeat: () => void = () => undefined;

  constructor(live: RelayDoorOptions['live'], response: ServerResponse) {
    this.#live = live;
    this.#response = response;
    response.on('error', () => undefined);
    response.on('drain', () => this.#tellSoon());
    this.#beat();
  }

  change({ add, remove }: InterestChange): boolean {
    for (const interest of remove) {
      const key = interestKey(interest);
      this.#followed.get(key)?.();
      this.#followed.delete(key);
    }
    for (const interest of add) this.#follow(interest);
    return this.#followed.size <= interestsMax;
  }

  say(line: RelayLine): void {
    this.#response.write(`${JSON.stringify(line)}\n`);
  }

  end(): void {
    this.close();
    const cut = this.#live.clock.setTimer(lingerMs, () => this.#response.destroy());
    this.#response.on('close', cut);
    this.#response.end();
  }

  close(): void {
    this.#cancelTelling?.();
    this.#cancelBeat();
    for (const leave of this.#followed.values()) leave();
    this.#followed.clear();
  }

  #follow(interest: Interest): void {
    const key = interestKey(interest);
    if (this.#followed.has(key)) return;
    this.#followed.set(
      key,
      this.#live.follow(interest, (news) => this.#heard(news)),
    );
  }

  #heard(news: News): void {
    const [key = ''] = keysOf(news);
    if (news.kind === 'text') this.#heardText(news);
    else {
      const before = this.#waiting.get(key);
      if (before !== undefined || this.#waiting.size < waitingMax) {
        this.#waiting.set(key, newestOf(before, news));
      } else this.#hasMissed = true;
    }
    this.#tellSoon();
  }

  #heardText(news: TextNews): void {
    if (this.#texts.length < textsMax) return void this.#texts.push(news);
    const { tenant, delta } = news;
    const { runId, invocationId } = delta;
    if (this.#left.size === textsMax) return;
    const left = { runId, invocationId, left: true } as const;
    this.#left.set(`${runId} ${invocationId}`, { kind: 'text', tenant, delta: left });
  }

  #tellSoon(): void {
    if (this.#response.writableNeedDrain) return;
    this.#cancelTelling ??= this.#live.clock.setTimer(gatherMs, () => {
      this.#cancelTelling = null;
      this.#tell();
    });
  }

  #tell(): void {
    if (this.#response.writableNeedDrain) return;
    const news = [...this.#waiting.values(), ...this.#texts, ...this.#left.values()];
    this.#waiting.clear();
    this.#texts = [];
    this.#left.clear();
    for (let at = 0; at < news.length; at += newsOfLine) {
      this.say({ kind: 'news', news: news.slice(at, at + newsOfLine) });
    }
    if (!this.#hasMissed) return;
    this.#hasMissed = false;
    this.say({ kind: 'missed' });
  }

  #beat(): void {
    this.#cancelBeat = this.#live.clock.setTimer(beatMs, () => {
      if (!this.#response.writableNeedDrain) this.say({ kind: 'beat' });
      this.#beat();
    });
  }
}

/** The newest word of a run; that its row has changed stays true. */
function newestOf(before: News | undefined, news: News): News {
  if (before?.kind !== 'run' || news.kind !== 'run') return news;
  return { ...news, row: news.row || before.row, ended: news.ended || before.ended };
}
