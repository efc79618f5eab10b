/**
 * The object that a test works with: heddle itself, with control over the clock, the model and
 * crashes.
 *
 * It owns the methods of the testing kit. test-world.ts runs time and crashes. Runs, channels,
 * memory and questions are the library's, the same as in production.
 */
import { asOneOf, asWhole, refuseField } from '../domain/field.ts';
import { asOptions } from '../domain/options.ts';
import type { OneTenant } from '../domain/scope.ts';
import type { OutputOf } from '../library/chart-types.ts';
import { Heddle } from '../library/library.ts';
import { checkProvider, checkProviders } from '../providers/check-provider.ts';
import type { Provider } from '../providers/port.ts';
import type { AgentSources } from '../runtime/agent-source.ts';
import { budgetDefaults, type Budget } from '../library/budget-requests.ts';
import { checkLog, hostLog } from '../runtime/host/host-log.ts';
import type { Log } from '../runtime/ports.ts';
import type { RuntimeSettings } from '../runtime/settings.ts';
import type { Run } from '../library/run-handle.ts';
import type { RunAddress } from '../store/rows.ts';
import { countedIds } from './counted-ids.ts';
import type { CrashPoint } from './replica/crash-points.ts';
import { durationMs, type Duration } from './time/duration.ts';
import type { ModelScript } from './model/model-script.ts';
import { asProvider, ScriptedModel, type ModelOptions } from './model/scripted-model.ts';
import { TestRun } from './test-run.ts';
import { TestWorld } from './test-world.ts';
import { VirtualClock } from './time/virtual-clock.ts';

/** The options of `testHeddle`. */
export type TestHeddleOptions<Agents extends AgentSources = AgentSources> = {
  /** The charts under test, as for `createHeddle`. */
  readonly agents?: Agents;
  /**
   * The script of the one model, under the provider's name `model`: an answer for every call, a
   * list of answers, or a function. Without a script, and without `models` and `providers`, a call ends
   * the test with an error.
   */
  readonly model?: ModelScript | ModelOptions;
  /** Further models, by their providers' names. */
  readonly models?: Readonly<Record<string, ModelScript | ModelOptions>>;
  /**
   * Providers of your own: their calls are waited for in real time. They are closed with the test's
   * heddle.
   */
  readonly providers?: readonly Provider[];
  /**
   * As for `createHeddle`. `leaseMs` and `pollMs` are long here, because no hint is lost in memory.
   */
  readonly settings?: Partial<RuntimeSettings>;
  /** As for `createHeddle`. */
  readonly budgets?: Readonly<Partial<Record<'run' | 'user' | 'tenant', Budget>>>;
  /** As for `createHeddle`. */
  readonly tenantWeights?: Readonly<Record<string, number>>;
  /** The seed of ids and jitter: the same seed gives the same ones. Default 0, without jitter. */
  readonly seed?: number;
  /** The beginning of virtual time. Default 2030-01-01T00:00:00Z. */
  readonly startsAt?: Date | string | number;
  /** Gets heddle's log lines, also the warnings that `warnings` lists. */
  readonly log?: Log;
  /** How long `settle` waits for tasks and `close` for providers, in milliseconds of real time. Default 3,000. */
  readonly settleMsMax?: number;
};

/** The options of `settle` and `advance`. */
export type SettleOptions = {
  /**
   * `wait` (default): tasks that are under way end first. `leave`: they go on, for tests of a task
   * that hangs.
   */
  readonly tasks?: 'wait' | 'leave';
};

/** The options of `crash`. */
export type CrashOptions = {
  /**
   * Virtual time until another replica begins; timers that are due meanwhile are late. Default:
   * none.
   */
  readonly downFor?: Duration;
  /** The agents that the next replica has, as after a deploy. Default: the same. */
  readonly agents?: AgentSources;
};

const optionKeys = [
  'agents',
  'model',
  'models',
  'providers',
  'settings',
  'budgets',
  'tenantWeights',
  'seed',
  'startsAt',
  'log',
  'settleMsMax',
] as const;

const warningsMax = 1_000;
const beginning = Date.UTC(2030, 0, 1);

/**
 * Heddle in memory, in virtual time, with a scripted model: no database, no waiting, and a crash
 * whenever a test wants one. The runtime, the kernel and the store's promises are those of
 * production.
 *
 * @example
 * const t = await testHeddle({ agents: [greeter], model: ['Hello.'] });
 * const run = await t.start('greeter');
 * expect(await run.output()).toBe('Hello.');
 * await t.close();
 */
export async function testHeddle<const Agents extends AgentSources = AgentSources>(
  options: TestHeddleOptions<Agents> = {},
): Promise<TestHeddle<Agents>> {
  const given = asOptions<TestHeddleOptions>(options, 'testHeddle', optionKeys);
  const heard = given.log === undefined ? null : hostLog(checkLog(given.log));
  const warnings: TestWarning[] = [];
  const log: Log = {
    info: (message, facts) => heard?.info(message, facts),
    warn: (message, facts = {}) => {
      if (warnings.length < warningsMax) warnings.push({ message, facts });
      heard?.warn(message, facts);
    },
  };
  const clock = new VirtualClock(startMs(given.startsAt));
  const world = new TestWorld({
    agents: given.agents ?? [],
    clock,
    ids: countedIds(asWhole(given.seed, 'seed', { min: 0, max: 0xffffffff, fallback: 0 })),
    log,
    models: (trouble) =>
      modelsOf(given).map((model) => new ScriptedModel({ ...model, clock, trouble })),
    providers: checkProviders(given.providers ?? []),
    settings: asOptions(given.settings ?? {}, 'settings', null),
    budgets: budgetDefaults(given.budgets),
    tenantWeights: given.tenantWeights ?? {},
    settleMsMax: asWhole(given.settleMsMax, 'settleMsMax', {
      min: 1,
      max: 600_000,
      fallback: 3_000,
    }),
  });
  await world.start();
  return new TestHeddle<Agents>(world, warnings, log);
}

/** A warning of heddle's. */
export type TestWarning = {
  /** The text of the warning. */
  readonly message: string;
  /** The things that it is about. */
  readonly facts: Readonly<Record<string, unknown>>;
};

/** heddle in a test, made by `testHeddle`. */
export class TestHeddle<out Agents extends AgentSources = AgentSources> extends Heddle<Agents> {
  /** The warnings of heddle, in order; the first 1,000. */
  readonly warnings: readonly TestWarning[];
  /** The scripted models, by their providers' names. */
  readonly models: Readonly<Record<string, ScriptedModel>>;
  readonly #world: TestWorld;
  #closed: Promise<void> | null = null;

  /** @internal */
  constructor(world: TestWorld, warnings: readonly TestWarning[], log: Log) {
    super(world.face, () => Promise.resolve(), log);
    this.#world = world;
    this.warnings = warnings;
    this.models = Object.fromEntries(world.models.map((model) => [model.name, model]));
  }

  /** The model of the option `model`, with the calls that it got. */
  get model(): ScriptedModel {
    return this.#world.models[0] ?? refuseField('model', 'was not given, nor any of models');
  }

  /** Virtual time, in milliseconds since 1970. */
  get nowMs(): number {
    return this.#world.clock.nowMs();
  }

  /**
   * Resolves when nothing more can happen unless time passes or something comes from outside. It
   * waits for tasks. Throws `test-unsettled` when this state is not reached, and the error of a
   * script that has one.
   */
  async settle(options: SettleOptions = {}): Promise<void> {
    await this.#world.settle(settling(options, 'settle'));
  }

  /**
   * Lets so much virtual time pass: timers, timeouts, retries and delayed messages happen at their
   * instants, in order, and all consequences of one happen before the next. It never waits for real
   * time to pass.
   */
  async advance(duration: Duration, options: SettleOptions = {}): Promise<void> {
    await this.#world.pass(durationMs(duration, 'advance'), settling(options, 'advance'));
  }

  /**
   * Lets time pass until this run has ended, and returns its output as `run.output()` does. Throws
   * `test-run-waits` when the run has not ended `within` that time (default `'1h'`).
   */
  async finish<Chart>(
    run: Run<Chart>,
    options: { readonly within?: Duration } = {},
  ): Promise<OutputOf<Chart>> {
    const { within = '1h' } = asOptions(options, 'finish', ['within']);
    const hasEnded = async (): Promise<boolean> => (await run.row()).endedAtMs !== null;
    const isOver = await this.#world.passUntil(hasEnded, durationMs(within, 'finish.within'));
    if (!isOver && run instanceof TestRun) throw await run.waitsInVain();
    return run.output();
  }

  /**
   * Ends the replica as by a SIGKILL; another takes over, with nothing but the stored state. The
   * calls and tasks of the first are never answered. Resolves when the new one has taken up all
   * runs. A crash takes no virtual time unless `downFor` says so. Handles of runs stay valid.
   */
  async crash(options: CrashOptions = {}): Promise<void> {
    const { downFor = 0, agents } = asOptions(options, 'crash', ['downFor', 'agents']);
    await this.#world.crash({ downForMs: durationMs(downFor, 'crash.downFor'), agents });
  }

  /**
   * Orders a crash for a certain moment, once; another replica takes over at once. Order it before
   * you start what leads to that moment. If the moment has not come by `close`, `close` rejects
   * with `test-crash-missed`.
   *
   * @example
   * t.crashAt({ before: 'commit', agent: 'greeter', turn: 2 });
   */
  crashAt(point: CrashPoint): void {
    this.#world.points.order(point);
  }

  /**
   * Ends everything; nothing of it keeps the process alive. Rejects when an ordered crash never
   * came, and when a script is wrong and no call before has said so.
   */
  override close(): Promise<void> {
    this.#closed ??= this.#world.close(() => super.close());
    return this.#closed;
  }

  /** @internal */
  protected override handleOf<Chart>(address: RunAddress, scope: OneTenant): Run<Chart> {
    return new TestRun(this.#world, address, scope);
  }
}

function settling(options: SettleOptions, field: string): { readonly tasks: 'wait' | 'leave' } {
  const { tasks } = asOptions(options, field, ['tasks']);
  return { tasks: asOneOf(tasks, `${field}.tasks`, ['wait', 'leave'], 'wait') };
}

/** A model with the option that names it in errors. */
type NamedModel = {
  readonly name: string;
  readonly field: string;
  readonly options: ModelOptions;
};

function modelsOf({ model, models = {}, providers = [] }: TestHeddleOptions): NamedModel[] {
  const others = asOptions(models, 'models', null);
  const named = Object.entries(others).map(([name, given]) =>
    namedModel(name, given, `models.${name}`),
  );
  // A provider of the test's own takes the calls: a model without a script would take some of them.
  if (model === undefined && named.length + providers.length > 0) return named;
  // Without a script a call has no answer, and the test ends with an error that says so.
  return [namedModel('model', model === undefined ? [] : model, 'model'), ...named];
}

function namedModel(name: string, given: ModelScript | ModelOptions, field: string): NamedModel {
  const isOptions = typeof given === 'object' && given !== null && 'answers' in given;
  const keys = ['answers', 'ceiling', 'models', 'tiers', 'pricePerMillion', 'supports'] as const;
  const options = isOptions ? asOptions(given, field, keys) : { answers: given };
  checkProvider(
    asProvider(name, options, () => Promise.reject(new TypeError('not called'))),
    field,
  );
  return { name, field, options };
}

function startMs(given: Date | string | number | undefined): number {
  if (given === undefined) return beginning;
  const ms = typeof given === 'number' ? given : new Date(given).getTime();
  if (!(ms >= 0 && ms <= 8.64e15))
    refuseField('startsAt', 'must be a date, or milliseconds since 1970');
  return ms;
}
