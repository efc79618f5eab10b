/**
 * Runs the author's promise logic beside the chart: at least once, under an idempotency key, with the
 * author's retry policy (promise 3).
 *
 * Owns the attempts under way and their backoffs. Leaves to `run-tasks.ts` when a task may begin (after
 * its invocation is durable) and the permit of the first attempt, and to the run's next turn what the
 * outcome does to the chart.
 *
 * 1. At most one attempt is under way per invocation on this replica, and it has a permit. A backoff has
 *    none: the next attempt stands in line for one.
 * 2. A task that was stopped delivers nothing: its abort signal has fired.
 */
import { createActor, type AnyActorRef, type PromiseActorLogic } from 'xstate';
import { heddleError, type ErrorRecord } from '../../domain/errors.ts';
import { recordOf } from '../../domain/failure.ts';
import { toJson, type Json } from '../../domain/json.ts';
import { limits } from '../../domain/limits.ts';
import { thrownText } from '../../domain/thrown.ts';
import { taskPolicyOf, type TaskPolicy } from '../../kernel/catalogue.ts';
import type { FairPlace } from '../../queue/fair-place.ts';
import type { LeaseValve } from '../calls/lease-valve.ts';
import { withGuardedSignal } from '../host/guarded-signal.ts';
import { PermitSeeker, type Permits } from '../calls/call/permits.ts';
import type { Clock, Log } from '../ports.ts';
import { TaskPermit } from './task-permit.ts';

export type TaskOutcome =
  | { readonly kind: 'done'; readonly output: Json | undefined }
  | { readonly kind: 'failed'; readonly error: ErrorRecord; readonly attempts: number };

export type TaskStart = {
  /** Names the invocation for ever: it is the idempotency key that the task is given. */
  readonly key: string;
  readonly src: string;
  readonly input: Json | undefined;
  readonly logic: unknown;
  /** The place of its later attempts in the line. */
  readonly place: FairPlace;
  readonly finish: (outcome: TaskOutcome) => void;
  /** Called when the task has come into the line, or out of it. */
  readonly inLine: () => void;
};

type Running = Omit<TaskStart, 'logic'> & {
  readonly logic: PromiseActorLogic<unknown, unknown>;
  readonly policy: ResolvedPolicy;
  attempt: number;
  /** Null between two attempts. */
  permit: TaskPermit | null;
  /** Set while its next attempt stands in line, after the backoff. */
  inLineAs: PermitSeeker | null;
  actor: AnyActorRef | null;
  cancelTimer: () => void;
};

/** Stands in line for an attempt after the first. */
class NextAttempt extends PermitSeeker {
  readonly go: () => void;

  constructor(place: FairPlace, go: () => void) {
    super(place);
    this.go = go;
  }
}

/** Without a policy a task is tried once, and its time is not limited. */
type ResolvedPolicy = {
  readonly attempts: number;
  readonly backoffMs: number;
  readonly attemptTimeoutMs: number | null;
};

function resolve(policy: TaskPolicy): ResolvedPolicy {
  const { attempts = 1, backoffMs = 1_000, attemptTimeoutMs = null } = policy;
  return { attempts, backoffMs, attemptTimeoutMs };
}

const noTimer = (): void => undefined;

export class Tasks {
  readonly #clock: Clock;
  readonly #valve: LeaseValve;
  readonly #permits: Permits;
  readonly #log: Log;
  readonly #running = new Map<string, Running>();
  #backingOff = 0;

  constructor(options: {
    readonly clock: Clock;
    readonly valve: LeaseValve;
    readonly permits: Permits;
    readonly log: Log;
  }) {
    this.#clock = options.clock;
    this.#valve = options.valve;
    this.#permits = options.permits;
    this.#log = options.log;
  }

  /** How many tasks are in a backoff: their inputs stay in memory. */
  get backingOff(): number {
    return this.#backingOff;
  }

  /** True while the task's next attempt waits for a permit. */
  isInLine(key: string): boolean {
    return (this.#running.get(key)?.inLineAs ?? null) !== null;
  }

  /** Begins the first attempt, whose permit was taken already. */
  start(task: TaskStart): void {
    const { key, src } = task;
    const logic = withGuardedSignal(task.logic as PromiseActorLogic<unknown, unknown>, (thrown) => {
      const facts = { task: src, key, reason: thrownText(thrown) };
      this.#log.warn("a listener of a task's abort signal failed", facts);
    });
    const running: Running = {
      ...task,
      logic,
      policy: resolve(taskPolicyOf(task.logic)),
      attempt: 0,
      permit: new TaskPermit(this.#permits),
      inLineAs: null,
      actor: null,
      cancelTimer: noTimer,
    };
    this.#running.set(key, running);
    this.#begin(running);
  }

  stop(key: string): void {
    const running = this.#running.get(key);
    if (running === undefined) return;
    this.#running.delete(key);
    running.cancelTimer();
    running.actor?.stop();
    if (running.inLineAs !== null) this.#permits.leave(running.inLineAs);
    else if (running.permit === null) this.#backingOff -= 1;
    running.permit?.end();
  }

  stopAll(): void {
    for (const key of this.#running.keys()) this.stop(key);
  }

  #begin(running: Running): void {
    this.#valve.pass(() => {
      if (this.#running.get(running.key) === running) this.#attempt(running);
    });
  }

  /**
   * The backoff is over: the next attempt asks for a permit. In line it may get one while a batch is
   * made, where the author's code must not run, so then it begins by `soon`.
   */
  #again(running: Running): void {
    this.#backingOff -= 1;
    const next = new NextAttempt(running.place, () => {
      running.inLineAs = null;
      running.permit = new TaskPermit(this.#permits);
      running.inLine();
      this.#clock.soon(() => this.#begin(running));
    });
    if (!this.#permits.take(next)) {
      running.inLineAs = next;
      return running.inLine();
    }
    running.permit = new TaskPermit(this.#permits);
    this.#begin(running);
  }

  #attempt(running: Running): void {
    running.attempt += 1;
    const actor = createActor(running.logic, { input: running.input, id: running.key });
    running.actor = actor;
    const isCurrent = (): boolean =>
      this.#running.get(running.key) === running && running.actor === actor;
    actor.subscribe({
      next: (snapshot) => {
        if (snapshot.status === 'done' && isCurrent()) this.#succeed(running, snapshot.output);
      },
      error: (error: unknown) => {
        if (isCurrent()) this.#fail(running, error);
      },
    });
    const { attemptTimeoutMs: timeoutMs } = running.policy;
    if (timeoutMs !== null) {
      running.cancelTimer = this.#clock.setTimer(timeoutMs, () => {
        if (!isCurrent()) return;
        running.actor = null;
        actor.stop();
        const what = `task ${running.src}`;
        this.#fail(running, heddleError('invocation-timeout', { what, timeoutMs }));
      });
    }
    if (running.permit === null) throw new TypeError('an attempt began without a permit');
    running.permit.run(() => actor.start());
  }

  #succeed(running: Running, output: unknown): void {
    try {
      this.#finish(running, { kind: 'done', output: toJson(output, `task ${running.src}`) });
    } catch (error) {
      // Another attempt would give such an output again: what JSON cannot hold is not tried again.
      this.#finish(running, { kind: 'failed', error: recordOf(error), attempts: running.attempt });
    }
  }

  #fail(running: Running, error: unknown): void {
    running.cancelTimer();
    running.actor = null;
    if (running.attempt < running.policy.attempts) {
      running.permit?.end();
      running.permit = null;
      this.#backingOff += 1;
      const doubledMs = running.policy.backoffMs * 2 ** (running.attempt - 1);
      const waitMs = Math.min(doubledMs, limits.backoffMsMax);
      running.cancelTimer = this.#clock.setTimer(waitMs, () => this.#again(running));
      return;
    }
    const { attempt: attempts } = running;
    this.#finish(running, { kind: 'failed', error: taskError(running, error), attempts });
  }

  #finish(running: Running, outcome: TaskOutcome): void {
    running.cancelTimer();
    this.#running.delete(running.key);
    running.permit?.end();
    running.finish(outcome);
  }
}

/** The author's error keeps its own code and message, so that charts can decide on it. */
function taskError(running: Running, thrown: unknown): ErrorRecord {
  const record = recordOf(thrown);
  if (record.code !== 'error') return record;
  const { src, attempt } = running;
  const detail = { src, attempts: attempt, reason: record.message };
  return { ...record, ...heddleError('task-failed', detail).toJSON() };
}
