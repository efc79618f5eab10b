/** The past of drawn runs over HTTP: what a page that watched has seen, as far as the journal knows. */
import { expect, it } from 'vitest';
import { createToken } from '../../../src/access/tokens.ts';
import { createClient } from '../../../src/client/index.ts';
import { codeOfRun, looks } from '../../../src/ui/look/states.ts';
import { Picture } from '../../../src/ui/activity/worker/picture.ts';
import type { Frame } from '../../../src/ui/activity/worker/frames.ts';
import { stepMs } from '../../../src/ui/activity/worker/history.ts';
import { testDatabase } from '../../support/postgres.ts';
import { scriptedProvider } from '../../support/scripted-provider.ts';
import { served } from '../served.ts';

const url = await testDatabase();

/** Follows the activity stream into a picture, as the page's worker does. */
async function watching(at: string): Promise<{ picture: Picture; end: () => Promise<void> }> {
  const picture = new Picture(Date.now());
  const abort = new AbortController();
  let isBegun = false;
  const follow = async (): Promise<void> => {
    const { signal } = abort;
    for await (const { event, data } of createClient({ url: at }).stream([{ kind: 'activity' }], {
      signal,
    })) {
      if (event === 'reset') picture.reset(data as unknown as Frame, Date.now());
      if (event === 'frame') picture.frame(data as unknown as Frame, Date.now());
      if (event === 'reset') isBegun = true;
    }
  };
  const followed = follow();
  const ticks = setInterval(() => picture.tick(Date.now()), 50);
  await expect.poll(() => isBegun, { timeout: 20_000 }).toBe(true);
  const end = async (): Promise<void> => {
    abort.abort();
    clearInterval(ticks);
    await followed;
    picture.tick(Date.now());
  };
  return { picture, end };
}

const lookAt = (picture: Picture, ms: number, row: number): string =>
  looks[picture.history.at(ms)?.[row] ?? 0] ?? 'none';

it('a page that is opened later has the columns that another has watched', async () => {
  const at = await served(url);
  const { picture: watched, end } = await watching(at.url);
  const sleep = (ms: number) => ({ do: 'sleep', ms });
  const start = (steps: readonly unknown[], user: string) =>
    at.ask('POST', '/v1/runs', { agent: 'script', input: { steps }, user });
  for (let n = 0; n < 12; n++) {
    const wait = n % 3 === 0 ? [{ do: 'wait' }] : [];
    await start([sleep(300 + 70 * n), sleep(500), ...wait], `u-${n % 2}`);
  }
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  const openedMs = Date.now();
  const late = await watching(at.url);
  const weave = await createClient({ url: at.url }).operator.weave();
  expect(late.picture.past({ weave, counts: null }, Date.now())).toBe(true);
  await late.end();
  await end();
  expect(late.picture.rows.size).toBe(12);
  const looksSeen = new Set<string>();
  for (const row of watched.rows.all()) {
    const run = watched.rows.runAt(row)!;
    const other = late.picture.rows.rowOf(run.runId)!;
    const seen = [...Array(40).keys()].map((n) => openedMs - (n + 1) * stepMs).toReversed();
    const of = (picture: Picture, at: number) => seen.map((ms) => lookAt(picture, ms, at));
    const lived = of(watched, row);
    const journal = of(late.picture, other);
    // Word of a commit takes a moment: what was watched may lie a few steps behind the journal, and in its order.
    for (const [n, look] of lived.entries()) {
      const near = journal.slice(Math.max(0, n - 8), n + 2);
      expect(near, `${run.runId} at ${n}: ${look}`).toContain(look);
      looksSeen.add(look);
    }
    expect(journal.at(-1)).toBe(lived.at(-1));
  }
  expect([...looksSeen].toSorted()).toEqual([
    'completed',
    'none',
    'waiting-on-person',
    'waiting-on-timer',
  ]);
  const done = codeOfRun('completed', null);
  expect(late.picture.counts[done]).toBe(watched.counts[done]);
  await at.close();
});

it('a page that is opened later has calls in their slots and lines, as another has watched', async () => {
  const paid = scriptedProvider({ name: 'paid', ceiling: 1 });
  const at = await served(url, {}, { providers: [paid] });
  const { picture: watched, end } = await watching(at.url);
  const steps = [{ do: 'generate', with: { prompt: 'why?' } }, { do: 'wait' }];
  const { body } = await at.ask('POST', '/v1/runs', { agent: 'script', input: { steps } });
  const came = (n: number) => expect.poll(() => paid.calls.length, { timeout: 20_000 }).toBe(n);
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  await came(1);
  await pause(1_500);
  paid.last().fail('rate-limited', 1_500);
  await came(2);
  await pause(1_500);
  paid.last().answer('so');
  await expect
    .poll(async () => (await at.ask('GET', `/v1/runs/${body.id}`)).body.status)
    .toBe('waiting-on-person');
  await pause(1_000);
  const openedMs = Date.now();
  const late = await watching(at.url);
  const weave = await createClient({ url: at.url }).operator.weave();
  late.picture.past({ weave, counts: null }, Date.now());
  await late.end();
  await end();
  const seen = [...Array(40).keys()].map((n) => openedMs - (n + 1) * stepMs).toReversed();
  const [lived, told] = [watched, late.picture].map((picture) => {
    const row = picture.rows.rowOf(body.id);
    return seen.map((ms) => lookAt(picture, ms, row ?? -1));
  });
  // What lasts: a moment may lie between two steps of the one, and on a step of the other.
  const lasting = (all: readonly string[] = []) =>
    all
      .filter((look, n) => [1, 2].every((by) => all[n - by] === look) && all[n - 3] !== look)
      .filter((look) => look !== 'none');
  expect(lasting(told)).toEqual(lasting(lived));
  expect(lasting(told)).toEqual(['slot', 'calling-provider', 'slot', 'waiting-on-person']);
  await at.close();
});

it('is of the tenant of its caller, for whoever may read', async () => {
  const at = await served(url, { tokensAlways: true, token: 'the-first-token-of-all' });
  const tokenOf = (tenant: string, scope: 'read' | 'run') =>
    createToken(at.heddle.runtime.store, { name: `${tenant}-${scope}`, scopes: [scope], tenant });
  const runs = await Promise.all(
    ['acme', 'acme', 'other'].map((tenant) =>
      at.heddle.start('script', { input: { steps: [{ do: 'wait' }] }, tenant }),
    ),
  );
  const weaveOf = async (tenant: string, token: string) =>
    (await createClient({ url: at.url, token, tenant }).operator.weave()).runs.map(
      ({ runId }) => runId,
    );
  const acme = await tokenOf('acme', 'read');
  expect((await weaveOf('acme', acme)).toSorted()).toEqual(
    runs
      .slice(0, 2)
      .map(({ id }) => id)
      .toSorted(),
  );
  expect(await weaveOf('other', await tokenOf('other', 'read'))).toEqual([runs[2]!.id]);
  await expect(weaveOf('other', acme)).rejects.toMatchObject({ status: 403 });
  await expect(weaveOf('acme', await tokenOf('acme', 'run'))).rejects.toMatchObject({
    status: 403,
  });
  await at.close();
});

it.each([
  ['every=3', 'query.every'],
  ['every=0', 'query.every'],
  ['every=2097152', 'query.every'],
  ['span=10', 'query.span'],
  ['span=9999999', 'query.span'],
])('activity/weave?%s is refused by its field', async (query, field) => {
  const at = await served(url);
  const { status, body } = await at.ask('GET', `/v1/activity/weave?${query}`);
  expect([status, JSON.stringify(body)]).toEqual([400, expect.stringContaining(field)]);
  await at.close();
});
