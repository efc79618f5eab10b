/**
 * Reads the inputs of calls again from their runs' rows: a call that waits far back in its line holds
 * neither its prompt nor its run's snapshot. The read begins with the batch that gives the slots, beside
 * its commit, and all calls of that batch are read together, so that no slot idles for it.
 *
 * Owns the inputs of calls, and the reads under way. `resting-calls.ts` decides which calls wait without
 * their input.
 */
import type { GenerateRequest } from '../../domain/catalogue.ts';
import { toErrorRecord } from '../../domain/errors.ts';
import { checkGenerate } from '../../domain/model/generate-input.ts';
import type { Kernel } from '../../kernel/port.ts';
import type { Store } from '../../store/port.ts';
import type { LoadedRun } from '../../store/rows.ts';
import type { Agents } from '../agents.ts';
import type { RunCall } from './call/run-call.ts';
import { untilAnswered } from '../until-answered.ts';
import type { Clock, Log } from '../ports.ts';
import { loadRun } from '../turn/turn-loader.ts';

/** Inputs of one read: each may be megabytes. */
const readsMax = 64;

type Waiting = { readonly call: RunCall; readonly resolve: () => void };

export class CallInputs {
  readonly #store: Pick<Store, 'load'>;
  readonly #kernel: Kernel;
  readonly #agents: Agents;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #reads = new Map<RunCall, Promise<void>>();
  #waiting: Waiting[] = [];
  #isReading = false;
  #isScheduled = false;
  #closed = false;

  constructor(parts: {
    readonly store: Pick<Store, 'load'>;
    readonly kernel: Kernel;
    readonly agents: Agents;
    readonly clock: Clock;
    readonly log: Log;
  }) {
    this.#store = parts.store;
    this.#kernel = parts.kernel;
    this.#agents = parts.agents;
    this.#clock = parts.clock;
    this.#log = parts.log;
  }

  /** Resolves when the call has its input, or its run's row was found to have no such call open. */
  fill(call: RunCall): Promise<void> {
    if (call.input !== null) return Promise.resolve();
    const known = this.#reads.get(call);
    if (known !== undefined) return known;
    const read = new Promise<void>((resolve) => this.#waiting.push({ call, resolve }));
    this.#reads.set(call, read);
    if (!this.#isReading && !this.#isScheduled) {
      this.#isScheduled = true;
      // Not by `queueMicrotask`, which fake timers of a test runner replace.
      void Promise.resolve().then(() => {
        this.#isScheduled = false;
        return this.#readAll();
      });
    }
    return read;
  }

  /** From here on the call waits without its input. */
  forget(call: RunCall): void {
    call.input = null;
  }

  /** From here on calls that wait end when the store is unreachable. */
  close(): void {
    this.#closed = true;
  }

  async #readAll(): Promise<void> {
    this.#isReading = true;
    while (this.#waiting.length > 0) await this.#read(this.#waiting.splice(0, readsMax));
    this.#isReading = false;
  }

  async #read(taken: readonly Waiting[]): Promise<void> {
    let rows: readonly (LoadedRun | null)[] = [];
    try {
      rows = await untilAnswered(() => this.#store.load(taken.map(({ call }) => call)), {
        clock: this.#clock,
        log: this.#log,
        mayGoOn: () => !this.#closed,
      });
    } catch (error) {
      this.#log.warn('calls could not be read', { error: toErrorRecord(error).message });
    }
    taken.forEach(({ call, resolve }, i) => {
      this.#reads.delete(call);
      if (!call.isLeft) call.input = this.#inputIn(rows[i] ?? null, call);
      resolve();
    });
  }

  /** The input never changes while its invocation is open, whatever turns the run has taken since. */
  #inputIn(loaded: LoadedRun | null, call: RunCall): GenerateRequest | null {
    if (loaded === null) return null;
    try {
      const found = loadRun(this.#kernel, this.#agents, loaded.run);
      const open = found.kind === 'hot' ? found.hot.state?.invocations : undefined;
      const { invocationId, incarnation } = call;
      const invocation = open?.find((one) => {
        return one.id === invocationId && one.incarnation === incarnation;
      });
      return invocation === undefined ? null : checkGenerate(invocation.input ?? null);
    } catch (error) {
      const { runId } = call;
      this.#log.warn('a run does not restore', { runId, error: toErrorRecord(error).message });
      return null;
    }
  }
}
