/**
 * Provider calls: from an open `generate` in a run's state to its outcome.
 *
 * Owns the calls of this replica's runs and the requests under way. Leaves to the pool whose call
 * goes next and what a failure means, to the committer the commit that must come before a request.
 *
 * 1. A request is sent only when two things are durable: the turn that asked for it, and the slot's
 *    row that says `calling` (promise 3). So after a crash the slots' rows name exactly the calls
 *    that may have been made, and a call that is made again is counted.
 * 2. A slot is given on in the very commit that records its call's result, be it the turn's or the
 *    keeper's: what was bought is kept before anything new is bought.
 * 3. A call whose run has left it is aborted; its outcome is dropped.
 * 4. A call in a slot has a permit, and no other has one: no more are granted than are free.
 */
import { Signal } from '../signal.ts';
import type { Json } from '../../domain/json.ts';
import type { ChartState } from '../../kernel/port.ts';
import { createPool, type Grant, type Pool } from '../../providers/capacity/pool.ts';
import type { CallOutcome } from '../../providers/capacity/gate.ts';
import type { SlotWrite } from '../../store/batch.ts';
import type { NewRun, ProviderRow, SlotRow } from '../../store/rows.ts';
import type { ReplicaId } from '../../domain/ids.ts';
import type { Clock } from '../ports.ts';
import type { Incoming } from '../turn/incoming.ts';
import { aborted, callError, callersFault, recordOf, resultOf } from './call/call-result.ts';
import { CallGrants } from './call/call-grants.ts';
import { CallRequests, type RequestEnds } from './call-requests.ts';
import { CallsByRun } from './calls-by-run.ts';
import { Alarm } from '../wake/alarm.ts';
import { chargeEnd, chargesOf, usedBy } from './budgets/call-charges.ts';
import type { CallsOptions, SealedCalls } from './calls-options.ts';
import type { Budgets } from './budgets/budgets.ts';
import { EarlierCalls } from './earlier-calls.ts';
import { RestingCalls } from './resting-calls.ts';
import type { CallOfRun, RunCall } from './call/run-call.ts';
import { gatesOf, gateWrites, slotWrite } from './provider-rows.ts';

type Result = Extract<Incoming, { kind: 'result' }>;

export class Calls {
  readonly #options: CallsOptions;
  readonly #clock: Clock;
  readonly #grants: CallGrants;
  readonly #replicaId: ReplicaId;
  readonly #budgets: Budgets;
  readonly pool: Pool<RunCall>;
  readonly runs: CallsByRun;
  /** Dropped, and in a slot until their requests end. */
  readonly #leaving = new Set<RunCall>();
  /** A result that was paid for. */
  readonly ended = new Signal<[call: RunCall, result: Result, tookMs: number]>();
  /** There are slots to give by time alone: calls may wait for nothing else. */
  readonly slotsDue = new Signal();
  readonly #resting: RestingCalls;
  readonly requests: CallRequests;
  #isWanted = false;
  /** Batches that were sealed: slots' rows follow their order, commits need not. */
  #sealed = 0;
  readonly #madeBefore: EarlierCalls;
  /** Rings when a cooling, a backoff or a stall ends by itself. */
  readonly #alarm: Alarm;

  constructor(options: CallsOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#alarm = new Alarm(options.clock, () => this.#wanted(this.slotsDue.tell));
    this.#budgets = options.budgets;
    this.runs = new CallsByRun(options.weights);
    this.#replicaId = options.replicaId;
    this.pool = createPool<RunCall>({
      providers: options.providers,
      share: 1,
      random: () => options.ids.random(),
      settings: options.capacity,
    });
    this.#grants = new CallGrants(this.pool, options.permits);
    this.#resting = new RestingCalls(this.pool, options);
    this.requests = new CallRequests({
      ...options,
      pool: this.pool,
      ends: this.#requestEnds(),
    });
    this.#madeBefore = new EarlierCalls(options.replicaId, this.pool);
    options.backlog.add(this);
    // Its budgets have room for it again, though others may still wait for them.
    options.budgets.fits.on((call) => {
      if (!call.dropped && call.outcome === null) this.#enqueue(call, true);
    });
  }

  #requestEnds(): RequestEnds {
    return {
      sentLate: () => this.#setAlarm(),
      unwanted: (call, grant) => this.#release(call, aborted, grant),
      lost: (call, grant) => {
        this.#release(call, aborted, grant);
        call.outside = true;
        this.#options.doubted(call);
      },
      withheld: (call, grant) => this.#release(call, { kind: 'withheld' }, grant),
      answered: (call, output) => this.#finish(call, { kind: 'ok' }, { output: resultOf(output) }),
      broughtBack: (call, fault) => this.#release(call, fault),
      tookTooLong: (call) => {
        // It may be answered all the same.
        this.#budgets.settle(call, 'unknown');
        this.#release(call, { kind: 'timed-out' });
      },
      failed: (call, provider, error) =>
        this.#finish(call, callersFault, { error: callError(provider, error) }),
    };
  }

  /** Calls that are not in a slot. */
  get waiting(): number {
    return this.runs.size - this.pool.inFlight;
  }

  /** True when a batch would write or give a slot. */
  get hasWork(): boolean {
    return this.#isWanted || this.#grants.mayGo;
  }

  setShare(liveReplicas: number): void {
    this.pool.setShare(1 / Math.max(liveReplicas, 1), this.#clock.nowMs());
    this.#wanted();
  }

  reopen(provider: string): void {
    this.pool.reopen(provider, this.#clock.nowMs());
    this.requests.reopened(provider);
    this.#wanted();
  }

  /** What the rows say of gates: before a restart, or by other replicas. */
  recallGates(rows: readonly ProviderRow[]): void {
    const nowMs = this.#clock.nowMs();
    this.pool.restoreGates(gatesOf(rows, nowMs), nowMs);
  }

  recallMade(slot: SlotRow): void {
    this.#madeBefore.add(slot);
  }

  /** The runs of the new shards are taken up: what none of them waits for leaves its slot. */
  recalled(): void {
    for (const key of this.#madeBefore.keysWithout(this.runs)) this.#leaveSlot(key);
  }

  /**
   * A turn has been computed: its new calls queue up, so that a free slot is given to them in the
   * very commit that makes them durable. `settle` follows for each of these runs.
   */
  propose(of: CallOfRun, state: ChartState): void {
    for (const invocation of state.invocations) {
      if (invocation.source.kind !== 'generate') continue;
      if (this.runs.get(of.run.runId, invocation) !== undefined) continue;
      this.#enqueue(this.runs.make(of, invocation));
    }
  }

  /** A result is part of the batch that is being made: its slot is free with that commit. */
  recorded(run: NewRun, { event }: Result): void {
    const call = this.runs.get(run.runId, event);
    if (call === undefined || call.out === null || call.out.outcome === null) return;
    const { outcome, kept } = call.out;
    this.runs.remove(call);
    this.#budgets.settle(call, usedBy(outcome));
    if (!kept) this.#release(call, outcome);
  }

  /** The run ends with the batch that is being made. */
  runEnds(run: NewRun): void {
    chargeEnd(this.#budgets, run, { calls: this.runs.of(run.runId), pool: this.pool });
  }

  /**
   * Its result is part of a commit of its own: the slot is free with that. The call stays known
   * until its run takes the result, so that nobody makes it again.
   */
  kept(call: RunCall): void {
    if (call.out === null || call.out.outcome === null) return;
    const { outcome } = call.out;
    call.out.kept = true;
    this.#budgets.settle(call, usedBy(outcome));
    this.#release(call, outcome);
  }

  /** Gives free slots to waiting calls and says which rows change; part of every batch. */
  seal(grantsMax = Infinity): SealedCalls {
    const nowMs = this.#clock.nowMs();
    const grants = this.#grants.grant(nowMs, grantsMax);
    const repeated = new Set(
      grants.map(({ call }) => call.key).filter((key) => this.#madeBefore.repeat(key)),
    );
    const slots = this.#slotWrites(repeated);
    const { gates } = this.pool;
    const of = { replicaId: this.#replicaId, slots, grants, repeated, gates };
    const charges = chargesOf(this.#budgets, of);
    this.#resting.granted(grants);
    this.#withdrawTentative(grants, nowMs);
    this.#setAlarm();
    this.#isWanted = false;
    const sealed = { slots, providers: gateWrites(this.pool, nowMs), grants };
    return charges === null ? sealed : { ...sealed, charges };
  }

  /** The batch that held these was not committed: the next one holds what is then true. */
  giveBack({ slots, providers }: Pick<SealedCalls, 'slots' | 'providers'>): void {
    const own = slots.filter(({ replicaId }) => replicaId === this.#replicaId);
    this.pool.giveBack({ slots: own, gates: providers });
    this.#madeBefore.giveBack(slots);
  }

  #slotWrites(repeated: ReadonlySet<string>): SlotWrite[] {
    const sealed = (this.#sealed += 1);
    const changes = this.pool.takeSlotChanges();
    const slots = changes.map((change) => slotWrite(this.#replicaId, change, { repeated, sealed }));
    return [...this.#madeBefore.takeLeft(sealed), ...slots];
  }

  /** Not given a slot, and not durable yet: it must not be given one by another batch. */
  #withdrawTentative(grants: readonly Grant<RunCall>[], nowMs: number): void {
    const tentative = this.runs.takeTentative();
    if (tentative.size === 0) return;
    for (const { call } of grants) tentative.delete(call);
    for (const call of tentative) {
      this.pool.cancel(call, nowMs);
      call.outside = true;
    }
  }

  /** The turn has committed: calls that it opened are wanted, calls that it left are aborted. */
  settle(of: CallOfRun, state: ChartState | null): void {
    const { runId } = of.run;
    const open = new Set<RunCall>();
    for (const invocation of state?.status === 'active' ? state.invocations : []) {
      if (invocation.source.kind !== 'generate') continue;
      const call = this.runs.get(runId, invocation) ?? this.runs.make(of, invocation);
      open.add(call);
      call.durable = true;
      if (call.outside) this.#enqueue(call);
      this.#resting.rest(call);
    }
    for (const call of this.runs.of(runId)) if (!open.has(call)) this.#drop(call);
    this.runs.shown(runId, of);
  }

  /** The turn was not committed, or its run is another replica's now. */
  abandon(runId: string, keep: 'durable' | 'nothing'): void {
    for (const call of this.runs.of(runId)) {
      if (keep === 'nothing' || !call.durable) this.#drop(call);
    }
  }

  /** It is not in its slot, for its run was another replica's at the commit: it is not sent. */
  fenced(call: RunCall): void {
    if (!call.dropped) this.#drop(call);
  }

  /** The batch with these grants has committed: the requests go out. */
  send(grants: readonly Grant<RunCall>[]): void {
    for (const grant of grants) this.#options.valve.pass(() => this.#sendOne(grant));
    // Only when its requests are out it is known when a limit grows.
    this.#setAlarm();
  }

  #setAlarm(): void {
    this.#alarm.set(this.#grants.dueMs);
  }

  #sendOne(grant: Grant<RunCall>): void {
    if (this.#budgets.takeRefused(grant.call)) {
      this.#grants.release(grant.provider, grant.slot, aborted, this.#clock.nowMs(), 0);
      grant.call.out = null;
      this.#resting.rest(grant.call);
      return this.#wanted();
    }
    this.requests.send(grant);
  }

  /**
   * Aborts all that is under way, and gives what is to be written of the slots: those of calls that
   * nobody waits for are idle. The others keep their names, for they are made again, and counted.
   */
  close(): readonly SlotWrite[] {
    this.#alarm.cancel();
    for (const call of this.#leaving) this.#release(call, aborted);
    const slots = this.#slotWrites(new Set());
    for (const call of this.runs.all()) {
      call.dropped = true;
      call.out?.cancelLimit();
      call.out?.abort?.abort();
    }
    return slots;
  }

  #wanted(tell = this.#options.wanted): void {
    this.#isWanted = true;
    tell();
  }

  #enqueue(call: RunCall, isFit = false): void {
    if (!isFit && this.#budgets.holds(call)) {
      call.outside = false;
      return this.#wanted();
    }
    try {
      // Its key may be in a slot still, with a request that was aborted: `#release` lets it in then.
      call.outside = !this.pool.enqueue(call, this.#clock.nowMs());
      if (call.outside) return;
      if (!call.durable) this.runs.markTentative(call);
      else this.#wanted();
    } catch (error) {
      call.outside = false;
      this.#finish(call, callersFault, { error });
    }
  }

  /** The outcome goes to the run's next turn; the slot stays taken until that commits. */
  #finish(
    call: RunCall,
    outcome: CallOutcome,
    result: { output: Json } | { error: unknown },
  ): void {
    const out = call.goesOut();
    out.cancelLimit();
    if (call.dropped) return this.#release(call, aborted);
    if (out.outcome !== null) return;
    const { invocationId: id, incarnation } = call;
    out.outcome = outcome;
    if ('output' in result) {
      const event = { kind: 'done', id, incarnation, output: result.output } as const;
      const tookMs = this.#clock.nowMs() - out.sentAtMs;
      return this.ended.tell(call, { kind: 'result', event }, tookMs);
    }
    const error = recordOf(result.error);
    this.#options.deliver(call, {
      kind: 'result',
      event: { kind: 'failed', id, incarnation, error },
    });
  }

  #drop(call: RunCall): void {
    call.dropped = true;
    call.out?.cancelLimit();
    this.runs.remove(call);
    this.#leaveSlot(call.key);
    this.#budgets.drop(call);
    this.#resting.drop(call);
    const cancelled = this.pool.cancel(call, this.#clock.nowMs());
    this.#budgets.settle(call, cancelled.kind === 'in-slot' ? 'unknown' : 'unused');
    // Granted but not sent: `send` finds it dropped. Under way: its end releases the slot.
    if (cancelled.kind !== 'in-slot' || call.out?.kept === true) return;
    if (call.outcome !== null) this.#release(call, aborted);
    else {
      this.#leaving.add(call);
      call.out?.abort?.abort();
    }
  }

  #release(
    call: RunCall,
    outcome: CallOutcome,
    grant: { provider: string; slot: number } | null = call.out?.slot ?? null,
  ): void {
    this.#leaving.delete(call);
    if (grant === null) return;
    const tokens = call.leavesSlot();
    const nowMs = this.#clock.nowMs();
    const { fate } = this.#grants.release(grant.provider, grant.slot, outcome, nowMs, tokens);
    if (fate === 'requeued' || fate === 'backoff') call.out = null;
    this.#resting.rest(call);
    const next = this.runs.get(call.runId, call);
    if (next !== undefined && next.outside && next.durable) this.#enqueue(next);
    this.#wanted();
  }

  #leaveSlot(key: string): void {
    if (this.#madeBefore.leaveSlot(key)) this.#wanted();
  }
}
