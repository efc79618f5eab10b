/**
 * Authors whose code throws, or rejects, from every place that heddle calls, and providers that do, or
 * that give what is no answer: each run has the end that its chart gives it, its neighbours too.
 */
import { stubAnswer } from '../../../src/providers/stub/stub-output.ts';
import { thrower } from '../agents.ts';
import { outputsOf } from '../checks.ts';
import { kernel } from '../kernel.ts';
import { oddAnswer, throwingPlaces, throwOddly } from '../throws.ts';
import type { Scenario } from '../world.ts';
import { onFirst, onSecond } from './channels.ts';

const throwers = kernel.register(thrower);

export const throwsFromEverywhere: Scenario = {
  name: 'throws from every place of authors, and odd answers',
  agents: [throwers],
  replicas: 2,
  clients: [onFirst, onSecond].map((pipeline, half) => async (client) => {
    const places = throwingPlaces.filter((_, i) => i % 2 === half);
    await client.startAll(
      ['nowhere', ...places].map((place) => ({
        agent: throwers,
        input: { place },
        options: { pipeline },
      })),
    );
  }),
  answers: (input) => {
    if (input.prompt === 'provider') throwOddly('provider');
    return input.prompt === 'odd answer' ? oddAnswer() : stubAnswer(1, 'model', input);
  },
  outcome: (world) =>
    outputsOf(world)
      .map(({ status, output }) => `${status} ${JSON.stringify(output)}`)
      .sort(),
};
