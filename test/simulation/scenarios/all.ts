/** Every scenario of the simulation, and what each must reach now and then. */
import type { Mark } from '../history.ts';
import { throwingPlaces } from '../throws.ts';
import type { Scenario } from '../world.ts';
import { answersBesideEvents, answersBesideTimeouts } from './answers.ts';
import { publishAgainstSubscribe, twoConsumersOfAGroup } from './channels.ts';
import { twoCircuits } from './circuits.ts';
import { changedCharts } from './deploys.ts';
import {
  cancelAgainstCompletion,
  grantAgainstCancel,
  shortBehindLong,
  timerAgainstEvent,
} from './endings.ts';
import {
  cancelledFamily,
  parentAndChildren,
  questionAndPause,
  tasksTriedAgain,
} from './families.ts';
import { keyedRequests } from './keyed.ts';
import { compareAndSet, mergesByMany } from './memory.ts';
import { allAndAtLeast, mixedGroup } from './shapes.ts';
import { throwsFromEverywhere } from './throws.ts';
import { delayedMessages, lateCalls, outsideConsumers, rateLimits } from './outside.ts';

type Entry = { readonly scenario: Scenario; readonly reaches: readonly Mark[] };

/** A store that fails now and then and replicas that die bring these about in every scenario. */
const common: readonly Mark[] = ['takeover', 'commit in doubt'];
/** These take a second replica that goes on. */
const ofTwo: readonly Mark[] = ['fenced commit refused', 'wake found by poll'];

const on = (scenario: Scenario, ...more: readonly Mark[]): Entry => ({
  scenario,
  reaches: [...common, ...(scenario.replicas > 1 ? ofTwo : []), ...more],
});

export const allScenarios: readonly Entry[] = [
  on(publishAgainstSubscribe, 'hint lost'),
  on(twoConsumersOfAGroup, 'conflict retried'),
  on(cancelAgainstCompletion, 'call made again', 'result kept'),
  on(grantAgainstCancel, 'call made again', 'result kept'),
  on(timerAgainstEvent, 'stale timer ignored'),
  on(shortBehindLong),
  on(compareAndSet, 'conflict retried'),
  on(mergesByMany, 'conflict retried'),
  on(parentAndChildren, 'call made again', 'result kept'),
  on(cancelledFamily),
  on(questionAndPause),
  on(answersBesideTimeouts, 'answered meanwhile'),
  on(answersBesideEvents, 'answered meanwhile'),
  on(tasksTriedAgain),
  on(twoCircuits, 'call made again', 'result kept'),
  on(outsideConsumers),
  on(keyedRequests),
  on(throwsFromEverywhere, ...throwingPlaces.map((place) => `threw: ${place}` as const)),
  on(rateLimits),
  on(lateCalls),
  on(delayedMessages),
  on(changedCharts),
  { scenario: allAndAtLeast, reaches: ['takeover'] },
  { scenario: mixedGroup, reaches: ['takeover'] },
];
