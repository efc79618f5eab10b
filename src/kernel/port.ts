/**
 * The kernel's interface: `(chart, state, event) → (state, effects)`. Pure: no clock, no
 * randomness, no I/O, no promise. All code that knows XState stands behind it, because XState 6
 * will change that code.
 */
import type { Effect, InvocationSource } from '../domain/effect.ts';
import type { ErrorRecord } from '../domain/errors.ts';
import type { RunEvent } from '../domain/event.ts';
import type { ChartPlan } from '../domain/chart-plan.ts';
import type { Json } from '../domain/json.ts';

/** An agent that passed registration. Opaque but for the fields that users see. */
export interface Agent {
  /** The chart's id. */
  readonly name: string;
  /** The version that the author gave, or a hash of the chart's structure. */
  readonly version: string;
  /** The chart as its author made it. */
  readonly authored: unknown;
  /**
   * A hash of the parts on which open runs depend: states, candidates, ids (see `structure.ts`).
   */
  readonly structure: string;
  /** A hash that also covers the texts of functions: it tells which code took a turn. */
  readonly build: string;
  /** The default version that heddle 0.1.0 gave to this same chart. */
  readonly formerVersion: string;
  /** The default versions of the charts that heddle made in the place of this one before; made when read. */
  readonly formerStructures: readonly string[];
  /** Other versions whose open runs this agent takes up, as far as they fit. */
  readonly adopts: readonly string[];
  /** What its runs take from outside. */
  readonly schemas: AgentSchemas;
  /** The chart's config as JSON, for pages and inspectors: functions are `{ type: name }`. */
  readonly definition: Json;
  /**
   * Parts of the chart that are allowed but unwise, or that do not do what their author may think:
   * raw numeric delays …
   */
  readonly warnings: readonly string[];
  /** Parts that are fine if the author knows of them: invokes without onError. */
  readonly advice: readonly string[];
  /** False when no state has a transition for events of this type. */
  declares(type: string): boolean;
  /** What an actor of the chart stands for, by its name there; null when it has no such actor. */
  sourceOf(src: string): InvocationSource | null;
  /** The author's promise logic behind a task's `src`; undefined when there is none. */
  taskLogic(src: string): unknown;
}

/** JSON Schemas of what runs of an agent take from outside. The kernel only keeps them beside the chart. */
export type AgentSchemas = {
  /** The schema of the input; null: any input is taken. */
  readonly input: Json;
  /** By event type: the schema of the event's fields beside `type`. Events that are not named are not checked. */
  readonly events: Readonly<Record<string, Json>>;
};

export const noSchemas: AgentSchemas = { input: null, events: {} };

/** An invocation that the chart has started and not left. */
export type OpenInvocation = {
  readonly id: string;
  /** Grows with every start and every timer of the run; no number is given twice within a run. */
  readonly incarnation: number;
  readonly source: InvocationSource;
  readonly input: Json | undefined;
};

/**
 * A timer that the chart has scheduled and that has not fired. Its id shows its kind:
 * `after:<delay>:<state>`, `send:<id>` for a delayed event that the author named, `auto:<number>`.
 */
export type OpenTimer = { readonly id: string; readonly generation: number };

/**
 * A run's chart state, hot: made by `start` or `restore`, and changed only by replacing it. Opaque
 * to the runtime but for these fields.
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
  /**
   * In the order of the chart's children: the order of their starts, except that a restarted id
   * keeps its place.
   */
  readonly invocations: readonly OpenInvocation[];
  readonly timers: readonly OpenTimer[];
}

/**
 * `effects` stand in the order in which the chart asked for them. Before an id that is open is
 * started or scheduled again, its `stop` or `unschedule` stands.
 * `stale`: the event belongs to an invocation or timer that is no longer open; nothing changed.
 */
export type Step = {
  readonly state: ChartState;
  readonly effects: readonly Effect[];
  readonly stale: boolean;
  /**
   * False: no state took the event, or there was none to take. A wildcard takes it; a guard that is
   * false does not.
   */
  readonly handled: boolean;
  /**
   * The chart itself threw in this step. False when the chart only did not handle a failure that it
   * got.
   */
  readonly threw: boolean;
};

/** A transition of a chart. */
export type Edge = {
  /** `state:event:branch:targets`: names the edge within its chart, in every process. */
  readonly id: string;
  /** The state that has the transition: the chart's id and the keys on the way to it. */
  readonly source: string;
  /**
   * The event as the chart names it. What is no event of the chart's own begins with `@`: `@always`,
   * `@after.<delay>`, `@done.<invoke>`, `@error.<invoke>`, and `@done` of the state itself.
   */
  readonly event: string;
  /** Its place among the candidates for the event, from 0. */
  readonly branch: number;
  /** The states that it leads to; none where it stays. */
  readonly targets: readonly string[];
};

/** A step with the edges that it has taken, in order, eventless ones too. */
export type TracedStep = Step & { readonly edges: readonly Edge[] };

export type RegisterOptions = {
  /** Default: a hash of the chart's structure. */
  readonly version?: string;
  readonly adopts?: readonly string[];
  /** They must have been checked. Default: none. */
  readonly schemas?: AgentSchemas;
};

export interface Kernel {
  /**
   * Checks a machine and makes it an agent. Throws `agent-refused` with every reason at once: the
   * agent's name, the state's path, what is refused, and the mend.
   */
  register(machine: unknown, options?: RegisterOptions): Agent;
  /**
   * Throws `agent-refused` when an agent has a chart among its actors that is none of these agents,
   * by its id and by its structure.
   */
  checkFamilies(agents: readonly Agent[]): void;
  /** The chart's first macrostep. `self` is the run's id, which the chart sees as `self.id`. */
  start(agent: Agent, input: Json | undefined, self: string): Step;
  /**
   * Takes one event in one macrostep, and one more macrostep for each event that the chart sends to
   * itself. A guard or assign that throws gives `status: 'error'` and never an exception; the
   * effects of its macrostep are dropped, and everything that was open is closed. A state that has
   * ended takes no event (`stale`). Throws `invalid-json` for an event that is not plain JSON.
   * Freezes the events that it takes.
   */
  step(agent: Agent, state: ChartState, event: RunEvent, self: string): Step;
  /** As `start`, with the edges that were taken. For reads of the past: it costs more. */
  startTraced(agent: Agent, input: Json | undefined, self: string): TracedStep;
  /** As `step`, with the edges that were taken. */
  stepTraced(agent: Agent, state: ChartState, event: RunEvent, self: string): TracedStep;
  /** A definition as text for Mermaid; throws what XState throws when it is none of a chart. */
  mermaid(definition: Json): string;
  /** A definition as an outline of its states and edges; throws as `mermaid` does. */
  outline(definition: Json): string;
  /** A definition as JSON that Stately Sketch reads; throws as `mermaid` does. */
  sketch(definition: Json): string;
  /** What a drawing of a definition holds; throws as `mermaid` does. */
  plan(definition: Json): ChartPlan;
  /** The state as text; the same state always gives the same bytes (promise 10). */
  persist(agent: Agent, state: ChartState): string;
  /** The same without output and error, for a run that has ended: its row has them elsewhere. */
  persistEnded(agent: Agent, state: ChartState): string;
  /**
   * The inverse of `persist`. Throws `chart-unfit`, and names the missing part, when the chart
   * lacks a part that the text refers to. `build` is the build that took the run's last turn: null
   * when it is not known; default: the agent's own.
   */
  restore(agent: Agent, text: string, self: string, build?: string | null): ChartState;
}
