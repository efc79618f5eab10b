/**
 * `Calls` between a scripted provider and turns, batches and commits that end in every way: what the runtime does
 * to it, without the runtime. It keeps its own books of what is durable.
 */
import { orders } from '../support/gate-orders.ts';
import { askingRun } from '../support/run-calls.ts';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { capacityDefaults } from '../../src/domain/capacity-settings.ts';
import type { Json } from '../../src/domain/json.ts';
import { heddleError } from '../../src/domain/errors.ts';
import { asReplicaId, asRunId, type RunId } from '../../src/domain/ids.ts';
import type { ChartState } from '../../src/kernel/port.ts';
import { Budgets } from '../../src/runtime/calls/budgets/budgets.ts';
import type { CallState } from '../../src/runtime/calls/call/call-state.ts';
import { RunCall } from '../../src/runtime/calls/call/run-call.ts';
import { Permits } from '../../src/runtime/calls/call/permits.ts';
import { CallImages } from '../../src/runtime/calls/attempt/call-images.ts';
import { Calls } from '../../src/runtime/calls/calls.ts';
import type { SealedCalls } from '../../src/runtime/calls/calls-options.ts';
import { LeaseValve } from '../../src/runtime/calls/lease-valve.ts';
import { Texts } from '../../src/runtime/calls/texts.ts';
import { nothingHeld } from '../../src/runtime/turn/held.ts';
import type { Incoming } from '../../src/runtime/turn/incoming.ts';
import { Backlog } from '../../src/runtime/wake/backlog.ts';
import { TenantWeights } from '../../src/runtime/wake/tenant-weights.ts';
import type { BudgetAddress, BudgetRow } from '../../src/store/charges.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { replaced } from '../support/replaced.ts';
import { scriptedProvider, type OpenCall } from '../support/scripted-provider.ts';
import { assertShape, type Move } from './call-walk.ts';

type Result = Extract<Incoming, { kind: 'result' }>;
type Invocation = { readonly id: string; readonly incarnation: number; readonly input: Json };
type Run = {
  readonly runId: RunId;
  turn: number;
  /** As its row has them. */
  open: readonly Invocation[];
  made: number;
  isOwned: boolean;
  /** Counts the times that it was taken up. */
  owner: number;
  inTurn: boolean;
  isTold: Result[];
  readonly inbox: Result[];
};
type Turn = {
  readonly run: Run;
  readonly owner: number;
  readonly next: readonly Invocation[];
  readonly took: readonly Result[];
  readonly rows: readonly Result[];
};
type Ended = { readonly call: RunCall; readonly result: Result };
type Batch = {
  readonly sealed: SealedCalls;
  readonly turn: Turn | null;
  readonly kept: readonly Ended[];
};

const prompt = 'why?';
/** `a` hears no abort, `b` does. */
const inputs: readonly Json[] = [
  { prompt },
  { prompt, provider: 'a' },
  { prompt, provider: 'b' },
  { prompt, providers: ['b', 'a'] },
  { prompt, attemptTimeoutMs: 400 },
  { conversation: 'talk' },
  { prompt, provider: 'nowhere' },
];
const faults = ['rate-limited', 'outage', 'refused', 'retry-once', 'caller'] as const;

export const action = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('turn' as const),
      run: fc.nat(3),
      opens: fc.array(fc.constantFrom(...inputs), { maxLength: 2 }),
      closes: fc.integer({ min: 0, max: 9 }),
      isUnmade: fc.nat(9).map((n) => n === 0),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('commit' as const),
      of: fc.nat(2),
      how: fc.constantFrom('whole', 'whole', 'whole', 'whole', 'conflict', 'not', 'lost-word'),
      refused: fc.nat(5),
      fenced: fc.nat(30),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      of: fc.nat(9),
      how: fc.constantFrom('ok', 'ok', 'ok', 'odd', ...faults),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('keep' as const), isKept: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('lose' as const), run: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('valve' as const), isOpen: fc.boolean() }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(1_500) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('order' as const), order: orders }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('luck' as const),
      areBudgetsFull: fc.boolean(),
      isReadable: fc.boolean(),
    }),
  },
);
export type Action = typeof action extends fc.Arbitrary<infer Value> ? Value : never;

/** A move as nothing that TypeScript has seen. */
type AnyMove = (this: RunCall, from: CallState, event: string, to: CallState) => CallState;

const nothing = (): void => undefined;
const inSlots: ReadonlySet<string> = new Set(['granted', 'cleared', 'sent', 'answered', 'leaving']);

export class CallDrive {
  readonly moves: Move[] = [];
  readonly seen = new Set<RunCall>();
  sent = 0;
  readonly #clock = new ManualClock();
  readonly #valve = new LeaseValve();
  readonly #open: OpenCall[] = [];
  readonly #runs: readonly Run[];
  readonly #durable = new Set<string>();
  readonly #slots = new Map<string, number>();
  readonly #batches: Batch[] = [];
  #ended: Ended[] = [];
  #reads = 0;
  #areBudgetsFull = false;
  #isReadable = true;
  readonly #calls: Calls;
  readonly #permits: Permits;
  readonly #restore: () => void;

  constructor() {
    const { seen, moves } = this;
    this.#restore = replaced(RunCall.prototype, 'move', (original) => {
      const move = original as AnyMove;
      const watched: AnyMove = function (from, event, to) {
        seen.add(this);
        assertShape(to);
        const made = move.call(this, from, event, to);
        moves.push({ from: from.kind, event, to: to.kind });
        return made;
      };
      return watched as RunCall['move'];
    });
    this.#permits = new Permits({
      max: 3,
      onCallsMayGo: nothing,
      capacity: capacityDefaults,
    });
    this.#calls = this.#newCalls();
    this.#runs = Array.from({ length: 4 }, (_, n) => newRun(n));
  }

  async go(of: Action): Promise<void> {
    this.#act(of);
    await this.#clock.idle();
    if (of.do === 'wait') await this.#clock.advance(of.ms);
    this.#check();
  }

  /** All runs leave what they have open, or this replica closes; then every request ends. */
  async end(how: 'left' | 'closed'): Promise<void> {
    this.#valve.open();
    while (this.#batches.length > 0) this.#commit({ of: 0, how: 'whole', refused: 9, fenced: 9 });
    await this.#clock.idle();
    this.#check();
    if (how === 'left') for (const { runId } of this.#runs) this.#calls.abandon(runId, 'nothing');
    this.#calls.requests.close();
    this.#calls.close();
    for (const call of this.#open.splice(0)) call.answer('late');
    await this.#clock.idle();
    for (const { state } of this.seen) assert.equal(state.kind, 'over');
    this.#restore();
  }

  /** A drive that has failed must not watch the calls of the next. */
  stop(): void {
    this.#restore();
  }

  #newCalls(): Calls {
    const clock = this.#clock;
    const log = { info: nothing, warn: nothing };
    const onCall = (call: OpenCall): void => this.#receive(call);
    const providers = [
      scriptedProvider({ name: 'a', ceiling: 2, startsAt: 2, hearsAbort: false, onCall }),
      scriptedProvider({ name: 'b', ceiling: 2, startsAt: 2, onCall }),
    ];
    const budgets = new Budgets({
      store: {
        hasBudgets: () => Promise.resolve(true),
        budgets: (rows: readonly BudgetAddress[]) =>
          Promise.resolve(rows.map((at) => this.#budget(at))),
      } as never,
      clock,
      log,
      defaults: {},
      providers,
      news: nothing,
      capacity: capacityDefaults,
    });
    budgets.turnOn();
    const calls = new Calls({
      clock,
      capacity: capacityDefaults,
      log,
      budgets,
      providers,
      valve: this.#valve,
      permits: this.#permits,
      ids: { random: () => 0.5 } as never,
      replicaId: asReplicaId('00000000-0000-7000-8000-000000000000'),
      weights: new TenantWeights(),
      images: new CallImages({ store: {} as never, clock, log }),
      conversations: {
        inputOf: () => {
          if (this.#isReadable) return Promise.resolve({ prompt });
          const reason = 'is empty; give a prompt or messages';
          const fault = heddleError('invalid-field', { field: 'generate.conversation', reason });
          return Promise.reject(fault);
        },
        close: nothing,
      } as never,
      inputs: {
        fill: (call: RunCall) => {
          if (this.#isReadable) call.input ??= { prompt };
          return Promise.resolve();
        },
        forget: (call: RunCall) => {
          call.input = null;
        },
        close: nothing,
      } as never,
      keptPerSlot: 0.5,
      texts: new Texts(log),
      deliver: ({ runId }, result) => this.#runOf(runId)?.isTold.push(result),
      doubted: ({ runId }) => this.#takeUp(this.#runOf(runId)),
      rests: nothing,
      wanted: nothing,
      backlog: new Backlog(0),
    });
    calls.ended.on((call, result) => void this.#ended.push({ call, result }));
    return calls;
  }

  #act(of: Action): void {
    switch (of.do) {
      case 'turn':
        return this.#turn(of);
      case 'commit':
        return this.#commit(of);
      case 'answer':
        return this.#answer(of);
      case 'keep':
        return this.#keep(of.isKept);
      case 'lose':
        return this.#lose(this.#runs[of.run]);
      case 'valve':
        return of.isOpen ? this.#valve.open() : this.#valve.shut();
      case 'order':
        for (const name of ['a', 'b']) this.#calls.order(name, of.order);
        return;
      case 'luck':
        this.#areBudgetsFull = of.areBudgetsFull;
        this.#isReadable = of.isReadable;
        return;
      case 'wait':
    }
  }

  #turn({ run: at, opens, closes, isUnmade }: Action & { readonly do: 'turn' }): void {
    const run = this.#runs[at];
    if (run === undefined || run.inTurn) return;
    if (!run.isOwned) return this.#takeUp(run);
    const rows = [...run.inbox];
    const took = [...run.isTold.splice(0), ...rows];
    const isDone = ({ id, incarnation }: Invocation): boolean =>
      took.some(({ event }) => event.id === id && event.incarnation === incarnation);
    const stays = run.open.filter((one, i) => !isDone(one) && i !== closes);
    const made = opens.map((input, i) => ({ id: 'ask', incarnation: run.made + 1 + i, input }));
    const next = [...stays, ...made];
    for (const item of took) this.#calls.recorded(askingRun(run.runId), item);
    if (next.length === 0) this.#calls.runEnds(askingRun(run.runId));
    this.#calls.propose(this.#ofRun(run, run.turn + 1), stateWith(next));
    if (isUnmade) {
      // Making the batch has failed half-way: no slots were given, and the turn comes to nothing, or anew.
      run.isTold.unshift(...took.filter((one) => !rows.includes(one)));
      if (closes % 2 === 0) return this.#calls.abandon(run.runId, 'durable');
      return this.#calls.settle(this.#ofRun(run), stateWith(run.open.concat(made)));
    }
    run.inTurn = true;
    const turn = { run, owner: run.owner, next, took, rows };
    this.#batches.push({ sealed: this.#calls.seal(), turn, kept: [] });
  }

  #keep(isKept: boolean): void {
    const ended = this.#ended.splice(0).filter(({ call }) => !call.isLeft);
    if (!isKept) {
      for (const { call, result } of ended) this.#runOf(call.runId)?.isTold.push(result);
      return;
    }
    for (const { call } of ended) this.#calls.kept(call);
    this.#batches.push({ sealed: this.#calls.seal(), turn: null, kept: ended });
  }

  #commit(of: Pick<Action & { readonly do: 'commit' }, 'of' | 'how' | 'refused' | 'fenced'>): void {
    const [batch] = this.#batches.splice(of.of % Math.max(this.#batches.length, 1), 1);
    if (batch === undefined) return;
    const { sealed, turn, kept } = batch;
    if (of.how === 'not') {
      if (turn !== null) this.#notCommitted(turn);
      this.#calls.giveBack(sealed);
      for (const { call, result } of kept) {
        if (!call.isLeft) this.#runOf(call.runId)?.isTold.push(result);
      }
      for (const { call } of sealed.grants) this.#calls.fenced(call);
      return this.#calls.send(sealed.grants);
    }
    if (turn !== null && of.how === 'conflict') this.#notCommitted(turn);
    else if (turn !== null) this.#committed(turn, of.how === 'lost-word');
    for (const { call, result } of kept) this.#runOf(call.runId)?.inbox.push(result);
    sealed.grants.forEach(({ call }, i) => {
      if (i === of.fenced) this.#lose(this.#runOf(call.runId));
      if (i === of.fenced) return this.#calls.fenced(call);
      if (i === of.refused) return this.#calls.refused(call, fullBudget(call));
      this.#slots.set(call.key, (this.#slots.get(call.key) ?? 0) + 1);
    });
    this.#calls.send(sealed.grants);
    if (turn !== null && of.how === 'lost-word') this.#lose(turn.run);
  }

  #committed({ run, owner, next, rows }: Turn, isWordLost: boolean): void {
    run.open = next;
    run.made = Math.max(run.made, ...next.map(({ incarnation }) => incarnation));
    run.turn += 1;
    run.inTurn = false;
    for (const row of rows) run.inbox.splice(run.inbox.indexOf(row), 1);
    for (const { id, incarnation } of next) this.#durable.add(`${run.runId}:${id}:${incarnation}`);
    if (owner !== run.owner) return this.#calls.abandon(run.runId, 'durable');
    // What follows the commit has thrown, before it came to the calls.
    if (isWordLost) return;
    this.#calls.settle(this.#ofRun(run), stateWith(next));
  }

  #notCommitted({ run, owner, took, rows }: Turn): void {
    run.inTurn = false;
    this.#calls.abandon(run.runId, 'durable');
    if (owner === run.owner) run.isTold.unshift(...took.filter((one) => !rows.includes(one)));
  }

  #lose(run: Run | undefined): void {
    if (run === undefined) return;
    this.#calls.abandon(run.runId, 'nothing');
    run.isOwned = false;
    run.owner += 1;
    run.isTold = [];
  }

  /** Its row is read: what it has open goes on here. */
  #takeUp(run: Run | undefined): void {
    if (run === undefined || run.inTurn) return;
    run.isOwned = true;
    this.#calls.settle(this.#ofRun(run), stateWith(run.open));
  }

  /** Promise 3: its turn is durable, and so is its slot. */
  #receive(call: OpenCall): void {
    this.sent += 1;
    assert.ok(this.#durable.has(call.idempotencyKey), 'sent before its turn has committed');
    const left = (this.#slots.get(call.idempotencyKey) ?? 0) - 1;
    assert.ok(left >= 0, 'sent before its slot has committed');
    this.#slots.set(call.idempotencyKey, left);
    this.#open.push(call);
  }

  #answer({ of, how }: Action & { readonly do: 'answer' }): void {
    const [call] = this.#open.splice(of % Math.max(this.#open.length, 1), 1);
    if (call === undefined) return;
    if (how === 'ok') call.answer('so');
    else if (how === 'odd') call.throw(new Error('odd'));
    else call.fail(how, 300);
  }

  #check(): void {
    const { pool, runs } = this.#calls;
    for (const call of [...this.seen, ...runs.all()]) {
      const { kind } = call.state;
      assert.equal(kind === 'queued', pool.isWaiting(call), kind);
      assert.equal(inSlots.has(kind), call.held !== null, kind);
      const isKnown = runs.get(call.runId, call) === call;
      assert.equal(isKnown, !call.isLeft, kind);
    }
    assert.ok(this.#permits.inUse <= 3);
  }

  /** Full as luck has it: one budget after the other, for those whose turn it is to be full. */
  #budget(at: BudgetAddress): BudgetRow {
    const isFull = this.#areBudgetsFull && (this.#reads += 1) % 3 === 0;
    return budgetRow(at, isFull ? 0 : 1e9);
  }

  #runOf(runId: string): Run | undefined {
    return this.#runs.find((run) => run.runId === runId);
  }

  #ofRun(run: Run, turn = run.turn) {
    return {
      run: askingRun(run.runId),
      held: nothingHeld,
      turn,
      status: 'calling-provider',
    } as const;
  }
}

function newRun(n: number): Run {
  return {
    runId: asRunId(`01900000-0000-7000-8000-00000000000${n}`),
    turn: 0,
    open: [],
    made: 0,
    isOwned: true,
    owner: 0,
    inTurn: false,
    isTold: [],
    inbox: [],
  };
}

function stateWith(open: readonly Invocation[]): ChartState {
  const invocations = open.map((one) => ({ ...one, source: { kind: 'generate' } }));
  return { status: 'active', invocations, timers: [] } as never;
}

const budgetRow = (at: BudgetAddress, tokensMax: number): BudgetRow => ({
  ...at,
  tokensMax,
  microsMax: null,
  perDay: false,
  spent: { tokens: 0, micros: 0 },
  reserved: { tokens: 0, micros: 0 },
});

const fullBudget = ({ user }: RunCall): BudgetRow =>
  budgetRow({ tenant: 't', scope: 'user', owner: user }, 0);
