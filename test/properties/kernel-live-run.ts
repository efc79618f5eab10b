/** A chart in a live actor under a parent, with a clock and with actors that a test completes. */
import {
  createActor,
  setup,
  type AnyActorRef,
  type AnyStateMachine,
  type InspectionEvent,
} from 'xstate';
import { newWorld, stage, type World } from './kernel-chart-build.ts';

/** What can be seen of a run after each move; the same for a live actor and for the kernel. */
export type Seen = {
  readonly status: string;
  readonly value: string;
  readonly context: unknown;
  readonly tags: readonly string[];
  readonly output: unknown;
  readonly open: readonly string[];
  readonly timers: readonly string[];
  readonly did: readonly string[];
};

/** Fires in the order of the deadlines, then of the starts: XState's own leaves ties to the sort. */
class TestClock {
  #now = 0;
  #last = 0;
  readonly #timeouts = new Map<number, { readonly due: number; readonly fire: () => void }>();

  setTimeout(fire: () => void, ms: number): number {
    this.#timeouts.set(++this.#last, { due: this.#now + ms, fire });
    return this.#last;
  }
  clearTimeout(id: number): void {
    this.#timeouts.delete(id);
  }
  advance(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const next = [...this.#timeouts]
        .filter(([, { due }]) => due <= until)
        .sort(([a, one], [b, other]) => one.due - other.due || a - b)[0];
      if (next === undefined) break;
      this.#timeouts.delete(next[0]);
      this.#now = next[1].due;
      next[1].fire();
    }
    this.#now = until;
  }
}

type Snapshot = {
  readonly status: string;
  readonly value: unknown;
  readonly context: unknown;
  readonly tags: ReadonlySet<string>;
  readonly output: unknown;
  readonly children: Readonly<Record<string, AnyActorRef | undefined>>;
  readonly _nodes: readonly {
    readonly path: readonly string[];
    readonly machine: { readonly id: string };
  }[];
};

type Scheduled = { _scheduledEvents: Record<string, { id: string; source: unknown }> };

type Scheduler = {
  schedule(source: unknown, target: unknown, event: unknown, delay: number, id?: string): void;
  cancel(source: unknown, id: string): void;
};

/**
 * The one place where heddle differs on purpose: a timer scheduled again replaces the one before. A
 * live actor forgets the first timeout without clearing it, and both fire. It happens without an
 * author's doing: a history state without a record enters the active state again, unleft.
 */
function replaceTimers(system: object): void {
  const { scheduler } = system as { readonly scheduler: Scheduler };
  const schedule = scheduler.schedule.bind(scheduler);
  scheduler.schedule = (source, target, event, delay, id) => {
    if (id !== undefined) scheduler.cancel(source, id);
    schedule(source, target, event, delay, id);
  };
}

export class LiveRun {
  readonly world: World = newWorld();
  readonly #clock = new TestClock();
  readonly #actor: AnyActorRef;
  readonly #timerName: (liveId: string) => string;
  readonly #did: string[] = [];

  /** `inspect` is told what XState tells inspectors of the chart's own actor. */
  constructor(
    chart: AnyStateMachine,
    timerName: (liveId: string) => string,
    inspect: (event: InspectionEvent) => void = () => undefined,
  ) {
    stage.world = this.world;
    this.#timerName = timerName;
    const parent = setup({ actors: { chart } }).createMachine({
      invoke: { id: 'm', src: 'chart' },
      on: {
        '*': {
          actions: ({ event }) => {
            if (event.type.startsWith('UP.')) this.#did.push(`up ${event.type}`);
          },
        },
      },
    });
    const root = createActor(parent, {
      clock: this.#clock,
      logger: () => undefined,
      inspect: (event) => {
        // By its name: its first steps are told before it is known here.
        if ((event.actorRef as AnyActorRef).id === 'm') inspect(event);
      },
    });
    const { children } = root.getSnapshot() as { readonly children: { readonly m: AnyActorRef } };
    this.#actor = children.m;
    this.#actor.on('*', (event: { type: string; n?: unknown }) => {
      this.#did.push(`emit ${event.type} ${String(event.n)}`);
    });
    replaceTimers(root.system);
    root.start();
  }

  send(event: { readonly type: string }): void {
    stage.world = this.world;
    this.#actor.send(event);
  }

  /** Ends a child: a promise by its promise, a machine by an event that only the test sends. */
  async complete(id: string, result: { output: unknown } | { error: unknown }): Promise<void> {
    stage.world = this.world;
    const child = (this.#actor.getSnapshot() as Snapshot).children[id];
    const snapshot = child?.getSnapshot() as { machine?: unknown } | undefined;
    if (snapshot?.machine === undefined) {
      const settler = this.world.pending.get(child?.sessionId ?? '');
      if ('error' in result) settler?.reject(result.error);
      else settler?.resolve(result.output);
      // XState's own `then` runs after ours.
      await Promise.resolve();
      await Promise.resolve();
      await Promise.resolve();
    } else if ('error' in result) child?.send({ type: 'test.fail', error: result.error });
    else child?.send({ type: 'test.finish', value: result.output });
  }

  advance(ms: number): void {
    stage.world = this.world;
    this.#clock.advance(ms);
  }

  /** The active states, by the chart's id and the keys on the way to each. */
  places(): ReadonlySet<string> {
    const { _nodes: nodes } = this.#actor.getSnapshot() as Snapshot;
    return new Set(nodes.map(({ machine, path }) => [machine.id, ...path].join('.')));
  }

  see(): Seen {
    const { status, value, context, tags, output, children } =
      this.#actor.getSnapshot() as Snapshot;
    const ended = status !== 'active';
    const open = Object.entries(children).flatMap(([id, child]) => {
      const snapshot = child?.getSnapshot() as { status: string };
      if (ended || snapshot.status !== 'active') return [];
      const { input } = (child as unknown as { options: { input: unknown } }).options;
      return [`${id} ${JSON.stringify(input)}`];
    });
    const did = [
      ...this.#did.splice(0),
      ...this.world.acts.splice(0),
      ...this.world.heard.splice(0),
    ];
    return {
      status,
      value: JSON.stringify(value),
      context: plain(context),
      tags: [...tags].sort(),
      output: plain(output),
      open,
      timers: this.#timers(),
      did: did.sort(byKind),
    };
  }

  #timers(): string[] {
    const { _scheduledEvents: scheduled } = (
      this.#actor as unknown as { system: { getSnapshot(): Scheduled } }
    ).system.getSnapshot();
    return Object.values(scheduled)
      .filter(({ source }) => source === this.#actor)
      .map(({ id }) => this.#timerName(id))
      .sort();
  }
}

/** The order within one kind counts; between kinds it does not, as heddle performs after a commit. */
export function byKind(one: string, other: string): number {
  const kind = (text: string): string => text.split(' ')[0] as string;
  return kind(one) < kind(other) ? -1 : kind(one) > kind(other) ? 1 : 0;
}

/** Absent stays absent. */
export function plain(value: unknown): unknown {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);
}
