/**
 * The children of one macrostep: those that the chart invokes, spawns, stops and sends to.
 *
 * 1. An id has one open incarnation: starting it again stops the one before.
 * 2. A child that starts and ends within one macrostep leaves no effect, because a live actor would
 *    never start it.
 */
import type { Effect, InvocationSource } from '../domain/effect.ts';
import { heddleError } from '../domain/errors.ts';
import type { ChartEvent } from '../domain/event.ts';
import { checkName } from '../domain/ids.ts';
import { limits } from '../domain/limits.ts';
import { drop, put, type Child, type Numbers } from './frame.ts';
import { withSchemaJson } from '../schema/given-schemas.ts';
import { forbidden } from './scope.ts';
import { settle } from './settle.ts';

type Send = Effect & { readonly kind: 'send' };

/** Checks the id of a child. It is also a key of XState's `children`, which is a plain object. */
export function checkChildId(id: string, field: string): void {
  checkName(id, field);
  if (id === '__proto__') throw heddleError('invalid-field', { field, reason: 'is not allowed' });
}

export class ChildBook {
  children: readonly Child[];
  readonly #agent: string;
  readonly #sources: ReadonlyMap<string, InvocationSource>;
  readonly #effects: Effect[];
  readonly #numbers: Numbers;
  /**
   * The children that start later in this macrostep, with the events that were sent to them before.
   */
  readonly #announced = new Map<string, Send[]>();

  constructor(parts: {
    readonly agent: string;
    readonly sources: ReadonlyMap<string, InvocationSource>;
    readonly children: readonly Child[];
    readonly effects: Effect[];
    readonly numbers: Numbers;
  }) {
    this.#agent = parts.agent;
    this.#sources = parts.sources;
    this.children = parts.children;
    this.#effects = parts.effects;
    this.#numbers = parts.numbers;
  }

  /** Opens a new incarnation and returns its number. */
  start(id: string, src: string, input: unknown): number {
    const source = this.#sources.get(src);
    if (source === undefined) {
      const mend = 'add it to setup({ actors })';
      throw forbidden(this.#agent, `No actor is registered as "${src}": ${mend}.`);
    }
    checkChildId(id, `the id of a child of ${this.#agent}`);
    this.#end(id);
    if (this.#open() >= limits.invocationsMax) {
      throw heddleError('invocation-limit', { max: limits.invocationsMax });
    }
    const incarnation = ++this.#numbers.last;
    const settled = settle(withSchemaJson(source.kind, input), `the input of "${id}"`);
    const child: Child = { id, incarnation, src, source, input: settled, ended: false };
    this.children = put(this.children, child);
    this.#effects.push({ kind: 'invoke', id, incarnation, source, input: settled });
    const early = this.#announced.get(id);
    if (early !== undefined && source.kind === 'child') this.#effects.push(...early);
    this.#announced.delete(id);
    return incarnation;
  }

  announce(id: string): void {
    this.#announced.set(id, []);
  }

  /** True between the announcement of a child and its start. */
  isAnnounced(id: string): boolean {
    return this.#announced.has(id);
  }

  stop(id: string): void {
    this.#end(id);
    this.children = drop(this.children, id);
  }

  /** Stops every child, because a run that has ended waits for none. */
  close(): void {
    for (const child of this.children) this.stop(child.id);
  }

  find(id: string): Child | undefined {
    return this.children.find((child) => child.id === id);
  }

  /**
   * Events reach only agents that still run. A task or an actor of the catalogue ignores them, and
   * so does a child that has ended, as with live actors.
   */
  send(id: string, event: ChartEvent): void {
    const sending: Send = { kind: 'send', to: { child: id }, event };
    const early = this.#announced.get(id);
    if (early !== undefined) return void early.push(sending);
    const child = this.find(id);
    if (child?.source.kind === 'child' && !child.ended) this.#effects.push(sending);
  }

  #open(): number {
    let open = 0;
    for (const child of this.children) if (!child.ended) open++;
    return open;
  }

  /** Stops the open child of this id; the id keeps its place among the children. */
  #end(id: string): void {
    const child = this.find(id);
    if (child === undefined || child.ended) return;
    const { incarnation } = child;
    const started = this.#effects.findIndex(
      (effect) => effect.kind === 'invoke' && effect.incarnation === incarnation,
    );
    if (started < 0) this.#effects.push({ kind: 'stop', id, incarnation });
    else this.#takeBack(started, id);
  }

  /**
   * Removes the effects of a child that was started within this macrostep: its start, and the
   * events sent to it.
   */
  #takeBack(started: number, id: string): void {
    const later = this.#effects.splice(started).slice(1);
    for (const effect of later) {
      const sent = effect.kind === 'send' && effect.to !== 'parent' && effect.to.child === id;
      if (!sent) this.#effects.push(effect);
    }
  }
}
