/** What `/metrics` tells of the work: turns, commits, calls, lines, statuses and connections, on a real Postgres. */
import { expect, it } from 'vitest';
import { testDatabase } from '../../support/postgres.ts';
import { scriptedProvider } from '../../support/scripted-provider.ts';
import { served, type Served } from '../served.ts';

const url = await testDatabase();
const provider = scriptedProvider({ name: 'paid', ceiling: 1 });
const at = await served(url, {}, { providers: [provider] });
const patience = { timeout: 40_000 };

/** The figures by name with labels, as they stand in the text. */
async function figures(of: Served = at): Promise<ReadonlyMap<string, number>> {
  const { body } = await of.ask('GET', '/metrics');
  const lines = (body as string).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(' ');
      return [line.slice(0, space), Number(line.slice(space + 1))];
    }),
  );
}
const figure = async (name: string) => (await figures()).get(name);

const generate = async (user: string): Promise<string> => {
  const steps = [{ do: 'generate', with: { prompt: 'why?' } }];
  const started = await at.ask('POST', '/v1/runs', { agent: 'script', input: { steps }, user });
  return started.body.id as string;
};

/** The call that came as the `count`th. */
async function call(count: number) {
  await expect.poll(() => provider.calls.length, patience).toBe(count);
  return provider.last();
}

it('turns, commits, ends of calls and lines are counted, and told without users and runs', async () => {
  const [first, second] = [await generate('weaver-ann'), await generate('weaver-bob')];
  const one = await call(1);
  await expect.poll(() => figure('heddle_calls_waiting{gate="paid"}'), patience).toBe(1);
  one.answer('because');
  (await call(2)).fail('rate-limited', 10);
  (await call(3)).answer('so');
  await expect.poll(() => figure('heddle_calls_waiting{gate="paid"}'), patience).toBe(0);
  const third = await generate('weaver-ann');
  (await call(4)).fail('caller');
  for (const runId of [first, second, third]) {
    const shown = async () => (await at.ask('GET', `/v1/runs/${runId}`)).body.status;
    await expect.poll(shown, patience).toBe('completed');
  }
  // Each run has a turn that asks, and one that takes the result. A commit is seen in the rows before it is counted.
  const turns = async () => (await figure('heddle_turns_total')) ?? 0;
  await expect.poll(turns, patience).toBeGreaterThanOrEqual(6);
  const told = await figures();
  const ends = ['answered', 'rate-limited', 'failed'].map((how) =>
    told.get(`heddle_calls_total{how="${how}",gate="paid"}`),
  );
  expect(ends).toEqual([2, 1, 1]);
  expect([...told.keys()].filter((name) => name.startsWith('heddle_calls_total'))).toHaveLength(3);
  expect(told.get('heddle_commits_total')).toBeGreaterThanOrEqual(3);
  expect(told.get('heddle_commit_turns_sum')).toBe(told.get('heddle_turns_total'));
  expect(told.get('heddle_commit_turns_count')).toBe(told.get('heddle_commits_total'));
  expect(told.get('heddle_commit_turns_bucket{le="+Inf"}')).toBe(told.get('heddle_commits_total'));
  const text = [...told.keys()].join('\n');
  for (const name of [first, second, third, 'weaver-ann', 'weaver-bob'])
    expect(text).not.toContain(name);
});

it('connections and the delay of the event loop are told', async () => {
  const told = await figures();
  const [total, idle, waiting] = ['total', 'idle', 'waiting'].map(
    (state) => told.get(`heddle_pool_connections{state="${state}"}`) ?? -1,
  );
  expect(total).toBeGreaterThanOrEqual(3);
  expect(idle).toBeGreaterThanOrEqual(0);
  expect(idle).toBeLessThanOrEqual(total ?? 0);
  expect(waiting).toBeGreaterThanOrEqual(0);
  expect(told.has('nodejs_eventloop_lag_p99_seconds')).toBe(true);
});

it('open runs are told by status, by the one replica that counts them', async () => {
  for (let n = 0; n < 2; n++) {
    await at.ask('POST', '/v1/runs', { agent: 'approval', input: { request: 'x' } });
  }
  const waiting = 'heddle_runs{status="waiting-on-person"}';
  await expect.poll(() => figure(waiting), patience).toBe(2);
  expect(await figure('heddle_runs{status="stalled"}')).toBe(0);
  expect(await figure('heddle_runs{status="completed"}')).toBeUndefined();
  const other = await served(url, {}, { providers: [scriptedProvider({ name: 'paid' })] });
  const both = async () =>
    (await Promise.all([figures(at), figures(other)])).flatMap((told) => told.get(waiting) ?? []);
  await expect.poll(both, patience).toEqual([2]);
  // Shard 0 goes to the one that stays, and with it the count.
  await at.close();
  await expect.poll(async () => (await figures(other)).get(waiting), patience).toBe(2);
});
