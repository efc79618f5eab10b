/** Budgets of users as a list: what each has used, and what is left. */
import { expect, it } from 'vitest';
import { stubProvider } from '../../../src/index.ts';
import { called } from '../../cli/called.ts';
import { testDatabase } from '../../support/postgres.ts';
import { served } from '../served.ts';

const url = await testDatabase();
const providers = [stubProvider()];
const [a, b] = [await served(url, {}, { providers }), await served(url, {}, { providers })];

it('budgets of users are listed with what is left, page by page', async () => {
  const of = '?tenant=listed';
  const set = (user: string, budget: object) =>
    a.ask('PUT', `/v1/budgets/users/${user}${of}`, budget);
  await set('bob', { tokens: 5 });
  await set('ann', { cost: 1.5, per: 'day' });
  await set('carol', {});
  await a.ask('PUT', `/v1/budgets/tenant${of}`, { tokens: 9 });
  const nothing = { tokens: 0, cost: 0 };
  const row = (user: string, budget: object, left: object) => {
    return { user, budget, left, spent: nothing, reserved: nothing };
  };
  const rows = [
    row('ann', { cost: 1.5, per: 'day' }, { tokens: null, cost: 1.5 }),
    row('bob', { tokens: 5 }, { tokens: 5, cost: null }),
    row('carol', {}, { tokens: null, cost: null }),
  ];
  const list = async (query: string) => (await b.ask('GET', `/v1/budgets${of}${query}`)).body;
  expect(await list('')).toEqual({ budgets: rows, cursor: '' });
  const first = await list('&limit=2');
  expect(first.budgets).toEqual(rows.slice(0, 2));
  expect((await list(`&limit=2&cursor=${first.cursor}`)).budgets).toEqual(rows.slice(2));
  expect((await list('&prefix=b')).budgets).toEqual([rows[1]]);
  expect((await b.ask('GET', '/v1/budgets?tenant=none')).body).toEqual({ budgets: [], cursor: '' });
  for (const [query, field] of [
    ['&cursor=x', 'query.cursor'],
    ['&limit=0', 'query.limit'],
    ['&prefix=a%00', 'query.prefix'],
    ['&user=ann', 'query'],
  ]) {
    const refused = await b.ask('GET', `/v1/budgets${of}${query}`);
    expect([refused.status, refused.body.errors[0].field], query).toEqual([400, field]);
  }
  const printed = await called('budget', 'list', '--tenant', 'listed', '--jsonl', '--url', b.url);
  expect(
    printed.stdout
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line)),
  ).toEqual(rows);
  const table = await called(
    'budget',
    'list',
    '--tenant',
    'listed',
    '--prefix',
    'a',
    '--url',
    b.url,
  );
  expect(table.stdout).toMatch(/ann .*no bound.* 1.5 .* day /);
});

it('what calls have used is taken from what is left', async () => {
  await a.ask('PUT', '/v1/budgets/users/weaver', { tokens: 100_000 });
  const input = { steps: [{ do: 'generate', with: { prompt: 'why?', maxTokens: 10 } }] };
  const run = await a.heddle.start('script', { input, user: 'weaver' });
  await run.output();
  const { budgets } = (await b.ask('GET', '/v1/budgets?prefix=weaver')).body;
  const [{ spent, left, reserved }] = budgets;
  expect(spent.tokens).toBeGreaterThan(0);
  expect([reserved.tokens, left.tokens]).toEqual([0, 100_000 - spent.tokens]);
});
