/**
 * The world of one test: virtual time, one store in memory, scripted models, and one replica at a
 * time.
 *
 * It decides when time moves and which replica lives. test-heddle.ts has the methods for tests, and
 * the runtime does the agents' work.
 *
 * 1. Time moves only in `pass`, timer by timer; before each timer, everything that can happen in
 *    the instant is done.
 * 2. An author's work in real time (tasks, own providers, functions that script a model) belongs to
 *    the instant in which it began. It is waited for at most `settleMsMax` of real time.
 * 3. Nothing of it keeps the process alive, and two worlds share nothing.
 */
import { heddleError } from '../domain/errors.ts';
import type { Ids, Log } from '../runtime/ports.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { AgentSources } from '../runtime/agent-source.ts';
import { createMemoryStore, type MemoryStore } from '../store/memory/memory-store.ts';
import { CrashPoints, type CrashPoint } from './replica/crash-points.ts';
import { afterMs, waitMs } from './time/real-time.ts';
import { HostWaits } from './host-waits.ts';
import { runtimeFace } from './replica/runtime-face.ts';
import type { ScriptedModel } from './model/scripted-model.ts';
import { registerAgents, TestReplica, type Surroundings } from './replica/test-replica.ts';
import type { VirtualClock } from './time/virtual-clock.ts';

export type WorldOptions = Pick<
  Surroundings,
  'budgets' | 'tenantWeights' | 'settings' | 'providers'
> & {
  readonly agents: AgentSources;
  readonly clock: VirtualClock;
  readonly ids: Ids;
  readonly log: Log;
  readonly models: (trouble: (error: Error) => void) => readonly ScriptedModel[];
  readonly settleMsMax: number;
};

/** Real time between two looks at work that takes real time. */
const lookMs = 1;
/**
 * After so many timers in one instant, the work is taken to go round for ever: after the first number if
 * `settleMsMax` is over. A test's runner would end the test before it hears of the second.
 */
const rings = { late: 1_000, max: 100_000 } as const;
/** Virtual time: a little more than the longest close. */
const closeMsMax = 60_000;

export class TestWorld {
  readonly clock: VirtualClock;
  readonly memory: MemoryStore;
  readonly models: readonly ScriptedModel[];
  readonly face: Runtime;
  readonly points: CrashPoints;
  readonly hostWaits: HostWaits;
  readonly #options: WorldOptions;
  readonly #around: Surroundings;
  #registered: ReturnType<typeof registerAgents>;
  #replica: TestReplica;
  /** The crash that is being carried out. */
  #crashing: Promise<void> | null = null;
  /** What is wrong with the test itself, such as a script that has no answer left. */
  #trouble: Error | null = null;
  #isTroubleTold = false;
  /** Grows with every request of the test. */
  #asked = 0;
  #closed = false;

  constructor(options: WorldOptions) {
    const { agents, clock, log, ids, providers, budgets, tenantWeights, settings } = options;
    this.#options = options;
    this.clock = clock;
    this.memory = createMemoryStore({ nowMs: () => clock.nowMs() });
    this.points = new CrashPoints((runId) => this.#agentOf(runId));
    this.models = options.models((error) => {
      this.#trouble ??= error;
    });
    this.#around = {
      clock,
      memory: this.memory,
      ids,
      log,
      models: this.models,
      providers,
      budgets,
      tenantWeights,
      settings,
      points: this.points,
      crashed: (replica) => {
        if (replica === this.#replica) void this.#begin(() => this.#crash({ downForMs: 0 }));
      },
    };
    this.#registered = registerAgents(agents, log);
    this.#replica = new TestReplica(this.#around, this.#registered);
    this.hostWaits = new HostWaits(clock, {
      trouble: () => this.#tellTrouble(),
      asked: () => this.#asked,
      isBusy: () => this.#crashing !== null || this.#isWorking(),
    });
    this.face = runtimeFace({
      store: this.memory,
      clock: this.hostWaits.clock,
      replica: () => this.#replica,
      begun: async () => {
        this.#asked += 1;
        while (this.#crashing !== null) await this.#crashing;
      },
    });
  }

  async start(): Promise<void> {
    await this.#replica.runtime.start();
    await this.clock.idle();
  }

  /** Resolves when nothing more can happen in this instant. */
  async settle(of: { readonly tasks: 'wait' | 'leave' }): Promise<void> {
    this.#asked += 1;
    let isLate = false;
    const stop = afterMs(this.#options.settleMsMax, () => {
      isLate = true;
    });
    try {
      await this.#settle(of, () => isLate);
    } finally {
      stop();
    }
  }

  async #settle(of: { readonly tasks: 'wait' | 'leave' }, isLate: () => boolean): Promise<void> {
    for (;;) {
      await this.#idle(isLate);
      const trouble = this.#tellTrouble();
      if (trouble !== null) throw trouble;
      if (this.#crashing !== null) await this.#crashing;
      else if (of.tasks === 'leave' || !this.#isWorking()) {
        const moves = this.clock.moves;
        this.hostWaits.look();
        await this.#idle(isLate);
        if (this.clock.moves === moves) return;
      } else if (isLate()) throw this.#unsettled();
      else await waitMs(lookMs);
    }
  }

  async #idle(isLate: () => boolean): Promise<void> {
    for (let rung = 0; rung < rings.max && (await this.clock.idle(isLate)); rung++) {
      if (rung >= rings.late && isLate()) break;
      // An overdue timer rings now: no time has to pass for it.
      if (!this.clock.ringNext(this.clock.nowMs())) return;
    }
    const runs = this.memory.database.tables.runs.all().filter((run) => run.endedAtMs === null);
    const busiest = runs.sort((a, b) => b.turn - a.turn)[0];
    const which =
      busiest === undefined
        ? 'something goes'
        : `run ${busiest.runId} of agent ${busiest.agent} is at turn ${busiest.turn} and goes`;
    throw heddleError('test-unsettled', {
      what: `${which} on and on without waiting for anything`,
    });
  }

  /** Lets time pass, timer by timer. */
  async pass(ms: number, of: { readonly tasks: 'wait' | 'leave' }): Promise<void> {
    const untilMs = this.clock.nowMs() + ms;
    do await this.settle(of);
    while (this.clock.ringNext(untilMs));
    this.clock.moveTo(untilMs);
    await this.settle(of);
  }

  /**
   * Lets time pass until `holds` is true. Returns false when it is not true by then, or when no
   * timer is left that could change it.
   */
  async passUntil(holds: () => Promise<boolean>, ms: number): Promise<boolean> {
    const untilMs = this.clock.nowMs() + ms;
    for (;;) {
      await this.settle({ tasks: 'wait' });
      if (await holds()) return true;
      if (!this.clock.ringNext(untilMs)) return false;
    }
  }

  /** Ends the replica at once; resolves when another has taken over. */
  crash(of: {
    readonly downForMs: number;
    readonly agents?: AgentSources | undefined;
  }): Promise<void> {
    // A refusal of the agents changes nothing, so it comes first.
    const registered =
      of.agents === undefined ? undefined : registerAgents(of.agents, this.#options.log);
    return this.#begin(() => this.#crash({ downForMs: of.downForMs, registered }));
  }

  /** Lets time pass until this close is over. */
  async close(closing: () => Promise<void>): Promise<void> {
    if (this.#crashing !== null) await this.#crashing;
    this.#closed = true;
    let isOver = false;
    const closed = closing().finally(() => {
      isOver = true;
    });
    const untilMs = this.clock.nowMs() + closeMsMax;
    do await this.clock.idle();
    while (!isOver && this.clock.ringNext(untilMs));
    this.#replica.life.end();
    await closed;
    await this.#closeProviders();
    if (this.#trouble !== null && !this.#isTroubleTold) throw this.#trouble;
    const [missed] = this.points.missed;
    if (missed !== undefined) throw heddleError('test-crash-missed', { point: pointText(missed) });
  }

  async #closeProviders(): Promise<void> {
    const { providers, settleMsMax } = this.#options;
    let stop = (): void => undefined;
    const late = new Promise<never>((_, reject) => {
      const what = `a provider of yours has not closed after ${settleMsMax} ms of real time`;
      stop = afterMs(settleMsMax, () => reject(heddleError('test-unsettled', { what })));
    });
    const closing = Promise.all(providers.map(async (provider) => provider.close?.()));
    await Promise.race([closing, late]).finally(() => stop());
  }

  #tellTrouble(): Error | null {
    this.#isTroubleTold = this.#trouble !== null;
    return this.#trouble;
  }

  #begin(crash: () => Promise<void>): Promise<void> {
    this.#asked += 1;
    const before = this.#crashing ?? Promise.resolve();
    const crashing = before.then(crash).finally(() => {
      if (this.#crashing === crashing) this.#crashing = null;
    });
    // `settle` waits for the crash, and the caller that ordered it gets its error.
    crashing.catch(() => undefined);
    this.#crashing = crashing;
    return crashing;
  }

  async #crash(of: {
    readonly downForMs: number;
    readonly registered?: ReturnType<typeof registerAgents> | undefined;
  }): Promise<void> {
    if (this.#closed) throw heddleError('closed');
    await this.#replica.kill();
    await this.clock.advance(of.downForMs);
    const registered = of.registered ?? this.#registered;
    this.#replica = new TestReplica(this.#around, registered);
    await this.#replica.runtime.start();
    // A build that open runs refuse does not start: after the next crash the one before it is there again.
    this.#registered = registered;
    await this.clock.idle();
  }

  #isWorking(): boolean {
    const { tasks, calls } = this.#replica.working;
    return tasks + calls > 0 || this.models.some(({ thinking }) => thinking > 0);
  }

  #unsettled(): Error {
    const { tasks, calls } = this.#replica.working;
    const thinking = this.models.reduce((sum, model) => sum + model.thinking, 0);
    const what = [
      tasks > 0 ? `${tasks} task(s) of yours are under way` : '',
      calls > 0 ? `${calls} call(s) of your own providers are under way` : '',
      thinking > 0 ? `${thinking} function(s) that script a model have not returned` : '',
    ].filter((part) => part !== '');
    const { settleMsMax } = this.#options;
    return heddleError('test-unsettled', {
      what: `${what.join(', ')} after ${settleMsMax} ms of real time`,
    });
  }

  #agentOf(runId: string): string | undefined {
    const { runs } = this.memory.database.tables;
    return runs.all().find((run) => run.runId === runId)?.agent;
  }
}

function pointText({ run, ...point }: CrashPoint): string {
  return JSON.stringify(run === undefined ? point : { ...point, run: run.id });
}
