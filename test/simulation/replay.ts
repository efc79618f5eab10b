/** Plays the schedule in HEDDLE_REPLAY, as a failure of the simulation prints it, and tells each item. */
import { Exploration, play } from './explore.ts';
import type { Schedule } from './schedule.ts';
import { allScenarios } from './scenarios/all.ts';

const { scenario: name, schedule } = JSON.parse(process.env['HEDDLE_REPLAY'] ?? '{}') as {
  readonly scenario?: string;
  readonly schedule?: Schedule;
};
const scenario = allScenarios.find((one) => one.scenario.name === name)?.scenario;
if (scenario === undefined || schedule === undefined) {
  const names = allScenarios.map((one) => one.scenario.name).join('; ');
  throw new Error(`HEDDLE_REPLAY must be {"scenario":…,"schedule":[…]}; scenarios are ${names}`);
}
console.log((await play(scenario, schedule)).trace.join('\n'));
const findings = await new Exploration(scenario).findings(schedule);
console.log(findings.length === 0 ? 'all is well' : findings.map((line) => `- ${line}`).join('\n'));
process.exitCode = findings.length === 0 ? 0 : 1;
