/**
 * Asks the owner of a run what only its memory knows: the phases of its calls, and its places in lines. That is this
 * replica, or another one over HTTP, or nobody; then it is unknown, and the answer says why.
 *
 * It owns where the owners are, for `peersMs`, and which of them did not answer lately.
 *
 * 1. An answer is waited for `answerMsMax` at most, and who did not answer is not asked again for `silentMs`. So a
 *    replica that is gone makes no read of a run slow for long.
 * 2. It never throws: a run is looked at even where its owner is not reached.
 */
import type { OwnerView } from '../../domain/calls/phase.ts';
import type { ReplicaId, RunId } from '../../domain/ids.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { Peer } from '../../store/watch-port.ts';
import { isAnswer, newNonce, proofHeader, proofOf } from './proof.ts';

/** The path at which replicas hear from each other. */
export const relayPath = '/v1/relay';
export const viewPath = `${relayPath}/runs`;

/** An address may have a path: an application serves heddle under one of its own. */
export const relayUrl = (address: string, path: string): URL =>
  new URL(address.replace(/\/+$/, '') + path);

const peersMs = 1_000;
const answerMsMax = 1_000;
const silentMs = 3_000;

export type AskedRun = { readonly runId: RunId; readonly shard: number };

/** What the owner answers: `view` is null when it is not the owner. `answer` proves who it is. */
export type ViewAnswer = { readonly answer: string; readonly view: OwnerView | null };

export type OwnerWord =
  | { readonly kind: 'known'; readonly view: OwnerView }
  /** `isOwned` false: no replica owns it, so nothing of it goes on. */
  | { readonly kind: 'unknown'; readonly isOwned: boolean; readonly why: string };

const ownerWhy = {
  none: 'no replica owns the run at the moment',
  mute: 'the replica that owns the run serves nobody',
  silent: 'the replica that owns the run does not answer',
  moving: 'the run is being taken up by a replica',
  lost: 'the replicas are not known',
} as const;

const unknown = (why: keyof typeof ownerWhy): OwnerWord => {
  return { kind: 'unknown', isOwned: why !== 'none', why: ownerWhy[why] };
};

type Parts = Pick<Runtime, 'clock' | 'nowOf' | 'replicaId' | 'store'>;
type Peers = { readonly peers: readonly Peer[]; readonly secret: string };

export class Owners {
  readonly #runtime: Parts;
  readonly #silentUntilMs = new Map<ReplicaId, number>();
  #peers: { readonly found: Promise<Peers>; readonly untilMs: number } | null = null;

  constructor(runtime: Parts) {
    this.#runtime = runtime;
  }

  async of(run: AskedRun): Promise<OwnerWord> {
    const own = this.#runtime.nowOf(run);
    if (own !== null) return { kind: 'known', view: own };
    try {
      const { peers, secret } = await this.#peersNow();
      const owner = peers.find(({ shards }) => shards.includes(run.shard));
      if (owner === undefined) return unknown('none');
      if (owner.replicaId === this.#runtime.replicaId) return unknown('moving');
      return await this.#ask(owner, secret, run);
    } catch {
      return unknown('lost');
    }
  }

  #peersNow(): Promise<Peers> {
    const { clock, store, replicaId } = this.#runtime;
    const nowMs = clock.nowMs();
    if (this.#peers === null || this.#peers.untilMs <= nowMs) {
      this.#peers = { found: store.peers(replicaId), untilMs: nowMs + peersMs };
    }
    return this.#peers.found;
  }

  async #ask({ replicaId: to, address }: Peer, secret: string, run: AskedRun): Promise<OwnerWord> {
    const { clock } = this.#runtime;
    if (address === null) return unknown('mute');
    if ((this.#silentUntilMs.get(to) ?? 0) > clock.nowMs()) return unknown('silent');
    const late = new AbortController();
    const cancel = clock.setTimer(answerMsMax, () => late.abort());
    const nonce = newNonce();
    try {
      const response = await fetch(relayUrl(address, viewPath), {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          [proofHeader]: proofOf(secret, { to, atMs: clock.nowMs(), nonce }),
        },
        body: JSON.stringify({ runId: run.runId, shard: run.shard }),
        redirect: 'error',
        signal: late.signal,
      });
      const { answer, view } = (await response.json()) as ViewAnswer;
      if (!isAnswer(answer, secret, { to, nonce })) throw new Error('it is another server');
      return view === null ? unknown('moving') : { kind: 'known', view };
    } catch {
      for (const [id, untilMs] of this.#silentUntilMs) {
        if (untilMs <= clock.nowMs()) this.#silentUntilMs.delete(id);
      }
      this.#silentUntilMs.set(to, clock.nowMs() + silentMs);
      return unknown('silent');
    } finally {
      cancel();
    }
  }
}

const byRuntime = new WeakMap<object, Owners>();

/** One for all who ask in this process. */
export function ownersOf(runtime: Parts): Owners {
  const owners = byRuntime.get(runtime) ?? new Owners(runtime);
  byRuntime.set(runtime, owners);
  return owners;
}
