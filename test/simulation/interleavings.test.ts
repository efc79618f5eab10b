/**
 * Interleavings over the in-memory store (design §11): each scenario with a crash before and after
 * every item, and with random schedules of delays, crashes, failures, freezes and closings. All must
 * have the outcome of the run in which nothing goes wrong.
 *
 * The suite plays a short form: a crash at every thirtieth place, other places with another
 * `HEDDLE_SEED`. `.ci/run` plays all of them and random ones, 10,000 schedules together;
 * `npm run test:simulation` is the long form, and `HEDDLE_SCHEDULES=100000` plays at least so many.
 * A schedule that a failure prints is played again with
 * `HEDDLE_REPLAY='{"scenario":"…","schedule":[…]}' npx tsx --conditions=development test/simulation/replay.ts`,
 * which prints every item of it.
 */
import { describe, expect, it } from 'vitest';
import { Exploration, mustHold, play } from './explore.ts';
import type { Mark } from './history.ts';
import { plain, type Action } from './schedule.ts';
import type { World } from './world.ts';
import { twoConsumersOfAGroup } from './scenarios/channels.ts';
import { allScenarios } from './scenarios/all.ts';

const wanted = Number(process.env['HEDDLE_SCHEDULES'] ?? 500);
const seed = Number(process.env['HEDDLE_SEED'] ?? 1);
/** What a scenario may take: a tenth of a second a schedule is a hang. */
const timeoutMs = 60_000 + wanted * 10;

/** Crashes at every place come to so many at least. */
const everywhere = 9_000;
/** The short form crashes at every thirtieth place, before and after things by turns; the seed says at which. */
const every = wanted < everywhere ? 30 : 1;
/** What is left of the wanted number is random, in equal parts. */
const randomEach = Math.ceil(
  Math.max(wanted - everywhere / every, 1_000 / every) / allScenarios.length,
);
const pairsEvery = Math.max(1, Math.round(1_600_000 / wanted));
/** What is seldom is looked for among further schedules, up to so many of a scenario or one round. */
const randomMax = 3_000;
const roundsMax = Math.max(1, Math.ceil(randomMax / randomEach));

const told = { schedules: 0, crashes: 0, crashesInWork: 0, crashedAt: new Set<string>() };

/** What a replica asks of its store and its providers while it starts and works. */
const portCalls = [
  'listen',
  'renew',
  'slots',
  'open',
  'pending',
  'releaseDelayed',
  'timers',
  'load',
  'read',
  'commit',
  'notify',
  'asks',
];

describe('every schedule has the outcome of the plain run', () => {
  it.each(allScenarios.map((entry) => ({ name: entry.scenario.name, ...entry })))(
    '$name',
    async ({ scenario, reaches }) => {
      const exploration = new Exploration(scenario);
      mustHold(await exploration.crashEverywhere({ every, first: seed }));
      // The short form does not look for what is seldom.
      const sought = every === 1 ? reaches : [];
      const missing = (): Mark[] => sought.filter((mark) => !exploration.told.marks.has(mark));
      for (let round = 0; round === 0 || (round < roundsMax && missing().length > 0); round++) {
        mustHold(await exploration.atRandom(randomEach, seed + round));
      }
      const { schedules, crashes, crashesInWork, crashedAt } = exploration.told;
      told.schedules += schedules;
      told.crashes += crashes;
      told.crashesInWork += crashesInWork;
      for (const point of crashedAt) told.crashedAt.add(point);
      expect(missing()).toEqual([]);
    },
    timeoutMs,
  );

  it('also when a second crash meets what follows the first', { timeout: timeoutMs }, async () => {
    const exploration = new Exploration(twoConsumersOfAGroup);
    mustHold(await exploration.crashPairs(pairsEvery));
    told.schedules += exploration.told.schedules;
  });

  it('of which there were enough, with crashes that met work', () => {
    expect(told.schedules).toBeGreaterThanOrEqual(wanted);
    expect(told.crashesInWork / told.crashes).toBeGreaterThan(0.5);
  });

  it('with crashes before and after every kind of call that leaves a replica', async () => {
    // Those that the places of the short form have left out are gone to by name.
    const exploration = new Exploration(twoConsumersOfAGroup);
    const { trace } = await play(twoConsumersOfAGroup, plain);
    for (const call of portCalls) {
      const asks = new RegExp(`^\\d+ @\\d+ \\S+ ${call}( |$)`);
      const item = Number.parseInt(trace.find((line) => asks.test(line)) ?? '', 10);
      for (const when of ['before', 'after'] as const) {
        if (told.crashedAt.has(`${when} ${call}`)) continue;
        expect(await exploration.findings([{ do: 'crash', item, when }])).toEqual([]);
      }
    }
    for (const point of exploration.told.crashedAt) told.crashedAt.add(point);
    const points = portCalls.flatMap((call) => [`before ${call}`, `after ${call}`]);
    expect(points.filter((point) => !told.crashedAt.has(point))).toEqual([]);
  });
});

/** The numbers of the commits that were sent in a world, in order. */
function commitsOf({ trace }: World): number[] {
  return trace.filter((line) => line.endsWith(' commit')).map((line) => Number.parseInt(line, 10));
}

describe('a schedule', () => {
  it('replays: the same one gives the same run, item by item', async () => {
    // Each action is about an item that comes to be in the run with the actions before it.
    const schedule: Action[] = [];
    const begun = await play(twoConsumersOfAGroup, plain);
    schedule.push({ do: 'slow', item: commitsOf(begun)[1] ?? NaN, ms: 20 });
    const slowed = await play(twoConsumersOfAGroup, schedule);
    schedule.push({ do: 'crash', item: commitsOf(slowed)[2] ?? NaN, when: 'after' });
    const crashed = await play(twoConsumersOfAGroup, schedule);
    schedule.push({ do: 'fail', item: commitsOf(crashed).at(-1) ?? NaN, when: 'after' });
    const once = await play(twoConsumersOfAGroup, schedule);
    const again = await play(twoConsumersOfAGroup, schedule);
    expect(again.trace).toEqual(once.trace);
    // All of it has happened: else the same run would come of any schedule.
    expect(slowed.trace).not.toEqual(begun.trace);
    expect(once.history).toMatchObject({ crashes: 1, crashesInWork: 1, faults: 2 });
    expect(once.history.reached).toContain('commit in doubt');
  });
});
