/**
 * Interleavings over the in-memory store (design §11): each scenario with a crash before and after
 * every item, and with random schedules of delays, crashes, failures, freezes and closings. All must
 * have the outcome of the run in which nothing goes wrong.
 *
 * `HEDDLE_SCHEDULES=100000` plays so many; `HEDDLE_SEED` changes the random ones. A schedule that a
 * failure prints is played again with
 * `HEDDLE_REPLAY='{"scenario":"…","schedule":[…]}' npx tsx --conditions=development test/simulation/replay.ts`,
 * which prints every item of it.
 */
import { describe, expect, it } from 'vitest';
import { Exploration, mustHold, play } from './explore.ts';
import { plain, type Schedule } from './schedule.ts';
import { twoConsumersOfAGroup } from './scenarios/channels.ts';
import { allScenarios } from './scenarios/all.ts';

const wanted = Number(process.env['HEDDLE_SCHEDULES'] ?? 10_000);
const seed = Number(process.env['HEDDLE_SEED'] ?? 1);
/** What a scenario may take: a tenth of a second a schedule is a hang. */
const timeoutMs = 60_000 + wanted * 10;

/** Deterministic ones first; what is left of the wanted number is random, in equal parts. */
const pairsEvery = Math.max(1, Math.round(400_000 / wanted));
const randomEach = Math.ceil(wanted / allScenarios.length / 2);

const told = { schedules: 0, crashes: 0, crashesInWork: 0 };

describe('every schedule has the outcome of the plain run', () => {
  it.each(allScenarios.map((entry) => ({ name: entry.scenario.name, ...entry })))(
    '$name',
    async ({ scenario, reaches }) => {
      const exploration = new Exploration(scenario);
      mustHold(await exploration.crashEverywhere());
      mustHold(await exploration.atRandom(randomEach, seed));
      const { schedules, crashes, crashesInWork, marks } = exploration.told;
      told.schedules += schedules;
      told.crashes += crashes;
      told.crashesInWork += crashesInWork;
      expect(reaches.filter((mark) => !marks.has(mark))).toEqual([]);
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
});

describe('a schedule', () => {
  it('replays: the same one gives the same run, item by item', async () => {
    const schedule: Schedule = [
      { do: 'slow', item: 60, ms: 20 },
      { do: 'crash', item: 80, when: 'after' },
      { do: 'fail', item: 120, when: 'after' },
    ];
    const once = await play(twoConsumersOfAGroup, schedule);
    const again = await play(twoConsumersOfAGroup, schedule);
    expect(once.trace.length).toBeGreaterThan(80);
    expect(again.trace).toEqual(once.trace);
    expect((await play(twoConsumersOfAGroup, plain)).trace).not.toEqual(once.trace);
  });
});
