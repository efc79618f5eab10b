/**
 * The actor world as a chart's actions see it. It is the kernel's own, in place of XState's actor
 * and system, because no actor may run here. A function that would act at once (sending, spawning
 * in an assign, looking up an actor) throws an error that says what to do instead, which fails the
 * run.
 */
import type { ActorSystem, AnyActorRef, AnyActorScope, AnyMachineSnapshot } from 'xstate';
import { heddleError, type HeddleError } from '../domain/errors.ts';
import type { Transition } from './drawing/edges.ts';
import type { Microstep } from './drawing/taken.ts';

/** The error of a chart that does at run time what registration would have refused. */
export function forbidden(agent: string, what: string): HeddleError {
  return heddleError('agent-refused', { agent, refusals: what });
}

type System = ActorSystem<never>;

/** A child in a hot state: XState needs its id, and a chart may send to it. */
export class ChildRef {
  readonly id: string;
  constructor(id: string) {
    this.id = id;
  }
  getSnapshot(): never {
    throw new Error(`A child's snapshot cannot be read: let ${this.id} send what you need.`);
  }
}

/** Stands for the parent run, whether there is one or not; the runtime knows. */
export const parentRef = new ChildRef('#_parent') as unknown as AnyActorRef;

/**
 * A value that an author's function returned. `isAtRest`: it is settled as a whole, or the
 * macrostep fails.
 */
type Given = { readonly value: object; readonly isAtRest: boolean };

/**
 * Notes a value for `givenIn`. `args`: the function's arguments; their `self`, if there is one,
 * identifies the macrostep.
 */
export function noteGiven(args: unknown, value: unknown, isAtRest: boolean): void {
  if (typeof value === 'object' && value !== null) Self.note(args, { value, isAtRest });
}

class Self {
  static note(args: unknown, given: Given): void {
    const self = (args as { readonly self?: unknown } | undefined)?.self;
    if (self instanceof Self) self.#given.push(given);
  }
  static givenOf(self: Self): readonly Given[] {
    return self.#given;
  }
  readonly #given: Given[] = [];
  readonly id: string;
  readonly sessionId: string;
  readonly system: System;
  readonly _parent: AnyActorRef = parentRef;
  readonly #snapshot: AnyMachineSnapshot | null;
  readonly #trace: Microstep[] | null;
  #last: AnyMachineSnapshot | null;
  #moved = false;

  constructor(names: Names, system: System, snapshot: AnyMachineSnapshot | null) {
    this.id = names.self;
    this.sessionId = names.self;
    this.system = system;
    this.#snapshot = snapshot;
    this.#trace = names.trace ?? null;
    this.#last = snapshot;
  }
  get ref(): this {
    return this;
  }
  /** True when a transition was taken in this macrostep, even one without target or actions. */
  static hasMoved({ self }: { readonly self: unknown }): boolean {
    return self instanceof Self && self.#moved;
  }
  static inspect(this: void, { actorRef, snapshot, _transitions: selected }: Inspected): void {
    if (selected === undefined || selected.length === 0 || !(actorRef instanceof Self)) return;
    actorRef.#moved = true;
    if (actorRef.#trace === null) return;
    actorRef.#trace.push({ before: actorRef.#last, selected });
    actorRef.#last = snapshot;
  }
  /** The state from before the event, as in a live actor. */
  getSnapshot(): AnyMachineSnapshot {
    if (this.#snapshot === null) throw new Error('There is no snapshot before the first one.');
    return this.#snapshot;
  }
  send(): never {
    throw new Error('self.send is not durable: use raise, or sendTo with self.');
  }
  on(): never {
    throw new Error('self.on is not durable: subscribe to the run from outside.');
  }
  subscribe(): never {
    throw new Error('self.subscribe is not durable: subscribe to the run from outside.');
  }
}

/**
 * The report that XState gives inspectors after each microstep, with the parts that heddle reads.
 */
type Inspected = {
  readonly actorRef: unknown;
  /** The state after the microstep. */
  readonly snapshot: AnyMachineSnapshot;
  readonly _transitions?: readonly Transition[];
};

/** `trace`: gets the macrostep's microsteps. */
type Names = {
  readonly agent: string;
  readonly self: string;
  readonly trace?: Microstep[] | undefined;
};

const nothing = (): void => undefined;

/** The parts of an ActorSystem that XState uses while it computes. One serves all runs. */
const system = {
  _bookId: () => '',
  _sendInspectionEvent: Self.inspect,
  _register: (id: string) => id,
  _unregister: nothing,
  _set: nothing,
  _relay: nothing,
  _logger: nothing,
  _clock: { setTimeout: nothing, clearTimeout: nothing },
  get: (id: string): never => {
    throw new Error(`system.get('${id}') is not durable: send to the child by its id.`);
  },
  getAll: (): never => {
    throw new Error('system.getAll is not durable: send to children by their ids.');
  },
} as unknown as System;

/** XState's ActionExecutor, with the parts that heddle reads. */
export type ChartAction = {
  readonly type: string;
  readonly params: unknown;
  readonly info: unknown;
  readonly exec: ((info: unknown, params: unknown) => void) | undefined;
};

/** Gets the actions of one macrostep; `Macrostep` implements it. */
export interface Recorder {
  record(action: ChartAction): void;
  start(id: string, src: string, input: unknown): void;
  /** The child of that id starts later in this macrostep, and events may be sent to it already. */
  announce(id: string): void;
  stop(id: string): void;
}

/** The scope of one macrostep, as XState takes it and as the kernel's own actions read it. */
export type MacrostepScope = AnyActorScope & { readonly macrostep: Recorder };

/** `snapshot` is the state that takes the event; null before the first. */
export function createScope(
  macrostep: Recorder,
  names: Names,
  snapshot: AnyMachineSnapshot | null,
): MacrostepScope {
  return new Scope(macrostep, names, snapshot) as unknown as MacrostepScope;
}

/** True when the macrostep of this scope has taken a transition. */
export function hasMoved(scope: MacrostepScope): boolean {
  return Self.hasMoved(scope);
}

/** All values that the author's functions returned in the macrostep of this scope. */
export function givenIn(scope: MacrostepScope): readonly Given[] {
  return Self.givenOf(scope.self as unknown as Self);
}

class Scope {
  readonly macrostep: Recorder;
  readonly self: Self;
  readonly id: string;
  readonly sessionId: string;
  readonly system: System = system;
  readonly logger = nothing;
  readonly stopChild = nothing;
  readonly emit = nothing;
  /** XState replaces this one by its own for a while, and puts it back. */
  actionExecutor: (action: ChartAction) => void;
  readonly #agent: string;

  constructor(macrostep: Recorder, names: Names, snapshot: AnyMachineSnapshot | null) {
    this.macrostep = macrostep;
    this.self = new Self(names, system, snapshot);
    this.id = names.self;
    this.sessionId = names.self;
    this.actionExecutor = (action) => macrostep.record(action);
    this.#agent = names.agent;
  }

  /**
   * XState defers two things: what its own actions execute, which the kernel never does, and the
   * start of an actor that an assign or a context factory has spawned. So a call means such a
   * spawn.
   */
  defer(): never {
    throw forbidden(
      this.#agent,
      'spawn inside assign or context has no durable form: use spawnChild with an id, or invoke.',
    );
  }
}
