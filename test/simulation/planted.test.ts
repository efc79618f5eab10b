/**
 * The simulation notices mistakes: each planted bug makes its scenario fail, and the schedule that
 * shows it passes where the bug is not.
 */
import { describe, expect, it } from 'vitest';
import { Exploration, type Failure } from './explore.ts';
import { plantedBugs, type PlantedBug } from './planted.ts';

/** Schedules that a bug may take to show itself; the suite plays more of each scenario. */
const schedulesMax = 1_500;

async function firstFailure({
  scenario,
  seam,
  plant,
  seed = 1,
}: PlantedBug): Promise<Failure | null> {
  const undo = plant?.();
  try {
    const exploration = new Exploration(scenario, seam);
    return (
      (await exploration.atRandom(schedulesMax, seed)) ?? (await exploration.crashEverywhere())
    );
  } finally {
    undo?.();
  }
}

describe('a planted bug is caught', () => {
  it.each(plantedBugs)('$name', { timeout: 240_000 }, async (bug) => {
    const failure = await firstFailure(bug);
    expect(failure?.findings[0]).toMatch(bug.finding);
    const clean = new Exploration(bug.scenario);
    expect(await clean.findings(failure?.schedule ?? [])).toEqual([]);
  });
});
