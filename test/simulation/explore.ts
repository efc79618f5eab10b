/**
 * Many schedules of one scenario: the plain one first, whose outcome all others must have, then a
 * crash before and after each item, pairs of crashes, and random schedules. The first that fails is
 * given back, made as short as it goes.
 */
import fc from 'fast-check';
import { checkEnd } from './checks.ts';
import type { Mark } from './history.ts';
import { kernel } from './kernel.ts';
import { schedules, plain, type Action, type Schedule, type When } from './schedule.ts';
import { World, type Scenario, type Seam } from './world.ts';

export type Told = {
  readonly schedules: number;
  readonly crashes: number;
  readonly crashesInWork: number;
  readonly marks: ReadonlySet<Mark>;
  /** As in `History`. */
  readonly crashedAt: ReadonlySet<string>;
};

export type Failure = {
  readonly scenario: string;
  readonly schedule: Schedule;
  /** Each begins with the name of the check that noticed. */
  readonly findings: readonly string[];
  /** Of the random schedules that it was found among. */
  readonly seed?: number;
};

/** Plays one schedule to its end, and checks what must be true whatever the schedule is. */
export async function play(
  scenario: Scenario,
  schedule: Schedule,
  seam: Seam = {},
): Promise<World> {
  const world = new World(scenario, kernel, schedule, seam);
  await world.run();
  checkEnd(world);
  return world;
}

type Plain = {
  readonly outcome: string;
  readonly items: number;
  readonly findings: readonly string[];
};

/** Actions of a random schedule at most, and items beyond the plain run's that they may be about. */
const actionsMax = 30;
const itemsBeyond = 1.5;

export class Exploration {
  readonly #scenario: Scenario;
  readonly #seam: Seam;
  readonly #marks = new Set<Mark>();
  readonly #crashedAt = new Set<string>();
  #plain: Plain | null = null;
  #schedules = 0;
  #crashes = 0;
  #crashesInWork = 0;

  constructor(scenario: Scenario, seam: Seam = {}) {
    this.#scenario = scenario;
    this.#seam = seam;
  }

  get told(): Told {
    return {
      schedules: this.#schedules,
      crashes: this.#crashes,
      crashesInWork: this.#crashesInWork,
      marks: this.#marks,
      crashedAt: this.#crashedAt,
    };
  }

  /** What the schedule breaks; empty when all is well. */
  async findings(schedule: Schedule): Promise<readonly string[]> {
    const { outcome, findings } = await this.plain();
    if (schedule.length === 0) return findings;
    const world = await this.#play(schedule);
    if (world.troubles.length > 0) return world.troubles;
    const found = JSON.stringify(this.#scenario.outcome(world));
    return found === outcome ? [] : [`outcome: ${found}, in the plain run ${outcome}`];
  }

  /** The run in which nothing goes wrong. */
  async plain(): Promise<Plain> {
    if (this.#plain !== null) return this.#plain;
    const world = await this.#play(plain);
    const outcome = JSON.stringify(this.#scenario.outcome(world));
    this.#plain = { outcome, items: world.history.items, findings: world.troubles };
    return this.#plain;
  }

  /** A crash before and after each item of the plain run, or at every `every`th of these places. */
  async crashEverywhere({ every = 1, first = 0 } = {}): Promise<Failure | null> {
    const { items } = await this.plain();
    const places = crashes(0, items).filter((_, i) => (i + first) % every === 0);
    return this.#first(places.map((crash) => [crash]));
  }

  /** Two crashes, the second also in what follows the first; every `every`th pair. */
  async crashPairs(every: number): Promise<Failure | null> {
    const { items } = await this.plain();
    const pairs = crashes(0, items).flatMap((first) =>
      crashes(first.item + 1, items * 2).map((second) => [first, second]),
    );
    return this.#first(pairs.filter((_, i) => i % every === 0));
  }

  async atRandom(count: number, seed: number): Promise<Failure | null> {
    const { items, findings } = await this.plain();
    if (findings.length > 0) return this.#failure(plain, findings);
    const one = schedules(Math.ceil(items * itemsBeyond), actionsMax);
    const property = fc.asyncProperty(one, async (schedule) => {
      return (await this.findings(schedule)).length === 0;
    });
    const checked = await fc.check(property, { numRuns: count, seed, endOnFailure: true });
    if (checked.counterexample === null) return null;
    const shortest = await this.#shorten(checked.counterexample[0]);
    return { ...this.#failure(shortest, await this.findings(shortest)), seed };
  }

  async #first(among: readonly Schedule[]): Promise<Failure | null> {
    for (const schedule of [plain, ...among]) {
      const found = await this.findings(schedule);
      if (found.length > 0) return this.#failure(schedule, found);
    }
    return null;
  }

  /** Takes away what the failure does not need, one action after the other. */
  async #shorten(schedule: Schedule): Promise<Schedule> {
    for (const action of schedule) {
      const less = schedule.filter((other) => other !== action);
      if ((await this.findings(less)).length > 0) return this.#shorten(less);
    }
    return schedule;
  }

  async #play(schedule: Schedule): Promise<World> {
    const world = await play(this.#scenario, schedule, this.#seam);
    const { crashes: died, crashesInWork, reached } = world.history;
    this.#schedules += 1;
    this.#crashes += died;
    this.#crashesInWork += crashesInWork;
    for (const mark of reached) this.#marks.add(mark);
    for (const point of world.history.crashedAt) this.#crashedAt.add(point);
    return world;
  }

  #failure(schedule: Schedule, findings: readonly string[]): Failure {
    return { scenario: this.#scenario.name, schedule, findings };
  }
}

function crashes(from: number, to: number): Action[] {
  const whens: readonly When[] = ['before', 'after'];
  return Array.from({ length: Math.max(to - from, 0) }, (_, i) => from + i).flatMap((item) =>
    whens.map((when): Action => ({ do: 'crash', item, when })),
  );
}

/** Throws what to read first: what broke, and how to see it again. */
export function mustHold(failure: Failure | null): void {
  if (failure === null) return;
  const { scenario, schedule, findings, seed } = failure;
  const found = findings.map((line) => `\n  - ${line}`).join('');
  const from = seed === undefined ? '' : `\nfound among the random schedules of seed ${seed}`;
  const replay = JSON.stringify({ scenario, schedule });
  throw new Error(`${scenario}:${found}${from}\nHEDDLE_REPLAY='${replay}'`);
}
