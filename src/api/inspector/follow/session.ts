/**
 * One inspector's connection: the runs that fit its filter as actors, and what becomes of them.
 *
 * It owns what the client has been told of each actor. Which runs are told is members.ts's, how slowly the client may
 * read frame-socket.ts's.
 *
 * 1. An actor comes with the newest snapshot of its run, and never with its journal.
 * 2. A run's snapshot is sent ten times a second at most. The newest wins: of the events since the one before, the
 *    newest `eventsMax` are sent, and the client is told how many were left out.
 * 3. What is read was committed. Nothing is kept here until the client takes it, but which runs have changed.
 * 4. A connection that is no longer allowed ends within `allowedMs`.
 */
import { heddleError } from '../../../domain/errors.ts';
import type { RunId } from '../../../domain/ids.ts';
import type { OneTenant } from '../../../domain/scope.ts';
import { thrownText } from '../../../domain/thrown.ts';
import type { Live } from '../../../library/live/live.ts';
import type { RunBrief, RunState } from '../../../store/watch-port.ts';
import type { Projection } from '../../streams/states/projection.ts';
import { turnMax } from '../../streams/topics-asked.ts';
import { filterWords, type InspectAsked } from '../asked.ts';
import type { InspectedRun } from '../frames/encoder-port.ts';
import { familyOf } from './family.ts';
import type { FrameSocket } from './frame-socket.ts';
import { actorsMax, Members } from './members.ts';
import { newsSince, pageTurns, readOf } from './news-since.ts';
import { isRefusal, refuseSocket } from './refusals.ts';
import { Wakeup } from './wakeup.ts';
import { chartOf, eventOf, sourceOf, stateOf, type Showing } from '../frames/words.ts';

const snapshotMs = 100;
const readsMax = 64;
const allowedMs = 1_000;
const pauseMs = 500;
/** How often it is told that more runs fit. */
const leftMs = 1_000;

export type SessionOptions = {
  readonly socket: FrameSocket;
  readonly asked: InspectAsked;
  readonly scope: OneTenant;
  readonly showing: Showing;
  readonly live: Pick<Live, 'clock' | 'log' | 'reads'>;
  readonly projection: Projection;
  /** The config of a version's chart; null: it is not kept. */
  readonly definition: (agent: string, version: string) => Promise<unknown>;
  /** Throws when no replica has registered the agent. */
  readonly checkAgent: (agent: string) => Promise<unknown>;
  /** All runs below a run, also those that have ended. */
  readonly below: (runId: RunId) => Promise<readonly RunId[]>;
  /** Rejects when the caller may see this no more. */
  readonly allowed: () => Promise<unknown>;
};

type Actor = {
  readonly run: InspectedRun;
  turn: number;
  status: string;
  /** From then on its next snapshot may be sent. */
  readyAtMs: number;
  /** Events that were left out. */
  leftOut: number;
};

export class InspectorSession {
  readonly #options: SessionOptions;
  readonly #members: Members;
  readonly #actors = new Map<string, Actor>();
  #leave: () => void = () => undefined;
  #cancelAsking: () => void = () => undefined;
  readonly #wakeup: Wakeup;
  #leftAtMs = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#wakeup = new Wakeup(options.live.clock);
    this.#members = new Members(options.asked.filter, options.scope);
  }

  /** Resolves when the client has gone or was let go. */
  async run(): Promise<void> {
    const { socket, log } = this.#parts;
    socket.onGone(() => this.#wakeup.ready());
    try {
      await this.#begin();
      while (!socket.isOver) {
        this.#wakeup.looks();
        if (!(await this.#step())) await this.#wakeup.wait();
      }
    } catch (error) {
      if (!isRefusal(error)) log.warn('an inspector failed', { error: thrownText(error) });
      this.refuse(error);
    } finally {
      this.#leave();
      this.#wakeup.close();
      this.#cancelAsking();
    }
  }

  /** The server goes. */
  close(): void {
    const end = { type: '@heddle.end', reason: 'stop', resume: true };
    this.#options.socket.end(end, { code: 1001, reason: 'stop: the server closes; connect again' });
  }

  /** Tells the client what is wrong with what it asks. */
  refuse(error: unknown): void {
    refuseSocket(this.#options.socket, error);
  }

  get #parts() {
    const { socket, live, asked } = this.#options;
    const { clock, log, reads } = live;
    return { socket, asked, clock, log, reads };
  }

  async #begin(): Promise<void> {
    const { asked, socket, reads } = this.#parts;
    const { projection, scope, below, checkAgent } = this.#options;
    const { filter, encoder, context } = asked;
    const of = { filter: filterWords(filter), tenant: scope.tenant, protocol: encoder.version };
    if (filter.kind === 'run') {
      const { tenant } = scope;
      const [run] = await reads.briefs([{ tenant, runId: filter.runId }]);
      if (run === undefined) throw heddleError('run-unknown', { runId: filter.runId });
      this.#members.enter(run);
      const family = (await below(filter.runId)).map((runId) => ({ tenant, runId }));
      this.#members.note(family.length === 0 ? [] : await reads.briefs(family));
    } else if (filter.agent !== null) await checkAgent(filter.agent);
    await socket.send({ type: '@heddle.open', ...of, context, actorsMax });
    this.#askAgain();
    if (socket.isOver) return;
    this.#leave = projection.watch({
      changed: (states) => {
        this.#members.note(states);
        this.#wakeup.ready();
      },
      reset: () => {
        this.#members.reset(projection.open(scope));
        this.#wakeup.ready();
      },
    });
  }

  /** False: there is nothing to do now. */
  async #step(): Promise<boolean> {
    const { clock, log } = this.#parts;
    try {
      const entering = this.#members.entering.slice(0, readsMax);
      if (entering.length > 0) {
        await this.#enter(entering);
        return true;
      }
      const nowMs = clock.nowMs();
      const changed = this.#members.changed.flatMap((runId) => this.#actors.get(runId) ?? []);
      const due = changed.filter(({ readyAtMs }) => readyAtMs <= nowMs).slice(0, readsMax);
      if (due.length > 0) {
        await this.#tell(due);
        return true;
      }
      if (await this.#tellLeft(nowMs)) return true;
      const soonest = Math.min(...changed.map(({ readyAtMs }) => readyAtMs));
      if (Number.isFinite(soonest)) this.#wakeup.readyIn(soonest - nowMs);
      return false;
    } catch (error) {
      log.warn('an inspector could not be told', { error: thrownText(error) });
      await new Promise<void>((resolve) => clock.setTimer(pauseMs, resolve));
      return true;
    }
  }

  async #enter(runs: readonly RunBrief[]): Promise<void> {
    const { reads, asked, socket } = this.#parts;
    const { scope, showing, definition } = this.#options;
    const known = (runId: string) => this.#actors.get(runId)?.run.rootId;
    const families = await familyOf(runs, { reads, known });
    // The run that has started one of them may have ended, or wait for its own turn: it is told first, if it fits.
    const wanted = new Map(runs.map((run) => [run.runId, run]));
    for (const run of families.flatMap(({ above }) => above)) {
      if (this.#members.fits(run) && this.#members.enter(run)) wanted.set(run.runId, run);
    }
    const all =
      wanted.size === runs.length
        ? families
        : await familyOf([...wanted.values()], { reads, known });
    const ordered = all.toSorted((a, b) => a.above.length - b.above.length);
    const asks = ordered.map(({ run }) => readOf({ scope, runId: run.runId, turn: turnMax }, 0));
    const states = await reads.runStates(asks);
    for (const [at, { run, rootId }] of ordered.entries()) {
      const state = states[at] ?? null;
      if (state === null) {
        this.#members.gone(run.runId);
        continue;
      }
      const { runId, agent, version, parentRunId, createdAtMs } = run;
      const parentId = this.#actors.has(parentRunId ?? '') ? parentRunId : null;
      const inspected: InspectedRun = { runId, agent, rootId, parentId, createdAtMs };
      const { turn, status } = state.head;
      const actor = { run: inspected, turn, status, readyAtMs: this.#nextMs, leftOut: 0 };
      const parts = {
        definition: chartOf(inspected, await definition(agent, version), showing),
        state: stateOf(inspected, state, showing),
      };
      this.#actors.set(runId, actor);
      this.#members.told(runId, { turn, status });
      await socket.send(asked.encoder.actor(inspected, parts));
      if (socket.isOver) return;
    }
  }

  async #tell(actors: readonly Actor[]): Promise<void> {
    for (const { run } of actors) this.#members.looked(run.runId);
    try {
      await this.#tellAll(actors);
    } catch (error) {
      // Nobody may bring word of them again. Those that were told are found unchanged.
      for (const { run } of actors) this.#members.lookAgain(run.runId);
      throw error;
    }
  }

  async #tellAll(actors: readonly Actor[]): Promise<void> {
    const { reads, socket } = this.#parts;
    const { scope } = this.#options;
    const asks = actors.map(({ run, turn }) =>
      readOf({ scope, runId: run.runId as RunId, turn }, pageTurns),
    );
    const states = await reads.runStates(asks);
    for (const [at, actor] of actors.entries()) {
      const state = states[at] ?? null;
      if (state === null) this.#members.gone(actor.run.runId);
      else await this.#tellOne(actor, state);
      if (socket.isOver) return;
    }
  }

  async #tellOne(actor: Actor, first: RunState): Promise<void> {
    const { asked, socket } = this.#parts;
    const { showing } = this.#options;
    const { run } = actor;
    const at = { scope: this.#options.scope, runId: run.runId as RunId, turn: actor.turn };
    const { newest, leftOut, state } = await newsSince(this.#parts.reads, at, first);
    const { turn, status } = state.head;
    if (turn === actor.turn && status === actor.status) return;
    actor.turn = turn;
    actor.status = status;
    this.#members.told(run.runId, { turn, status });
    let event = { type: 'heddle.turn' };
    for (const { entry, atMs } of newest) {
      event = eventOf(run, entry, showing);
      const of = { event, sourceId: sourceOf(entry), atMs };
      await socket.send(asked.encoder.event(run, of));
    }
    if (leftOut > 0) {
      actor.leftOut += leftOut;
      const { runId: sessionId, rootId } = run;
      const told = { sessionId, rootId, events: leftOut, total: actor.leftOut };
      await socket.send({ type: '@heddle.dropped', ...told });
    }
    const atMs = state.head.endedAtMs ?? newest.at(-1)?.atMs ?? this.#parts.clock.nowMs();
    const of = { event, state: stateOf(run, state, showing), atMs };
    await socket.send(asked.encoder.snapshot(run, of));
    actor.readyAtMs = this.#nextMs;
  }

  /** More runs fit than there is room for. */
  async #tellLeft(nowMs: number): Promise<boolean> {
    if (!this.#members.hasLeft) return false;
    if (nowMs < this.#leftAtMs) {
      this.#wakeup.readyIn(this.#leftAtMs - nowMs);
      return false;
    }
    this.#leftAtMs = nowMs + leftMs;
    const { projection, scope, socket } = this.#options;
    const left = this.#members.takeLeft(projection.open(scope));
    await socket.send({ type: '@heddle.more', shown: this.#actors.size, openNotShown: left });
    return true;
  }

  get #nextMs(): number {
    return this.#options.live.clock.nowMs() + snapshotMs;
  }

  /** A token may be revoked while its connection is open. */
  #askAgain(): void {
    const { live, allowed, socket } = this.#options;
    this.#cancelAsking = live.clock.setTimer(allowedMs, () => {
      void allowed().then(
        () => {
          if (!socket.isOver) this.#askAgain();
        },
        (error: unknown) => this.refuse(error),
      );
    });
  }
}
