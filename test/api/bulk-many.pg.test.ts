/** Commands to more runs than one request reaches: each goes on where the one before has ended, and none is hit twice. */
import { expect, it, vi } from 'vitest';
import { testDatabase } from '../support/postgres.ts';
import { served } from './served.ts';

const most = 1_000;
const many = most + 60;
const { ask, heddle } = await served(await testDatabase());
const starts = (count: number) =>
  Array.from({ length: count }, () => ({
    agent: 'script',
    input: { steps: [{ do: 'wait' }] },
    user: 'bulk',
  }));
for (let begun = 0; begun < many; begun += 265) await heddle.startAll(starts(265));

const filter = { user: 'bulk' };
const count = async (command: string): Promise<number> =>
  (await ask('POST', '/v1/runs/commands/count', { command, filter })).body.matches;
const tell = (command: string, more: object) =>
  ask('POST', '/v1/runs/commands', { command, filter, ...more });
const statuses = async () => (await ask('GET', '/v1/runs/facets?user=bulk')).body.by.status;
const settled = (status: string, runs: number) =>
  vi.waitFor(async () => expect(await statuses()).toEqual({ [status]: runs }), {
    timeout: 60_000,
    interval: 250,
  });

it.each([
  ['pause', 'waiting-on-person', 'paused'],
  ['resume', 'paused', 'waiting-on-person'],
])(
  '%s reaches the oldest 1,000, then the others, each once',
  { timeout: 300_000 },
  async (command, from, to) => {
    await settled(from, many);
    const before = await statuses();
    expect(await count(command)).toBe(many);
    const refused = await tell(command, { matches: many - 1 });
    expect(refused).toMatchObject({ status: 409, body: { code: 'more-match' } });
    const first = await tell(command, { matches: many, reason: 'night' });
    expect(first).toMatchObject({ status: 202, body: { done: most, left: many - most } });
    const { left: matches, cursor } = first.body;
    expect((await tell(command, { matches: matches - 1, cursor })).body.code).toBe('more-match');
    const second = await tell(command, { matches, cursor });
    expect(second.body).toMatchObject({ done: many - most, left: 0, cursor: '' });
    const [old, young] = [first.body.runIds.toSorted(), second.body.runIds.toSorted()];
    expect(new Set([...old, ...young]).size).toBe(many);
    expect(old.at(-1) < young[0]).toBe(true);
    await settled(to, many);
    expect(before).toEqual({ [from]: many });
  },
);

it('cancel goes on only while no other run has come to match', { timeout: 300_000 }, async () => {
  await settled('waiting-on-person', many);
  const first = await tell('cancel', { matches: many });
  expect(first.body).toMatchObject({ done: most, left: many - most });
  const { left: matches, cursor } = first.body;
  const [late] = await heddle.startAll(starts(1));
  const refused = await tell('cancel', { matches, cursor });
  expect(refused).toMatchObject({ status: 409, body: { code: 'more-match' } });
  expect(refused.body.detail).toContain(`${matches + 1} open runs match now`);
  const second = await tell('cancel', { matches: matches + 1, cursor });
  expect(second.body).toMatchObject({ done: matches + 1, left: 0, cursor: '' });
  expect(second.body.runIds).toContain(late?.id);
  await settled('cancelled', many + 1);
  expect(await count('cancel')).toBe(0);
});
