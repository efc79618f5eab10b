/**
 * A server is killed between the commit of a keyed request and its reply. The request is sent again to another replica:
 * it has had its effect once, and is answered. test/service/keyed-kill.test.ts does so with every route.
 */
import { it } from 'vitest';
import { killing } from './keyed-killing.ts';

const kill = await killing();
const patience = { timeout: 120_000 };

it.each(['/v1/runs/batch', '/v1/runs/:runId/answers', '/v1/runs/:runId/evaluations'])(
  'promise 5: POST %s, whose reply a kill has taken, has one effect',
  patience,
  (route) => kill.inCommit(route),
);

it.each([
  ['/v1/runs/commands', 'first'],
  ['/v1/channels/:channel/groups/:group/renewals', 'last'],
] as const)(
  'promise 5: POST %s, killed at its %s effect, is known to run for a while, and then carried out',
  patience,
  (route, when) => kill.claimed(route, when),
);

it.each(['stop-before', 'stop-after'] as const)(
  'promise 5: commands by a server that was stopped (%s its effect), and goes on when another has carried them out, count once',
  patience,
  (when) => kill.takenOver('/v1/runs/commands', when),
);
