/**
 * Asks the owners of runs what only their memory knows: the phases of calls, and places in lines. That is this
 * replica, or another one over HTTP, or nobody; then it is unknown, and the answer says why.
 *
 * It owns where the owners are, for `peersMs`, and which of them did not answer lately.
 *
 * 1. An answer is waited for `answerMsMax` at most, and who did not answer is not asked again for `silentMs`. So a
 *    replica that is gone makes no read of a run slow for long.
 * 2. It never throws: a run is looked at even where its owner is not reached.
 * 3. However many runs are asked about, each owner is asked once.
 */
import {
  longestWaitsMax,
  type GateWaits,
  type LineWait,
  type OwnerView,
  type RunPhase,
} from '../../domain/calls/phase.ts';
import type { ReplicaId, RunId } from '../../domain/ids.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { Peer } from '../../store/watch-port.ts';
import { isAnswer, newNonce, proofHeader, proofOf } from './proof.ts';
import { sharedBy, type Shared } from './shared.ts';

/** The path at which replicas hear from each other. */
export const relayPath = '/v1/relay';
export const viewPath = `${relayPath}/runs`;
export const phasesPath = `${relayPath}/phases`;
export const waitsPath = `${relayPath}/waits`;
/** As many as a page of a list has. */
export const phasesMax = 1_000;

/** An address may have a path: an application serves heddle under one of its own. */
export const relayUrl = (address: string, path: string): URL =>
  new URL(address.replace(/\/+$/, '') + path);

const peersMs = 1_000;
const answerMsMax = 1_000;
const silentMs = 3_000;

export type AskedRun = { readonly runId: RunId; readonly shard: number };

/** What the owner answers: `view` is null when it is not the owner. `answer` proves who it is. */
export type ViewAnswer = { readonly answer: string; readonly view: OwnerView | null };

/** In the order of the runs that were asked about: null for one that it does not own. */
export type PhasesAnswer = {
  readonly answer: string;
  readonly phases: readonly (RunPhase | null)[];
};

export type WaitsAnswer = { readonly answer: string; readonly gates: readonly GateWaits[] };

/** `unknown`: why the lines of some replicas are not among them. */
type AllWaits = {
  readonly gates: readonly GateWaits[];
  readonly unknown: readonly string[];
};

export type PhaseWord =
  | { readonly kind: 'known'; readonly now: RunPhase }
  | { readonly kind: 'unknown'; readonly why: string };

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

type Why = keyof typeof ownerWhy;
type Unasked = Extract<Why, 'mute' | 'silent'>;

const lineWhy = {
  mute: 'a replica serves nobody',
  silent: 'a replica does not answer',
  lost: 'the replicas are not known',
} as const;

const unknown = (why: Why) => {
  return { kind: 'unknown', isOwned: why !== 'none', why: ownerWhy[why] } as const;
};

type Parts = Pick<Runtime, 'clock' | 'longestWaits' | 'nowOf' | 'phaseOf' | 'replicaId' | 'store'>;
type Peers = { readonly peers: readonly Peer[]; readonly shared: Shared };

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
      const { peers, shared } = await this.#peersNow();
      const owner = peers.find(({ shards }) => shards.includes(run.shard));
      if (owner === undefined) return unknown('none');
      if (owner.replicaId === this.#runtime.replicaId) return unknown('moving');
      const body = { runId: run.runId, shard: run.shard };
      const told = await this.#ask<ViewAnswer>(owner, shared, { path: viewPath, body });
      if (typeof told === 'string') return unknown(told);
      return told.view === null ? unknown('moving') : { kind: 'known', view: told.view };
    } catch {
      return unknown('lost');
    }
  }

  /** The phases of `phasesMax` runs at most, in their order. */
  async phases(runs: readonly AskedRun[]): Promise<readonly PhaseWord[]> {
    const words = runs.map((run): PhaseWord | null => {
      const now = this.#runtime.phaseOf(run);
      return now === null ? null : { kind: 'known', now };
    });
    const others = runs.filter((_, at) => words[at] === null);
    if (others.length === 0) return words.map((word) => word ?? unknown('lost'));
    const told = await this.#phasesOf(others).catch(() => new Map<RunId, PhaseWord>());
    return words.map((word, at) => word ?? told.get(runs[at]?.runId as RunId) ?? unknown('lost'));
  }

  async #phasesOf(runs: readonly AskedRun[]): Promise<ReadonlyMap<RunId, PhaseWord>> {
    const { peers, shared } = await this.#peersNow();
    const told = new Map<RunId, PhaseWord>();
    const byOwner = new Map<Peer, AskedRun[]>();
    for (const { runId, shard } of runs) {
      const owner = peers.find(({ shards }) => shards.includes(shard));
      if (owner === undefined) told.set(runId, unknown('none'));
      else if (owner.replicaId === this.#runtime.replicaId) told.set(runId, unknown('moving'));
      else byOwner.set(owner, [...(byOwner.get(owner) ?? []), { runId, shard }]);
    }
    const asked = [...byOwner].map(async ([owner, its]) => {
      const answer = await this.#ask<PhasesAnswer>(owner, shared, {
        path: phasesPath,
        body: { runs: its },
      });
      for (const [at, { runId }] of its.entries()) {
        const now = typeof answer === 'string' ? null : (answer.phases[at] ?? null);
        const why = typeof answer === 'string' ? answer : 'moving';
        told.set(runId, now === null ? unknown(why) : { kind: 'known', now });
      }
    });
    await Promise.all(asked);
    return told;
  }

  /** The runs that have stood longest in the line of each gate, at all replicas that answer. */
  async waits(): Promise<AllWaits> {
    const told = [this.#runtime.longestWaits()];
    const unknown: string[] = [];
    try {
      const { peers, shared } = await this.#peersNow();
      const others = peers.filter(({ replicaId }) => replicaId !== this.#runtime.replicaId);
      const answers = others.map((peer) =>
        this.#ask<WaitsAnswer>(peer, shared, { path: waitsPath, body: {} }),
      );
      for (const answer of await Promise.all(answers)) {
        if (typeof answer === 'string') unknown.push(lineWhy[answer]);
        else told.push(answer.gates);
      }
    } catch {
      unknown.push(lineWhy.lost);
    }
    return { gates: longestOfAll(told.flat()), unknown };
  }

  #peersNow(): Promise<Peers> {
    const { clock, store, replicaId } = this.#runtime;
    const nowMs = clock.nowMs();
    if (this.#peers === null || this.#peers.untilMs <= nowMs) {
      const found = store
        .peers(replicaId)
        .then(({ peers, ...told }) => ({ peers, shared: sharedBy(told, clock, nowMs) }));
      this.#peers = { found, untilMs: nowMs + peersMs };
    }
    return this.#peers.found;
  }

  /** Its answer, or why there is none. */
  async #ask<Answer extends { readonly answer: string }>(
    { replicaId: to, address }: Peer,
    { secret, nowMs }: Shared,
    { path, body }: { readonly path: string; readonly body: object },
  ): Promise<Answer | Unasked> {
    const { clock } = this.#runtime;
    if (address === null) return 'mute';
    if ((this.#silentUntilMs.get(to) ?? 0) > clock.nowMs()) return 'silent';
    const late = new AbortController();
    const cancel = clock.setTimer(answerMsMax, () => late.abort());
    const nonce = newNonce();
    try {
      const response = await fetch(relayUrl(address, path), {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          [proofHeader]: proofOf(secret, { to, atMs: nowMs(), nonce }),
        },
        body: JSON.stringify(body),
        redirect: 'error',
        signal: late.signal,
      });
      const told = (await response.json()) as Answer;
      if (!isAnswer(told.answer, secret, { to, nonce })) throw new Error('it is another server');
      return told;
    } catch {
      for (const [id, untilMs] of this.#silentUntilMs) {
        if (untilMs <= clock.nowMs()) this.#silentUntilMs.delete(id);
      }
      // One of an earlier release has no such path, and answers all else.
      if (path !== waitsPath) this.#silentUntilMs.set(to, clock.nowMs() + silentMs);
      return 'silent';
    } finally {
      cancel();
    }
  }
}

/** Of what several replicas tell, the longest of each gate; a run stands once in it. */
function longestOfAll(told: readonly GateWaits[]): readonly GateWaits[] {
  const all = new Map<string, LineWait[]>();
  for (const { gate, waits } of told) all.set(gate, [...(all.get(gate) ?? []), ...waits]);
  return [...all].map(([gate, waits]) => {
    const byRun = new Map<string, LineWait>();
    for (const wait of waits.toSorted((a, b) => b.waitedMs - a.waitedMs)) {
      const key = `${wait.tenant} ${wait.runId}`;
      if (!byRun.has(key)) byRun.set(key, wait);
    }
    return { gate, waits: [...byRun.values()].slice(0, longestWaitsMax) };
  });
}

const byRuntime = new WeakMap<object, Owners>();

/** One for all who ask in this process. */
export function ownersOf(runtime: Parts): Owners {
  const owners = byRuntime.get(runtime) ?? new Owners(runtime);
  byRuntime.set(runtime, owners);
  return owners;
}
