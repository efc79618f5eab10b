/** Every scenario of the simulation, and what each must reach now and then. */
import type { Mark } from '../history.ts';
import type { Scenario } from '../world.ts';
import { publishAgainstSubscribe, twoConsumersOfAGroup } from './channels.ts';
import { twoCircuits } from './circuits.ts';
import { cancelAgainstCompletion, grantAgainstCancel, timerAgainstEvent } from './endings.ts';
import { cancelledFamily, parentAndChildren, questionAndPause } from './families.ts';
import { compareAndSet } from './memory.ts';
import { allAndAtLeast, mixedGroup } from './shapes.ts';
import { delayedMessages, lateCalls, outsideConsumers, rateLimits } from './outside.ts';

type Entry = { readonly scenario: Scenario; readonly reaches: readonly Mark[] };

/** Two replicas and a store that fails now and then bring these about in every scenario. */
const common: readonly Mark[] = [
  'takeover',
  'fenced commit refused',
  'commit in doubt',
  'wake found by poll',
];

const on = (scenario: Scenario, ...more: readonly Mark[]): Entry => {
  const alone = common.filter((mark) => mark !== 'fenced commit refused');
  return { scenario, reaches: [...(scenario.replicas > 1 ? common : alone), ...more] };
};

export const allScenarios: readonly Entry[] = [
  on(publishAgainstSubscribe, 'hint lost'),
  on(twoConsumersOfAGroup, 'conflict retried'),
  on(cancelAgainstCompletion, 'call made again'),
  on(grantAgainstCancel, 'call made again'),
  on(timerAgainstEvent, 'stale timer ignored'),
  on(compareAndSet, 'conflict retried'),
  on(parentAndChildren, 'call made again'),
  on(cancelledFamily),
  on(questionAndPause),
  on(twoCircuits, 'call made again'),
  on(outsideConsumers),
  on(rateLimits),
  on(lateCalls),
  on(delayedMessages),
  { scenario: allAndAtLeast, reaches: ['takeover'] },
  { scenario: mixedGroup, reaches: ['takeover'] },
];
