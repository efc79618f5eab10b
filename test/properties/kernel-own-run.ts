/** A chart in heddle's kernel, with a clock and with what a runtime does with effects. */
import type { Effect } from '../../src/domain/effect.ts';
import type { RunEvent } from '../../src/domain/event.ts';
import type { Agent, ChartState, Kernel, Step } from '../../src/kernel/port.ts';
import { newWorld, stage, type World } from './kernel-chart-build.ts';
import { byKind, plain, type Seen } from './kernel-live-run.ts';

type Due = { readonly id: string; readonly generation: number; readonly due: number };

export class OwnRun {
  readonly world: World = newWorld();
  state: ChartState;
  readonly #kernel: Kernel;
  readonly #agent: Agent;
  /** Parks the run between any two moves: its state goes through text. */
  readonly #parks: boolean;
  #now = 0;
  #due: readonly Due[] = [];
  /** What a runtime would have running: by incarnation. */
  readonly #running = new Map<number, string>();
  readonly #did: string[] = [];

  constructor(kernel: Kernel, agent: Agent, parks: boolean) {
    this.#kernel = kernel;
    this.#agent = agent;
    this.#parks = parks;
    const first = kernel.start(agent, undefined, 'm');
    this.state = first.state;
    this.#perform(first);
  }

  take(event: RunEvent): Step {
    const step = this.#kernel.step(this.#agent, this.state, event, 'm');
    const completes = event.kind === 'done' || event.kind === 'failed';
    if (completes && !step.stale) this.#running.delete(event.incarnation);
    this.#perform(step);
    return step;
  }

  advance(ms: number): void {
    const until = this.#now + ms;
    while (this.state.status === 'active') {
      const next = this.#due
        .filter(({ due }) => due <= until)
        .sort((one, other) => one.due - other.due || one.generation - other.generation)[0];
      if (next === undefined) break;
      this.#due = this.#due.filter((one) => one !== next);
      this.#now = next.due;
      const step = this.take({ kind: 'timer', id: next.id, generation: next.generation });
      if (step.stale)
        throw new Error(`Timer ${next.id} is in the runtime's books and not in ours.`);
    }
    this.#now = until;
  }

  text(): string {
    return this.#kernel.persist(this.#agent, this.state);
  }

  #perform(step: Step): void {
    this.state = step.state;
    stage.world = this.world;
    for (const effect of step.effects) this.#performOne(effect);
    if (this.#parks) this.state = this.#kernel.restore(this.#agent, this.text(), 'm');
  }

  #performOne(effect: Effect): void {
    switch (effect.kind) {
      case 'schedule': {
        const { id, generation, delayMs } = effect;
        this.#due = [...this.#due, { id, generation, due: this.#now + delayMs }];
        return;
      }
      case 'unschedule':
        this.#due = this.#due.filter((one) => one.generation !== effect.generation);
        return;
      case 'act':
        return effect.perform();
      case 'emit':
        this.#did.push(`emit ${effect.event.type} ${Number(effect.event['n'])}`);
        return;
      case 'send':
        if (effect.to === 'parent') this.#did.push(`up ${effect.event.type}`);
        else this.world.heard.push(`${effect.to.child} ${effect.event.type}`);
        return;
      case 'invoke':
        this.#running.set(effect.incarnation, effect.id);
        return;
      case 'stop':
        if (!this.#running.delete(effect.incarnation)) {
          throw new Error(`${effect.id} is stopped without running.`);
        }
        return;
    }
  }

  see(): Seen {
    const { status, value, context, tags, output, invocations, timers } = this.state;
    const booked = this.#due.map(({ id }) => id).sort();
    const known = timers.map(({ id }) => id).sort();
    if (String(booked) !== String(known)) {
      throw new Error(`The runtime's timers are ${String(booked)}, the kernel's ${String(known)}.`);
    }
    const running = [...this.#running].map(([incarnation, id]) => `${id} ${incarnation}`).sort();
    const open = invocations.map(({ id, incarnation }) => `${id} ${incarnation}`).sort();
    if (String(running) !== String(open)) {
      throw new Error(`The runtime runs ${String(running)}, the kernel has ${String(open)} open.`);
    }
    const did = [
      ...this.#did.splice(0),
      ...this.world.acts.splice(0),
      ...this.world.heard.splice(0),
    ];
    return {
      status,
      value: JSON.stringify(value),
      context: plain(context),
      tags,
      output: plain(output),
      open: invocations.map(({ id, input }) => `${id} ${JSON.stringify(input)}`),
      timers: known.map((id) => (id.startsWith('auto:') ? 'auto' : id)).sort(),
      did: did.sort(byKind),
    };
  }
}
