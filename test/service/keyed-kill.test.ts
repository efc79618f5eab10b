/** Each route that takes a key, with a server that is killed between its effect and its reply. */
import { expect, it } from 'vitest';
import { claimed, inCommit, killing } from '../crash/keyed-killing.ts';

const kill = await killing();

it.each(inCommit)('promise 5: POST %s has one effect', (route) => kill.inCommit(route));

it.each(claimed)('promise 5: POST %s is carried out when its claim is over', (route) =>
  kill.claimed(route, 'last'),
);

it('there are such routes', () => {
  expect([inCommit.length, claimed.length].every((count) => count > 3)).toBe(true);
});
