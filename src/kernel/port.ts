/**
 * The kernel's face: `(chart, state, event) → (state, effects)`. Pure: no clock, no randomness, no
 * I/O, no promise. Everything that knows XState stands behind it, because XState 6 will change it.
 */
import type { Effect, InvocationSource } from '../domain/effect.ts';
import type { ErrorRecord } from '../domain/errors.ts';
import type { RunEvent } from '../domain/event.ts';
import type { Json } from '../domain/json.ts';

/** An agent that passed registration. Opaque but for what users see. */
export interface Agent {
  /** The chart's id. */
  readonly name: string;
  /** Given, or a hash of the chart's structure. */
  readonly version: string;
  /** As its author made it. */
  readonly authored: unknown;
  /** A hash of what its runs stand on: states, candidates, ids (see `structure.ts`). */
  readonly structure: string;
  /** A hash of the texts too: which code takes a turn. */
  readonly build: string;
  /** The default version that heddle 0.1.0 gave this very chart. */
  readonly formerVersion: string;
  /** Other versions whose open runs it takes up, as far as they fit. */
  readonly adopts: readonly string[];
  /** The chart's config as JSON, for pages and inspectors: functions are `{ type: name }`. */
  readonly definition: Json;
  /** What is allowed but unwise, or otherwise than the author may think: raw numeric delays … */
  readonly warnings: readonly string[];
  /** What is as good as it is, where the author knows: invokes without onError. */
  readonly advice: readonly string[];
  /** False when no state says what to do on events of this type. */
  declares(type: string): boolean;
  /** The author's promise logic behind a task's `src`; undefined when there is none. */
  taskLogic(src: string): unknown;
}

/** An invocation that the chart has started and not left. */
export type OpenInvocation = {
  readonly id: string;
  /** Grows with every start and every timer of the run, and is never given twice within it. */
  readonly incarnation: number;
  readonly source: InvocationSource;
  readonly input: Json | undefined;
};

/**
 * A timer that the chart has scheduled and that has not fired. Its id says what it is:
 * `after:<delay>:<state>`, `send:<id>` for a delayed event that the author named, `auto:<number>`.
 */
export type OpenTimer = { readonly id: string; readonly generation: number };

/**
 * A run's chart state, hot: made by `start` or `restore`, changed only by replacing it. Opaque to
 * the runtime but for these fields.
 */
export interface ChartState {
  readonly status: 'active' | 'done' | 'error';
  /** XState's state value: a text or nested objects of texts. */
  readonly value: Json;
  readonly context: Json;
  readonly tags: readonly string[];
  /** Set when `status` is `done` and the chart gives one. */
  readonly output: Json | undefined;
  /** Set when `status` is `error`. */
  readonly error: ErrorRecord | null;
  /** In the order in which the chart has them: of their starts, but for ids that were restarted. */
  readonly invocations: readonly OpenInvocation[];
  readonly timers: readonly OpenTimer[];
}

/**
 * `effects` in the order in which the chart asked for them. What is started or scheduled under
 * an id that is open is preceded by the `stop` or `unschedule` of that.
 * `stale`: the event belongs to an invocation or timer that is no longer open; nothing changed.
 */
export type Step = {
  readonly state: ChartState;
  readonly effects: readonly Effect[];
  readonly stale: boolean;
  /** False: no state took the event, or there was none to take. A wildcard takes it; a guard that is false does not. */
  readonly handled: boolean;
  /** The chart threw in this step; not: it did not handle the failure that it was told. */
  readonly threw: boolean;
};

export type RegisterOptions = {
  /** Default: a hash of the chart's structure. */
  readonly version?: string;
  readonly adopts?: readonly string[];
};

export interface Kernel {
  /**
   * Checks a machine and makes it an agent. Throws `agent-refused` with every reason at once: the
   * agent's name, the state's path, what is refused, and the mend.
   */
  register(machine: unknown, options?: RegisterOptions): Agent;
  /**
   * Throws `agent-refused` where an agent has a chart among its actors that is none of these agents:
   * by its id, and by what it is.
   */
  checkFamilies(agents: readonly Agent[]): void;
  /** The chart's first macrostep. `self` is the run's id: what `self.id` shows inside the chart. */
  start(agent: Agent, input: Json | undefined, self: string): Step;
  /**
   * One event through one macrostep, and one more for each event that the chart sends to itself. A
   * throwing guard or assign gives `status: 'error'`, never an exception; it drops the effects of its
   * macrostep and closes what was open. A state that has ended takes nothing (`stale`). Throws
   * `invalid-json` for an event that is not plain JSON. Events are frozen by being taken.
   */
  step(agent: Agent, state: ChartState, event: RunEvent, self: string): Step;
  /** The state as text; the same state always gives the same bytes (promise 10). */
  persist(agent: Agent, state: ChartState): string;
  /** The same without output and error, for a run that has ended: its row has them elsewhere. */
  persistEnded(agent: Agent, state: ChartState): string;
  /**
   * The inverse of `persist`. Throws `chart-unfit`, and names what is missing, when the chart lacks
   * what the text holds. `build` is that of the run's last turn: null when it is not known, and the
   * agent's own unless it is given.
   */
  restore(agent: Agent, text: string, self: string, build?: string | null): ChartState;
}
