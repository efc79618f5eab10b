/**
 * One macrostep while it is computed. XState calls `record` with every action that the chart takes,
 * in order; this class turns the actions into effects and keeps account of what is open.
 */
import type { AnyActorRef } from 'xstate';
import type { Effect } from '../domain/effect.ts';
import { hushPromises } from '../domain/plain/loss.ts';
import type { ChartEvent } from '../domain/event.ts';
import { thrownText } from '../domain/thrown.ts';
import { settleEvent } from './chart-event.ts';
import { keysOf, propertyOf } from '../domain/thrown.ts';
import { ChildBook } from './child-book.ts';
import type { CompiledAgent, Snapshot } from './compiled-agent.ts';
import type { Microstep } from './drawing/taken.ts';
import type { Frame, Numbers, TimerTarget } from './frame.ts';
import {
  ChildRef,
  createScope,
  givenIn,
  forbidden,
  parentRef,
  type ChartAction,
  type MacrostepScope,
  type Recorder,
} from './scope.ts';
import { noDelay, TimerBook } from './timer-book.ts';

type Sending = {
  readonly to?: AnyActorRef;
  readonly event: unknown;
  readonly id: string | undefined;
  readonly delay: unknown;
};
type Spawning = {
  readonly actorRef: AnyActorRef | undefined;
  readonly src: unknown;
  readonly systemId: string | undefined;
  readonly input: unknown;
};

type MacrostepFrom = {
  readonly frame: Frame;
  /** The run's id. */
  readonly self: string;
  readonly snapshot: Snapshot | null;
  /** Gets what was taken, where somebody wants to know. */
  readonly trace?: Microstep[] | undefined;
};

export class Macrostep implements Recorder {
  readonly scope: MacrostepScope;
  readonly effects: Effect[] = [];
  /**
   * The events that the chart sent to itself: each is taken after this macrostep, in a macrostep of
   * its own.
   */
  readonly own: ChartEvent[] = [];
  readonly #agent: CompiledAgent;
  readonly #numbers: Numbers;
  readonly #children: ChildBook;
  readonly #timers: TimerBook;
  /** The actors that XState made for `spawnChild`, which refer to this macrostep. */
  readonly #spawned: AnyActorRef[] = [];

  constructor(agent: CompiledAgent, { frame, snapshot, ...names }: MacrostepFrom) {
    const { name, sources, afterIds } = agent;
    const { effects } = this;
    const numbers: Numbers = { last: frame.seq };
    this.#agent = agent;
    this.#numbers = numbers;
    this.#children = new ChildBook({
      agent: name,
      sources,
      children: frame.children,
      effects,
      numbers,
    });
    this.#timers = new TimerBook({ timers: frame.timers, effects, numbers, afterIds });
    this.scope = createScope(this, { agent: name, ...names }, snapshot);
  }

  frame(): Frame {
    const { children } = this.#children;
    return { seq: this.#numbers.last, children, timers: this.#timers.timers };
  }

  /**
   * Replaces XState's actors by light ones, and refuses a child that came in without being
   * recorded.
   */
  lighten(children: Record<string, unknown>): void {
    for (const id in children) {
      const child = children[id];
      if (child instanceof ChildRef) continue;
      if (!this.#spawned.includes(child as AnyActorRef)) {
        throw forbidden(
          this.#agent.name,
          `"${id}" was spawned inside assign or context: use spawnChild with an id, or invoke.`,
        );
      }
      children[id] = new ChildRef(id);
    }
  }

  /**
   * Handles the rejections of promises that the author's functions returned and that no part of the
   * state keeps. `context`: the macrostep's result; without it the macrostep has failed and keeps
   * nothing.
   */
  hush(context?: object): void {
    for (const { value, isAtRest } of givenIn(this.scope)) {
      if (context === undefined) hushPromises(value);
      else if (!isAtRest && !isPartOf(context, value)) hushPromises(value);
    }
  }

  /** Closes everything that is open. */
  close(): void {
    this.#children.close();
    this.#timers.close();
  }

  start(id: string, src: string, input: unknown): void {
    const early = this.#children.isAnnounced(id);
    const incarnation = this.#children.start(id, src, input);
    if (early) this.#timers.address(id, incarnation);
  }

  announce(id: string): void {
    this.#children.announce(id);
  }

  stop(id: string): void {
    this.#children.stop(id);
  }

  record(action: ChartAction): void {
    switch (action.type) {
      case 'xstate.spawnChild':
        return this.#spawn(action.params as Spawning);
      case 'xstate.stopChild':
        return this.stop((action.params as { id?: string } | undefined)?.id ?? '');
      case 'xstate.raise':
        return this.#raise(action.params as Sending);
      case 'xstate.sendTo':
        return this.#send(action.params as Sending);
      case 'xstate.cancel':
        return this.#timers.cancel((action.params as { sendId: unknown }).sendId);
      case 'xstate.emit': {
        const { event } = action.params as { event: unknown };
        this.effects.push({ kind: 'emit', event: settleEvent(event, 'emitted event') });
        return;
      }
      case 'xstate.log':
        return this.#log(action.params as { value: unknown; label: unknown });
      default:
        return this.#act(action);
    }
  }

  #spawn({ actorRef, src, systemId, input }: Spawning): void {
    const { name } = this.#agent;
    if (typeof src !== 'string') {
      throw forbidden(name, 'An inline actor cannot be started: add it to setup({ actors }).');
    }
    if (actorRef === undefined) {
      throw forbidden(name, `No actor is registered as "${src}": add it to setup({ actors }).`);
    }
    // The kernel's system gives no ids, so an actor without an id of its own has an empty one.
    if (actorRef.id === '') throw forbidden(name, `spawnChild("${src}") has no id: give it one.`);
    if (systemId !== undefined) {
      const mend = 'take it away and send to the child by its id';
      throw forbidden(name, `spawnChild("${src}") has a systemId: ${mend}.`);
    }
    this.#spawned.push(actorRef);
    this.start(actorRef.id, src, input);
  }

  #raise({ event, id, delay }: Sending): void {
    // Without a delay XState has already taken the event within this macrostep.
    if (isDelay(delay, event)) this.#timers.schedule({ id, delay, event, to: 'self' });
  }

  #send({ to: ref, event, id, delay }: Sending): void {
    const to = this.#target(ref);
    if (isDelay(delay, event)) return this.#timers.schedule({ id, delay, event, to });
    const sent = settleEvent(event, 'sent event');
    if (to === 'self') this.own.push(sent);
    else if (to === 'parent') this.effects.push({ kind: 'send', to, event: sent });
    else this.#children.send(to.child, sent);
  }

  #target(to: AnyActorRef | undefined): TimerTarget {
    if (to === this.scope.self) return 'self';
    if (to === parentRef) return 'parent';
    if (to instanceof ChildRef || (to !== undefined && this.#spawned.includes(to))) {
      // The child gets its number when it starts: see `TimerBook.address`.
      if (this.#children.isAnnounced(to.id)) return { child: to.id, incarnation: 0 };
      const child = this.#children.find(to.id);
      if (child !== undefined) return { child: child.id, incarnation: child.incarnation };
    }
    throw forbidden(
      this.#agent.name,
      'an event can be sent to a child by its id, to the parent or to self, and to nothing else.',
    );
  }

  /**
   * For a named or inline action, the effect performs the function that the chart has there now.
   */
  #act({ type, params, info, exec }: ChartAction): void {
    if (typeof exec !== 'function') {
      const mend = 'setup({ actions }) has none of that name: add it there';
      throw forbidden(this.#agent.name, `the action "${type}" was enqueued, but ${mend}.`);
    }
    this.effects.push({ kind: 'act', type, perform: () => exec(info, params) });
  }

  #log({ value, label }: { readonly value: unknown; readonly label: unknown }): void {
    const words = label === undefined ? [value] : [label, value];
    this.effects.push({ kind: 'act', type: 'log', perform: () => console.log(...words) });
  }
}

/**
 * True when the context has each part of what an assign gave, so that settling the context settles
 * these too.
 */
function isPartOf(context: object, given: object): boolean {
  return keysOf(given).every((key) => propertyOf(context, key) === propertyOf(given, key));
}

/**
 * XState takes an event at once when its computed delay is no number, which would hide the mistake.
 */
function isDelay(delay: unknown, event: unknown): delay is number {
  if (typeof delay === 'number') return true;
  if (delay === undefined || delay === null) return false;
  throw noDelay(event, `is no number of milliseconds but ${thrownText(delay)}`);
}
