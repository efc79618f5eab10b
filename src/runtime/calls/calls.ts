/**
 * Provider calls: from an open `generate` in a run's state to its outcome.
 *
 * Owns the calls of this replica's runs, as turns and batches deal with them. `call/` defines the moves of
 * a call and what each does. `call-requests.ts` makes the requests. The pool (`providers/capacity/pool.ts`)
 * decides which call goes next and what a failure means. The committer makes the commit that must come
 * before a request.
 *
 * 1. A request is sent only when two things are durable: the turn that asked for it, and the slot's
 *    row that says `calling` (promise 3). So after a crash the slots' rows name exactly the calls
 *    that may have been made, and a call that is made again is counted.
 * 2. A slot goes to the next call in the same commit that records its call's result, whether that is the
 *    turn's commit or the result keeper's. So a result that was paid for is durable before another is bought.
 * 3. When a run no longer waits for a call, the call is aborted and its outcome is dropped.
 * 4. Each call in a slot has a permit, and no call outside a slot has one. At most as many slots are granted
 *    as permits are free.
 */
import { Signal } from '../signal.ts';
import type { ChartState } from '../../kernel/port.ts';
import { Pool, type Grant } from '../../providers/capacity/pool.ts';
import type { Batch, SlotWrite } from '../../store/batch.ts';
import type { BudgetRow } from '../../store/charges.ts';
import type { NewRun } from '../../store/rows.ts';
import type { ProviderRow, SlotRow } from '../../store/provider-rows.ts';
import type { GateOrder } from '../../domain/calls/gate-order.ts';
import type { ReplicaId } from '../../domain/ids.ts';
import type { Clock } from '../ports.ts';
import type { Incoming } from '../turn/incoming.ts';
import { AttemptLog } from './attempt/attempt-log.ts';
import { CallGrants } from './call/call-grants.ts';
import { CallEnds } from './call/call-ends.ts';
import { CallLife } from './call/call-life.ts';
import { isTentative } from './call/call-state.ts';
import { CallRequests } from './call-requests.ts';
import { CallsByRun } from './calls-by-run.ts';
import { Alarm } from '../wake/alarm.ts';
import { chargeEnd, chargesOf } from './budgets/call-charges.ts';
import type { CallsOptions, SealedCalls } from './calls-options.ts';
import type { Budgets } from './budgets/budgets.ts';
import { EarlierCalls } from './earlier-calls.ts';
import { RestingCalls } from './resting-calls.ts';
import type { CallOfRun, RunCall } from './call/run-call.ts';
import { gatesOf, gateWrites, slotWrite } from './gates/provider-rows.ts';

type Result = Extract<Incoming, { kind: 'result' }>;
type GivenBack = Pick<Batch, 'slots' | 'providers' | 'charges' | 'attempts'>;

export class Calls {
  readonly #options: CallsOptions;
  readonly #clock: Clock;
  readonly #grants: CallGrants;
  readonly #replicaId: ReplicaId;
  readonly #budgets: Budgets;
  readonly pool: Pool<RunCall>;
  readonly runs: CallsByRun;
  /** A result that was paid for. */
  readonly ended = new Signal<[call: RunCall, result: Result, tookMs: number]>();
  /** Time alone has made slots free to give: no other event may come to wake the calls that wait. */
  readonly slotsDue = new Signal();
  /** A call is in another state. */
  readonly moved = new Signal<[call: RunCall]>();
  readonly #resting: RestingCalls;
  readonly #life: CallLife;
  readonly requests: CallRequests;
  /** Attempts that the next batch writes. */
  readonly attempts = new AttemptLog();
  #isWanted = false;
  /** Batches that were sealed. Slots' rows follow this order; commits may end in another order. */
  #sealed = 0;
  readonly #madeBefore: EarlierCalls;
  /** Rings when a cooling, a backoff or a stall ends by itself. */
  readonly #alarm: Alarm;
  /** Rings when a gate's state is due to be written. */
  readonly #gatesDue: Alarm;

  constructor(options: CallsOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#alarm = new Alarm(options.clock, () => this.#wanted(this.slotsDue.tell));
    this.#gatesDue = new Alarm(options.clock, () => this.#wanted());
    this.#budgets = options.budgets;
    this.runs = new CallsByRun(options.weights, this.moved.tell);
    this.#replicaId = options.replicaId;
    this.pool = new Pool<RunCall>({
      providers: options.providers,
      share: 1,
      random: () => options.ids.random(),
      settings: options.capacity,
    });
    this.#grants = new CallGrants({ ...options, pool: this.pool, onFree: () => this.#wanted() });
    this.#resting = new RestingCalls(this.pool, options);
    this.#life = new CallLife({
      ...options,
      attempts: this.attempts,
      pool: this.pool,
      grants: this.#grants,
      runs: this.runs,
      resting: this.#resting,
      wanted: () => this.#wanted(),
      used: (call) => this.requests.used(call),
    });
    const ends = new CallEnds({
      ...options,
      attempts: this.attempts,
      pool: this.pool,
      grants: this.#grants,
      life: this.#life,
      resting: this.#resting,
      ended: this.ended.tell,
      sentLate: () => this.#setAlarm(),
    });
    this.requests = new CallRequests({ ...options, pool: this.pool, ends });
    this.#madeBefore = new EarlierCalls(options.replicaId, this.pool);
    options.backlog.add(this);
    options.budgets.fits.on((call, within) => this.#life.fits(call, within));
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

  /** A person has given an order for a provider, or for one gate. Throws `provider-unknown`. */
  order(name: string, order: GateOrder): void {
    this.pool.order(name, order, this.#clock.nowMs());
    this.requests.reopened(name);
    this.#wanted();
  }

  /** Takes over the gates' states in the rows, which were written before a restart or by other replicas. */
  recallGates(rows: readonly ProviderRow[]): void {
    const nowMs = this.#clock.nowMs();
    this.pool.news.restore(gatesOf(rows, nowMs), nowMs);
  }

  recallMade(slot: SlotRow): void {
    this.#madeBefore.add(slot);
  }

  /** The runs of the new shards are taken up: a call that none of them waits for leaves its slot. */
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
      this.#life.enter(this.runs.make(of, invocation));
    }
  }

  /** A result is part of the batch that is being made: its slot is free with that commit. */
  recorded(run: NewRun, { event }: Result): void {
    const call = this.runs.get(run.runId, event);
    if (call !== undefined) this.#life.recorded(call);
  }

  /** A turn has committed that took this result, and its chart wanted it no more: no journal holds it. */
  unheard({ tenant, runId }: NewRun, turn: number, { event }: Result): void {
    const { attempt, id: invocationId, incarnation } = event;
    if (attempt === undefined) return;
    this.attempts.add({ tenant, runId, turn, invocationId, incarnation }, attempt);
  }

  /** The run ends with the batch that is being made. */
  runEnds(run: NewRun): void {
    chargeEnd(this.#budgets, run, this.runs.of(run.runId), (call) => this.requests.used(call));
  }

  /**
   * The call's result is part of a commit of its own, which frees the slot. The call stays known until
   * its run takes the result, so that the call is not made again.
   */
  kept(call: RunCall): void {
    this.#life.kept(call);
  }

  /** Gives free slots to waiting calls and says which rows change; part of every batch. */
  seal(grantsMax = Infinity): SealedCalls {
    const nowMs = this.#clock.nowMs();
    const grants = this.#grants.grant(nowMs, grantsMax);
    for (const grant of grants) this.#life.granted(grant);
    const repeated = new Set(
      grants.map(({ call }) => call.key).filter((key) => this.#madeBefore.repeat(key)),
    );
    const slots = this.#slotWrites(repeated);
    const of = { replicaId: this.#replicaId, slots, grants, repeated, gates: this.pool.gates };
    const charges = chargesOf(this.#budgets, of);
    this.#resting.granted(grants);
    for (const call of this.runs.takeTentative()) this.#life.withdraw(call);
    this.#setAlarm();
    this.#isWanted = false;
    const sealed = { slots, providers: gateWrites(this.pool, nowMs), grants };
    this.#gatesDue.set(this.pool.news.gatesDueMs(nowMs));
    return charges === null ? sealed : { ...sealed, charges };
  }

  /** The batch that held these was not committed: the next batch writes the state of that time. */
  giveBack({ slots, providers, charges, attempts }: GivenBack): void {
    const own = slots.filter(({ replicaId }) => replicaId === this.#replicaId);
    this.pool.news.giveBack({ slots: own, gates: providers });
    this.#madeBefore.giveBack(slots);
    this.attempts.giveBack(attempts);
    if (charges !== undefined) this.#budgets.reservations.giveBack(charges.settled);
  }

  #slotWrites(repeated: ReadonlySet<string>): SlotWrite[] {
    const sealed = (this.#sealed += 1);
    const changes = this.pool.news.takeSlots();
    const slots = changes.map((change) => slotWrite(this.#replicaId, change, { repeated, sealed }));
    return [...this.#madeBefore.takeLeft(sealed), ...slots];
  }

  /** The turn has committed: calls that it opened are wanted, calls that it left are aborted. */
  settle(of: CallOfRun, state: ChartState | null): void {
    const { runId } = of.run;
    const open = new Set<RunCall>();
    for (const invocation of state?.status === 'active' ? state.invocations : []) {
      if (invocation.source.kind !== 'generate') continue;
      const call = this.runs.get(runId, invocation) ?? this.runs.make(of, invocation);
      open.add(call);
      this.#life.settle(call);
    }
    for (const call of this.runs.of(runId)) if (!open.has(call)) this.#leave(call);
    this.runs.shown(runId, of);
  }

  /** The turn was not committed, or its run is another replica's now. */
  abandon(runId: string, keep: 'durable' | 'nothing'): void {
    for (const call of this.runs.of(runId)) {
      if (keep === 'nothing' || isTentative(call.state)) this.#leave(call);
    }
  }

  /** At the commit the call's run belonged to another replica: the call has no slot and is not sent. */
  fenced(call: RunCall): void {
    if (!call.isLeft) this.#leave(call);
  }

  /** At the commit this budget had no room for the call: the call has no slot and waits for the budget. */
  refused(call: RunCall, budget: BudgetRow): void {
    this.#life.refused(call, budget);
  }

  /** The batch with these grants has committed: the requests go out. */
  send(grants: readonly Grant<RunCall>[]): void {
    for (const grant of grants) {
      if (this.#life.committed(grant))
        this.#options.valve.pass(() => this.requests.send(grant.call));
    }
    // When a gate's limit grows next is known only after its requests were sent.
    this.#setAlarm();
  }

  #setAlarm(): void {
    this.#alarm.set(this.#grants.dueMs);
  }

  /**
   * Aborts all requests, and returns the rows to write. Slots of calls that no run waits for become
   * idle. The other rows keep the names of their calls: those calls are made again, and counted.
   */
  close(): { readonly slots: readonly SlotWrite[]; readonly attempts: Batch['attempts'] } {
    this.#alarm.cancel();
    this.#gatesDue.cancel();
    this.#life.close();
    const slots = this.#slotWrites(new Set());
    for (const call of this.runs.all()) this.#life.closeOpen(call);
    return { slots, attempts: this.attempts.take() };
  }

  #wanted(tell = this.#options.wanted): void {
    this.#isWanted = true;
    tell();
  }

  #leave(call: RunCall): void {
    this.#leaveSlot(call.key);
    this.#life.leave(call);
  }

  #leaveSlot(key: string): void {
    if (this.#madeBefore.leaveSlot(key)) this.#wanted();
  }
}
