/**
 * Many schedules of one scenario: the plain one first, whose outcome all others must have, then a
 * crash before and after each item, then random ones.
 */
import fc from 'fast-check';
import { checkEnd } from './checks.ts';
import type { Mark } from './history.ts';
import { kernel } from './kernel.ts';
import { schedules, plain, type Schedule } from './schedule.ts';
import { World, type Scenario, type Seam } from './world.ts';

export type Told = {
  readonly schedules: number;
  readonly crashes: number;
  readonly crashesInWork: number;
  readonly faults: number;
  readonly marks: ReadonlySet<Mark>;
};

export async function play(scenario: Scenario, schedule: Schedule, seam: Seam = {}): Promise<World> {
  const world = new World(scenario, kernel, schedule, seam);
  await world.run();
  checkEnd(world);
  return world;
}

export class Exploration {
  readonly #scenario: Scenario;
  readonly #seam: Seam;
  #plain: { readonly outcome: string; readonly items: number } | null = null;
  readonly #marks = new Set<Mark>();
  #schedules = 0;
  #crashes = 0;
  #crashesInWork = 0;
  #faults = 0;

  constructor(scenario: Scenario, seam: Seam = {}) {
    this.#scenario = scenario;
    this.#seam = seam;
  }

  get told(): Told {
    return {
      schedules: this.#schedules,
      crashes: this.#crashes,
      crashesInWork: this.#crashesInWork,
      faults: this.#faults,
      marks: this.#marks,
    };
  }

  /** What the schedule breaks; empty when all is well. */
  async findings(schedule: Schedule): Promise<readonly string[]> {
    const { outcome } = await this.plain();
    const world = await play(this.#scenario, schedule, this.#seam);
    this.#count(world);
    const found = JSON.stringify(this.#scenario.outcome(world));
    const other = found === outcome ? [] : [`outcome: ${found}, in the plain run ${outcome}`];
    return world.troubles.length > 0 ? world.troubles : other;
  }

  async plain(): Promise<{ readonly outcome: string; readonly items: number }> {
    if (this.#plain !== null) return this.#plain;
    const world = await play(this.#scenario, plain, this.#seam);
    if (world.troubles.length > 0) throw failure(this.#scenario, plain, world.troubles);
    this.#count(world);
    const outcome = JSON.stringify(this.#scenario.outcome(world));
    this.#plain = { outcome, items: world.history.items };
    return this.#plain;
  }

  /** A crash before and after each item of the plain run. */
  async crashEverywhere(): Promise<void> {
    const { items } = await this.plain();
    for (let item = 0; item < items; item++) {
      for (const when of ['before', 'after'] as const) await this.#hold([{ do: 'crash', item, when }]);
    }
  }

  /** Random schedules. One that fails is made as short as it goes, and said with its seed. */
  async atRandom(count: number, seed: number): Promise<void> {
    const { items } = await this.plain();
    const property = fc.asyncProperty(schedules(Math.ceil(items * 1.5), 30), async (schedule) => {
      return (await this.findings(schedule)).length === 0;
    });
    const checked = await fc.check(property, { numRuns: count, seed, endOnFailure: true });
    if (checked.counterexample === null) return;
    const [schedule] = checked.counterexample;
    const shortest = await this.#shorten(schedule);
    const found = await this.findings(shortest);
    throw failure(this.#scenario, shortest, [...found, `seed ${seed}, path ${checked.counterexamplePath}`]);
  }

  async #hold(schedule: Schedule): Promise<void> {
    const found = await this.findings(schedule);
    if (found.length > 0) throw failure(this.#scenario, schedule, found);
  }

  /** Takes away what the failure does not need, one action after the other. */
  async #shorten(schedule: Schedule): Promise<Schedule> {
    for (const action of schedule) {
      const less = schedule.filter((other) => other !== action);
      if ((await this.findings(less)).length > 0) return this.#shorten(less);
    }
    return schedule;
  }

  #count({ history }: World): void {
    this.#schedules += 1;
    this.#crashes += history.crashes;
    this.#crashesInWork += history.crashesInWork;
    this.#faults += history.faults;
    for (const mark of history.reached) this.#marks.add(mark);
  }
}

/** What to read first when a schedule fails: what it broke, and how to see it again. */
function failure(scenario: Scenario, schedule: Schedule, found: readonly string[]): Error {
  const findings = found.map((line) => `\n  - ${line}`).join('');
  return new Error(`${scenario.name}, schedule ${JSON.stringify(schedule)}:${findings}`);
}
