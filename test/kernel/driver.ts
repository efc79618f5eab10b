/** Drives one run by hand: what a runtime would do, in words that a test reads well. */
import { expect } from 'vitest';
import type { Effect } from '../../src/domain/effect.ts';
import type { ErrorRecord } from '../../src/domain/errors.ts';
import type { RunEvent } from '../../src/domain/event.ts';
import type { Json, JsonObject } from '../../src/domain/json.ts';
import { createKernel } from '../../src/kernel/kernel.ts';
import type { Agent, ChartState, Step } from '../../src/kernel/port.ts';

export const kernel = createKernel();

export class Driver {
  readonly agent: Agent;
  state: ChartState;
  effects: readonly Effect[];
  stale = false;

  constructor(machine: unknown, input?: Json) {
    this.agent = kernel.register(machine, { version: '1' });
    const { state, effects } = kernel.start(this.agent, input, 'run-1');
    this.state = state;
    this.effects = effects;
  }

  /** Takes the event hot and restored, which must come to the same bytes (promise 10). */
  take(event: RunEvent): this {
    const restored = kernel.restore(this.agent, this.text, 'run-1');
    const cold: Step = kernel.step(this.agent, restored, event, 'run-1');
    const step = kernel.step(this.agent, this.state, event, 'run-1');
    expect(kernel.persist(this.agent, cold.state)).toBe(kernel.persist(this.agent, step.state));
    expect(cold.effects.map(shown)).toEqual(step.effects.map(shown));
    this.state = step.state;
    this.effects = step.effects;
    this.stale = step.stale;
    return this;
  }

  send(type: string, fields: JsonObject = {}): this {
    return this.take({ kind: 'event', event: { ...fields, type } });
  }

  finish(id: string, output?: Json): this {
    return this.take({ kind: 'done', id, incarnation: this.incarnation(id), output });
  }

  fail(id: string, error: ErrorRecord = { code: 'task-failed', message: 'It broke.' }): this {
    return this.take({ kind: 'failed', id, incarnation: this.incarnation(id), error });
  }

  fire(id: string): this {
    const timer = this.state.timers.find((other) => other.id === id);
    if (timer === undefined) throw new Error(`No timer ${id} is open.`);
    return this.take({ kind: 'timer', id, generation: timer.generation });
  }

  incarnation(id: string): number {
    const open = this.state.invocations.find((other) => other.id === id);
    if (open === undefined) throw new Error(`No invocation ${id} is open.`);
    return open.incarnation;
  }

  get text(): string {
    return kernel.persist(this.agent, this.state);
  }

  /** The effects without what is different at every look. */
  get shown(): readonly unknown[] {
    return this.effects.map(shown);
  }
}

function shown(effect: Effect): unknown {
  return effect.kind === 'act' ? { kind: 'act', type: effect.type } : effect;
}
