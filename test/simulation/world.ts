/**
 * A world: one store, some replicas, clients that talk to them, and virtual time. It carries out a
 * schedule and owns all order. It leaves to `checks.ts` what must be true at its end.
 *
 * 1. Between two items everything that is ready is done: an item is the only scheduling point.
 * 2. A replica that dies is replaced by a new one, which takes over when the old one's lease ends.
 */
import type { GenerateRequest, GenerateOutput } from '../../src/domain/catalogue.ts';
import type { Agent, Kernel } from '../../src/kernel/port.ts';
import { ProviderFault, type ProviderCall } from '../../src/providers/port.ts';
import { stubAnswer } from '../../src/providers/stub/stub-output.ts';
import type { RuntimeSettings } from '../../src/runtime/settings.ts';
import { createMemoryStore, type MemoryStore } from '../../src/store/memory/memory-store.ts';
import { Client } from './client.ts';
import { simulatedIds } from './ids.ts';
import { History } from './history.ts';
import { startRings } from './rings.ts';
import { performTasksBy } from './tasks.ts';
import { throwsAreHeardBy } from './throws.ts';
import { Plan, type Failed, type Schedule, type When } from './schedule.ts';
import { Replica, type CallScript, type SimulatedProvider } from './replica.ts';
import { lineOf, Timeline, type Item } from './timeline.ts';

export const tenant = 'sim';
const leaseMs = 600;
const pollMs = 400;

export type Scenario = {
  readonly name: string;
  readonly agents: readonly Agent[];
  readonly replicas: number;
  readonly settings?: Partial<RuntimeSettings>;
  readonly ceiling?: number;
  /** Default: one that takes every call. */
  readonly providers?: readonly SimulatedProvider[];
  /** How each call at these providers goes, in place of the three below. */
  readonly calls?: (provider: string, call: ProviderCall) => CallScript;
  readonly answerMs?: number;
  /** What a provider answers, or throws; default: the stub's answer. */
  readonly answers?: (input: GenerateRequest) => GenerateOutput;
  /** Of the first calls so many are refused with a 429. */
  readonly rateLimited?: number;
  /** What clients do, side by side. */
  readonly clients: readonly ((client: Client) => Promise<void>)[];
  /** What must come out in every schedule, as text that can be compared. */
  readonly outcome: (world: World) => unknown;
  /** More that must be true at the end. */
  readonly check?: (world: World) => readonly string[];
};

/** Where a planted bug goes in. */
export type Seam = {
  /** `pause` lets others go on for a while. */
  readonly wrapStore?: (store: MemoryStore, pause: () => Promise<void>) => MemoryStore;
  readonly settings?: Partial<RuntimeSettings>;
  /** A check that would notice first, when another one is to be tried. */
  readonly blindTo?: string;
};

const pauseMs = 6;
const taskMs = 15;

const restartMs = 30;
/** After everything has ended: time for what is left to come to rest, frozen replicas too. */
const restMs = 8_000;
const stepsMax = 6_000;

export class World {
  readonly scenario: Scenario;
  readonly timeline: Timeline;
  readonly store: MemoryStore;
  readonly kernel: Kernel;
  readonly replicas: Replica[] = [];
  readonly history = new History();
  readonly clients: Client[] = [];
  readonly troubles: string[] = [];
  readonly #ids = simulatedIds();
  readonly #trace: (Item | string)[] = [];
  readonly #plan: Plan;
  readonly #seam: Seam;
  /** What replicas that start now have, in turn, and what any has had. */
  #deployed: readonly (readonly Agent[])[];
  readonly agents: Agent[];
  readonly schedule: Schedule;
  /** The longest that the schedule holds anything up. */
  readonly slowestMs: number;
  #busy = 0;
  #asked = 0;

  constructor(scenario: Scenario, kernel: Kernel, schedule: Schedule, seam: Seam = {}) {
    this.scenario = scenario;
    this.kernel = kernel;
    this.schedule = schedule;
    this.slowestMs = schedule.reduce((sum, action) => sum + ('ms' in action ? action.ms : 0), 0);
    this.#plan = new Plan(schedule);
    this.timeline = new Timeline(this.#plan);
    startRings();
    performTasksBy((key) => this.#task(key));
    throwsAreHeardBy((place) => this.history.reached.add(`threw: ${place}`));
    const store = createMemoryStore({ nowMs: () => this.timeline.nowMs });
    this.#seam = seam;
    this.#deployed = [scenario.agents];
    this.agents = [...scenario.agents];
    this.store = seam.wrapStore?.(store, () => this.#pause()) ?? store;
  }

  get nowMs(): number {
    return this.timeline.nowMs;
  }

  get ids(): ReturnType<typeof simulatedIds> {
    return this.#ids;
  }

  /** Runs the schedule to its end; what went wrong on the way is in `troubles`. */
  async run(): Promise<void> {
    for (let i = 0; i < this.scenario.replicas; i++) this.#boot(0);
    this.#shareOut();
    for (const act of this.scenario.clients) this.#begin(act);
    let overMs: number | null = null;
    for (let steps = 0; steps < stepsMax; steps++) {
      await drained();
      const nowMs = this.timeline.nowMs;
      if (overMs === null && this.#isOver()) {
        overMs = nowMs;
        this.history.items = this.timeline.count;
      }
      if (overMs !== null && (this.#isAtRest() || nowMs > overMs + restMs)) return;
      const item = this.timeline.next();
      if (item === null) break;
      await this.#happen(item);
    }
    this.history.items = this.timeline.count;
    this.troubles.push('stuck: the world did not come to an end');
  }

  /** What happened, line by line. */
  get trace(): string[] {
    return this.#trace.map((item) => (typeof item === 'string' ? item : lineOf(item)));
  }

  say(line: string): void {
    this.#trace.push(`  ${line}`);
  }

  trouble(check: string, detail: unknown): void {
    if (check === this.#seam.blindTo) return;
    this.troubles.push(`${check}: ${typeof detail === 'string' ? detail : JSON.stringify(detail)}`);
  }

  /** The replica that a client reaches; null while there is none. */
  reach(home: number): Replica | null {
    const there = this.replicas.filter(({ alive, ready, closing }) => alive && ready && !closing);
    return there[home % Math.max(there.length, 1)] ?? null;
  }

  /** Each replica is replaced by one that has the next of these lists of agents. */
  deploy(...lists: readonly (readonly Agent[])[]): void {
    this.#deployed = lists;
    this.agents.push(...lists.flat());
    const there = this.replicas.filter(({ alive, closing }) => alive && !closing);
    for (const replica of there) {
      if (replica.ready) this.#close(replica);
      else {
        replica.die();
        this.#boot(restartMs);
      }
    }
  }

  /** As if they had long been there: each replica begins with its part of the shards. */
  #shareOut(): void {
    const { database } = this.store;
    const ids = this.replicas.map(({ runtime }) => runtime.replicaId);
    database.transaction(() => {
      for (const replicaId of ids) {
        const session = { reconnectedAtMs: null, sessionGone: false, address: null, lines: {} };
        database.tables.replicas.put({ replicaId, renewedAtMs: 0, untilMs: leaseMs, ...session });
      }
      for (const { shard } of database.tables.shards.all()) {
        database.tables.shards.put({ shard, epoch: 1, owner: ids[shard % ids.length] ?? null });
      }
    });
  }

  /** Of each task the first try fails, wherever it is made. */
  #task(key: string): Promise<string> {
    const tries = (this.history.tasks.get(key) ?? 0) + 1;
    this.history.tasks.set(key, tries);
    return new Promise((resolve, reject) => {
      const done = (failed: Failed | null): void => {
        if (tries === 1 || failed !== null) reject(new Error('not yet'));
        else resolve(key.slice(37));
      };
      const item = { kind: 'reply', what: `task ${key.slice(37)}`, replica: null } as const;
      this.timeline.add({ ...item, happen: done }, taskMs);
    });
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const item = { kind: 'request', what: 'waits with a commit', replica: null } as const;
      this.timeline.add({ ...item, happen: () => resolve() }, pauseMs);
    });
  }

  #begin(act: Scenario['clients'][number]): void {
    const client = new Client(this, this.clients.length);
    this.clients.push(client);
    this.#busy += 1;
    act(client)
      .catch((error: unknown) => this.trouble('client', String(error)))
      .finally(() => {
        this.#busy -= 1;
      });
  }

  #isOver(): boolean {
    return this.#busy === 0 && this.store.database.tables.runs.count('open', tenant) === 0;
  }

  #isAtRest(): boolean {
    const { slots, delayed } = this.store.database.tables;
    if (slots.all().some(({ call }) => call !== null) || delayed.all().length > 0) return false;
    return this.replicas.every((replica) => {
      if (!replica.alive) return true;
      if (!replica.ready || replica.closing || replica.frozenUntilMs > this.nowMs) return false;
      // A call that waits keeps nothing else of its run in memory.
      const { permitsInUse, inMemory, pool } = replica.runtime.stats();
      return permitsInUse + inMemory + pool.inFlight + pool.queued + pool.backoff === 0;
    });
  }

  async #happen(item: Item): Promise<void> {
    const { number, replica } = item;
    this.#trace.push(item);
    const crash = this.#plan.find(number, 'crash');
    if (crash?.when === 'before') {
      this.#crash(item, 'before');
      if (replica !== null) return;
    }
    const fail = this.#plan.find(number, 'fail');
    item.happen(fail?.when ?? null);
    if (crash?.when === 'after') {
      await drained();
      this.#crash(item, 'after');
    }
    const freeze = this.#plan.find(number, 'freeze');
    if (freeze !== null && replica !== null) replica.frozenUntilMs = this.nowMs + freeze.ms;
    if (this.#plan.find(number, 'close') !== null) this.#close(replica);
  }

  #crash(item: Item, when: When): void {
    const { kind, what, replica } = item;
    if (replica === null || !replica.alive) return;
    this.say(`${replica.name} dies`);
    if (kind === 'request') this.history.crashedAt.add(`${when} ${what.split(' ')[0]}`);
    this.history.crash(this.#hasWork(replica, item));
    replica.die();
    this.store.restart();
    this.#boot(restartMs);
  }

  /** Something of this replica's is half done: a run that it owns, or a request under way. */
  #hasWork(replica: Replica, item: Item): boolean {
    if (item.kind === 'request' || this.timeline.isUnderWay(replica)) return true;
    const { runs, shards } = this.store.database.tables;
    const { replicaId } = replica.runtime;
    return runs
      .by('open', tenant)
      .some(({ shard }) => shards.get(String(shard))?.owner === replicaId);
  }

  #close(replica: Replica | null): void {
    if (replica === null || !replica.alive || !replica.ready || replica.closing) return;
    this.say(`${replica.name} closes`);
    replica.closing = true;
    this.#boot(restartMs);
    replica.runtime.close().then(
      () => replica.die(),
      (error: unknown) => {
        this.say(`${replica.name} did not close: ${String(error)}`);
        replica.die();
      },
    );
  }

  #boot(delayMs: number): void {
    const { ceiling = 2, settings = {} } = this.scenario;
    const { providers = [{ name: 'model', ceiling }] } = this.scenario;
    const name = String.fromCharCode('A'.charCodeAt(0) + this.replicas.length);
    const replica = new Replica({
      name,
      timeline: this.timeline,
      store: this.store,
      kernel: this.kernel,
      agents: this.#deployed[this.replicas.length % this.#deployed.length] ?? [],
      providers,
      ids: this.#ids,
      // Calls that wait keep their input at every other replica, one for each slot; else none does.
      settings: {
        leaseMs,
        pollMs,
        keptPerSlot: this.replicas.length % 2,
        ...settings,
        ...this.#seam.settings,
      },
      // Every other replica keeps each result before its turn, the others when they are busy.
      keeping: { afterMs: 0, directMax: this.replicas.length % 2 === 0 ? 0 : 4 },
      witness: {
        saw: (_, method, args, result) => this.history.saw(this, method, args, result),
        lost: (of, what, about) => this.history.lost(of, what, about),
        called: (of, provider, call) => this.#called(of, provider, call),
        log: (of, message, facts) => {
          this.#trace.push(`    ${of.name} says ${message} ${JSON.stringify(facts ?? '')}`);
        },
      },
    });
    this.replicas.push(replica);
    const start = (): void => {
      replica.runtime.start().then(
        () => {
          replica.ready = replica.alive;
        },
        (error: unknown) => {
          // A process that cannot start exits, and is started again.
          this.say(`${name} did not start: ${String(error)}`);
          if (!replica.alive) return;
          replica.die();
          this.#boot(restartMs);
        },
      );
    };
    this.timeline.add({ kind: 'start', what: 'starts', replica, happen: start }, delayMs);
  }

  #called(replica: Replica, provider: string, call: ProviderCall): CallScript {
    const { answerMs = 20, rateLimited = 0, calls } = this.scenario;
    if (calls !== undefined) return calls(provider, call);
    this.#asked += 1;
    if (this.#asked <= rateLimited) throw new ProviderFault('rate-limited', 'on order', 60);
    this.history.call(replica, call);
    const { answers = (input) => stubAnswer(1, 'model', input) } = this.scenario;
    return { afterMs: answerMs, answer: () => answers(call.input) };
  }
}

/** Everything that is ready has been done: no promise is left that could go on by itself. */
function drained(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
